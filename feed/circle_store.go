package feed

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

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

// lockCircle locks a circle's row and returns the actor's role in it. One that
// is closed to him is not found.
func (s *Service) lockCircle(ctx context.Context, tx pgx.Tx, circle id.ID, a Actor) (role string, err error) {
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
	if policy.Moderates(role) {
		return role, nil
	}
	return role, s.mayView(ctx, tx, a, circle)
}

func (s *Service) checkParent(ctx context.Context, tx pgx.Tx, a Actor, parent id.ID) error {
	role, err := s.lockCircle(ctx, tx, parent, a)
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
	if len(in.Rules) > 0 {
		if err := insertRules(ctx, tx, c.ID, a, rulesRow{version: 1, texts: in.Rules, reason: in.RulesReason}); err != nil {
			return c, err
		}
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

const circleColumns = `c.id, c.name, c.description, c.category, c.tags, c.place, c.parent_id, n.followers, c.created_at, c.updated_at, c.rules_version,
	coalesce((SELECT r.rules FROM circle_rules r WHERE r.circle_id = c.id AND r.version = c.rules_version), '{}'),
	coalesce((SELECT r.reason FROM circle_rules r WHERE r.circle_id = c.id AND r.version = c.rules_version), '')`

func (c *Circle) targets() []any {
	return []any{&c.ID, &c.Name, &c.Description, &c.Category, &c.Tags, &c.Place, &c.Parent, &c.Followers, &c.CreatedAt, &c.UpdatedAt, &c.RulesVersion, &c.Rules, &c.RulesReason}
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

// readCircle reads one circle. One that is closed to the actor is not found.
func (s *Service) readCircle(ctx context.Context, db sender, a Actor, circle id.ID) (CircleView, error) {
	found, err := s.readCirclesFrom(ctx, db, a, `WHERE c.id = $2`, circle)
	if err != nil {
		return CircleView{}, err
	}
	if len(found) == 0 || found[0].closed {
		return CircleView{}, errCircleNotFound
	}
	return found[0], nil
}

func (s *Service) readCircles(ctx context.Context, a Actor, condition string, args ...any) ([]CircleView, error) {
	return s.readCirclesFrom(ctx, s.pool, a, condition, args...)
}

// readCirclesFrom reads the circles that the condition picks ($1 is the
// viewer), those that are closed to him too, and the sub-circles of each that
// are not.
func (s *Service) readCirclesFrom(ctx context.Context, db sender, a Actor, condition string, args ...any) ([]CircleView, error) {
	var (
		q     pgx.Batch
		views = []CircleView{}
	)
	viewer := s.queueViewer(&q, a)
	q.Queue(`SELECT `+circleColumns+`, c.ruled, coalesce(m.role, ''), f.user_id IS NOT NULL,
			ARRAY(SELECT row(k.id, k.name, kn.followers) FROM circles k JOIN circle_counts kn ON kn.circle_id = k.id
				WHERE k.parent_id = c.id ORDER BY kn.followers DESC, k.id LIMIT 50)
		FROM circles c JOIN circle_counts n ON n.circle_id = c.id
		LEFT JOIN circle_members m ON m.circle_id = c.id AND m.user_id = $1
		LEFT JOIN follows f ON f.circle_id = c.id AND f.user_id = $1 `+condition, append([]any{a.User}, args...)...).
		Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var ruled bool
				v := CircleView{SubCircles: []CircleCard{}}
				if err := rows.Scan(append(v.targets(), &ruled, &v.Viewer.Role, &v.Viewer.Following, &v.SubCircles)...); err != nil {
					return err
				}
				v.inUTC()
				who := viewer.in(s.rulingOf(v.Circle, ruled), v.Viewer.Role, v.Viewer.Following)
				v.closed, v.Viewer.Can = who.closed(), who.canInCircle()
				views = append(views, v)
			}
			return rows.Err()
		})
	if err := db.SendBatch(ctx, &q).Close(); err != nil {
		return nil, fmt.Errorf("read circles: %w", err)
	}
	return views, s.leaveOutClosed(ctx, db, a, views)
}

// rulingOf is the ruling of a circle that was read as everybody sees it.
func (s *Service) rulingOf(c Circle, ruled bool) *ruling {
	if !ruled {
		return nil
	}
	return &ruling{
		rules:  s.rules.of(c.ID, c.RulesVersion, c.Rules, c.RulesReason),
		circle: policy.Circle{Name: c.Name, Place: c.Place, Category: c.Category, Tags: c.Tags}, made: c.CreatedAt,
	}
}

// leaveOutClosed removes the sub-circles that are closed to the actor.
func (s *Service) leaveOutClosed(ctx context.Context, db sender, a Actor, views []CircleView) error {
	below := set[id.ID]{}
	for _, v := range views {
		for _, c := range v.SubCircles {
			below.add(c.ID)
		}
	}
	if len(below) == 0 {
		return nil
	}
	closed, err := s.readClosed(ctx, db, a, sorted(below))
	if err != nil {
		return err
	}
	for i := range views {
		views[i].SubCircles = slices.DeleteFunc(views[i].SubCircles, func(c CircleCard) bool { return closed[c.ID] })
	}
	return nil
}

// readClosed tells which of the circles are closed to the actor.
func (s *Service) readClosed(ctx context.Context, db sender, a Actor, circles []id.ID) (map[id.ID]bool, error) {
	var (
		q       pgx.Batch
		viewer  = s.queueViewer(&q, a)
		rulings = s.queueRulings(&q, circles)
		closed  = map[id.ID]bool{}
	)
	q.Queue(`SELECT c.id, coalesce(m.role, ''), f.user_id IS NOT NULL FROM circles c
		LEFT JOIN circle_members m ON m.circle_id = c.id AND m.user_id = $1
		LEFT JOIN follows f ON f.circle_id = c.id AND f.user_id = $1 WHERE c.id = ANY($2::bigint[]) AND c.ruled`, a.User, circles).
		Query(func(rows pgx.Rows) error {
			var (
				circle  id.ID
				role    string
				follows bool
			)
			return each(rows, []any{&circle, &role, &follows}, func() {
				closed[circle] = viewer.in(rulings[circle], role, follows).closed()
			})
		})
	if err := db.SendBatch(ctx, &q).Close(); err != nil {
		return nil, fmt.Errorf("read which circles are closed: %w", err)
	}
	return closed, nil
}
