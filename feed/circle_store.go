package feed

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed/policy"
	"lifecircle/internal/circlelog"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

// requireAccount refuses an actor whose account is gone or suspended.
func requireAccount(ctx context.Context, tx pgx.Tx, a Actor) error {
	var banned bool
	switch err := tx.QueryRow(ctx, `SELECT banned_at IS NOT NULL FROM users WHERE id = $1`, a.User).Scan(&banned); {
	case errors.Is(err, pgx.ErrNoRows):
		return errSignIn
	case err != nil:
		return fmt.Errorf("read account %s: %w", a.User, err)
	case banned:
		return errSuspended
	}
	return nil
}

// lockCircle locks a circle's row and returns the actor's role in it.
func lockCircle(ctx context.Context, tx pgx.Tx, circle id.ID, a Actor) (role string, err error) {
	err = tx.QueryRow(ctx, `SELECT id FROM circles WHERE id = $1 FOR UPDATE`, circle).Scan(&circle)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", errCircleNotFound
	}
	if err != nil {
		return "", fmt.Errorf("lock circle %s: %w", circle, err)
	}
	err = tx.QueryRow(ctx, `SELECT role FROM circle_members WHERE circle_id = $1 AND user_id = $2`, circle, a.User).Scan(&role)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("read a role in circle %s: %w", circle, err)
	}
	return role, nil
}

func checkParent(ctx context.Context, tx pgx.Tx, a Actor, parent id.ID) error {
	role, err := lockCircle(ctx, tx, parent, a)
	if problem.Has(err, problem.CircleNotFound) {
		return problem.Invalid(problem.ParentUnsuitable, "body.parent", "There is no such circle to belong to.")
	}
	if err != nil {
		return err
	}
	if !policy.Moderates(role) {
		return &problem.Problem{
			Code: problem.RoleRequired, Detail: "Only owners and moderators of a circle make sub-circles of it.",
			Rule: []problem.Clause{{Clause: "role in the parent", Have: orNone(role), Need: "owner or moderator", How: "ask an owner of the parent circle"}},
		}
	}
	var nested bool
	if err := tx.QueryRow(ctx, `SELECT parent_id IS NOT NULL FROM circles WHERE id = $1`, parent).Scan(&nested); err != nil {
		return fmt.Errorf("read circle %s: %w", parent, err)
	}
	if nested {
		return problem.Invalid(problem.ParentUnsuitable, "body.parent", "A sub-circle has no sub-circles of its own.")
	}
	return nil
}

func insertCircle(ctx context.Context, tx pgx.Tx, a Actor, in NewCircle) (Circle, error) {
	c := Circle{ID: id.New(), Name: in.Name, Description: in.Description, Category: in.Category, Tags: in.Tags, Place: in.Place, Parent: in.Parent}
	if err := tx.QueryRow(ctx, `INSERT INTO circles (id, name, description, category, tags, place, parent_id, created_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING created_at, updated_at`,
		c.ID, c.Name, c.Description, c.Category, c.Tags, c.Place, c.Parent, a.User).Scan(&c.CreatedAt, &c.UpdatedAt); err != nil {
		return c, fmt.Errorf("insert a circle: %w", err)
	}
	c.CreatedAt, c.UpdatedAt = c.CreatedAt.UTC(), c.UpdatedAt.UTC()
	if _, err := tx.Exec(ctx, `INSERT INTO circle_members (circle_id, user_id, role) VALUES ($1, $2, $3)`, c.ID, a.User, policy.Owner); err != nil {
		return c, fmt.Errorf("insert the owner of a circle: %w", err)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO circle_counts (circle_id) VALUES ($1)`, c.ID); err != nil {
		return c, fmt.Errorf("insert the counts of a circle: %w", err)
	}
	return c, circlelog.Create(ctx, tx, c.ID)
}

func updateCircle(ctx context.Context, tx pgx.Tx, circle id.ID, in CircleChange) (c Circle, err error) {
	var tags []string
	if in.Tags != nil {
		tags = *in.Tags
	}
	rows, err := tx.Query(ctx, `UPDATE circles c SET name = coalesce($2, name), description = coalesce($3, description),
			category = coalesce($4, category), tags = coalesce($5, tags), place = coalesce($6, place), updated_at = now()
		FROM circle_counts n WHERE c.id = $1 AND n.circle_id = c.id RETURNING `+circleColumns,
		circle, in.Name, in.Description, in.Category, tags, in.Place)
	if err != nil {
		return c, fmt.Errorf("update circle %s: %w", circle, err)
	}
	c, err = pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (Circle, error) {
		var c Circle
		err := row.Scan(c.targets()...)
		c.inUTC()
		return c, err
	})
	if err != nil {
		return c, fmt.Errorf("update circle %s: %w", circle, err)
	}
	return c, nil
}

const circleColumns = `c.id, c.name, c.description, c.category, c.tags, c.place, c.parent_id, n.followers, c.created_at, c.updated_at`

func (c *Circle) targets() []any {
	return []any{&c.ID, &c.Name, &c.Description, &c.Category, &c.Tags, &c.Place, &c.Parent, &c.Followers, &c.CreatedAt, &c.UpdatedAt}
}

func (c *Circle) inUTC() { c.CreatedAt, c.UpdatedAt = c.CreatedAt.UTC(), c.UpdatedAt.UTC() }

func (s *Service) readTopCircles(ctx context.Context, a Actor, tag string, place []int64, limit int) ([]CircleView, error) {
	followers, last := int64(math.MaxInt64), int64(math.MaxInt64)
	if place != nil {
		followers, last = place[0], place[1]
	}
	return s.readCircles(ctx, a, `WHERE (n.followers, n.circle_id) < ($2, $3) AND ($4 = '' OR c.tags @> ARRAY[$4])
		ORDER BY n.followers DESC, n.circle_id DESC LIMIT $5`, followers, last, tag, limit)
}

func (s *Service) readNewCircles(ctx context.Context, a Actor, tag string, place []int64, limit int) ([]CircleView, error) {
	last := int64(math.MaxInt64)
	if place != nil {
		last = place[0]
	}
	return s.readCircles(ctx, a, `WHERE c.id < $2 AND ($3 = '' OR c.tags @> ARRAY[$3])
		ORDER BY c.id DESC LIMIT $4`, last, tag, limit)
}

// readCircles reads the circles that the condition picks ($1 is the viewer),
// and the sub-circles of each.
func (s *Service) readCircles(ctx context.Context, a Actor, condition string, args ...any) ([]CircleView, error) {
	var (
		q      pgx.Batch
		viewer policy.Subject
		views  = []CircleView{}
	)
	queueViewer(&q, a, &viewer)
	q.Queue(`SELECT `+circleColumns+`, coalesce(m.role, ''), f.user_id IS NOT NULL,
			ARRAY(SELECT row(k.id, k.name, kn.followers) FROM circles k JOIN circle_counts kn ON kn.circle_id = k.id
				WHERE k.parent_id = c.id ORDER BY kn.followers DESC, k.id LIMIT 50)
		FROM circles c JOIN circle_counts n ON n.circle_id = c.id
		LEFT JOIN circle_members m ON m.circle_id = c.id AND m.user_id = $1
		LEFT JOIN follows f ON f.circle_id = c.id AND f.user_id = $1 `+condition, append([]any{a.User}, args...)...).
		Query(func(rows pgx.Rows) error {
			for rows.Next() {
				v := CircleView{SubCircles: []CircleCard{}}
				if err := rows.Scan(append(v.targets(), &v.Viewer.Role, &v.Viewer.Following, &v.SubCircles)...); err != nil {
					return err
				}
				v.inUTC()
				subject := viewer
				subject.Role = v.Viewer.Role
				v.Viewer.Can = policy.ForCircle(subject)
				views = append(views, v)
			}
			return rows.Err()
		})
	if err := s.pool.SendBatch(ctx, &q).Close(); err != nil {
		return nil, fmt.Errorf("read circles: %w", err)
	}
	return views, nil
}
