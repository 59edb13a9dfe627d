package feed

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed/policy"
	"lifecircle/internal/circlelog"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

// Members returns a page of those who have a role in a circle: owners, then
// moderators, then partners. It fails with CircleNotFound or BadCursor.
func (s *Service) Members(ctx context.Context, a Actor, circle id.ID, q PageQuery) (Page[Member], error) {
	list := "members of " + circle.String()
	place, err := s.cursors.Open(list, q.Cursor, 2)
	if err != nil {
		return Page[Member]{}, err
	}
	if place == nil {
		place = []int64{0, 0}
	}
	if _, err := s.look(ctx, s.pool, a, circle); err != nil {
		return Page[Member]{}, outward(err)
	}
	items, err := s.readMembers(ctx, circle, place, q.limit())
	if err != nil {
		return Page[Member]{}, outward(err)
	}
	page := Page[Member]{Items: items}
	if len(items) == q.limit() {
		last := items[len(items)-1]
		page.NextCursor = s.cursors.Seal(list, rank[last.Role], int64(last.User.ID))
	}
	return page, nil
}

// rank orders the roles; readMembers repeats it.
var rank = map[string]int64{policy.Owner: 1, policy.Moderator: 2, policy.Partner: 3}

func (s *Service) readMembers(ctx context.Context, circle id.ID, place []int64, limit int) ([]Member, error) {
	rows, err := s.pool.Query(ctx, `SELECT u.id, u.handle, u.display_name, m.role, m.created_at
		FROM (SELECT *, CASE role WHEN 'owner' THEN 1 WHEN 'moderator' THEN 2 ELSE 3 END AS rank FROM circle_members WHERE circle_id = $1) m
		JOIN users u ON u.id = m.user_id WHERE (m.rank, m.user_id) > ($2, $3) ORDER BY m.rank, m.user_id LIMIT $4`, circle, place[0], place[1], limit)
	if err != nil {
		return nil, fmt.Errorf("read members of circle %s: %w", circle, err)
	}
	var (
		m   Member
		all = []Member{}
	)
	err = each(rows, []any{&m.User.ID, &m.User.Handle, &m.User.DisplayName, &m.Role, &m.CreatedAt}, func() {
		m.CreatedAt = m.CreatedAt.UTC()
		all = append(all, m)
	})
	return all, err
}

// SetMember gives a person a role in a circle; its owners may. It fails with
// CircleNotFound, UserNotFound, RoleRequired, RoleUnknown, or LastOwner when
// the circle would be left without one.
func (s *Service) SetMember(ctx context.Context, a Actor, circle, user id.ID, role string) (m Member, err error) {
	if role != policy.Owner && role != policy.Moderator && role != policy.Partner {
		return m, problem.Invalid(problem.RoleUnknown, "body.role", "A role is owner, moderator or partner.")
	}
	err = s.asOwner(ctx, a, circle, func(tx pgx.Tx) ([]circlelog.Event, error) {
		if role != policy.Owner {
			if err := keepAnOwner(ctx, tx, circle, user); err != nil {
				return nil, err
			}
		}
		m, err = upsertMember(ctx, tx, circle, user, role)
		return nil, err
	})
	return m, err
}

// RemoveMember ends a person's role in a circle; its owners may, and everybody
// may lay down his own. Ending a role that is not there changes nothing. It
// fails with CircleNotFound, RoleRequired or LastOwner.
func (s *Service) RemoveMember(ctx context.Context, a Actor, circle, user id.ID) error {
	may := s.asOwner
	if user == a.User {
		may = s.inCircle
	}
	return may(ctx, a, circle, func(tx pgx.Tx) ([]circlelog.Event, error) {
		if err := keepAnOwner(ctx, tx, circle, user); err != nil {
			return nil, err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM circle_members WHERE circle_id = $1 AND user_id = $2`, circle, user); err != nil {
			return nil, fmt.Errorf("remove a member of circle %s: %w", circle, err)
		}
		return nil, nil
	})
}

// keepAnOwner refuses to take the role from the only owner. The circle's row
// is locked, so nobody else changes the members meanwhile.
func keepAnOwner(ctx context.Context, tx pgx.Tx, circle, user id.ID) error {
	var others, owner bool
	if err := tx.QueryRow(ctx, `SELECT coalesce(bool_or(user_id <> $2), false), coalesce(bool_or(user_id = $2), false)
		FROM circle_members WHERE circle_id = $1 AND role = 'owner'`, circle, user).Scan(&others, &owner); err != nil {
		return fmt.Errorf("read the owners of circle %s: %w", circle, err)
	}
	if owner && !others {
		return problem.New(problem.LastOwner, "The circle needs another owner first.")
	}
	return nil
}

func upsertMember(ctx context.Context, tx pgx.Tx, circle, user id.ID, role string) (m Member, err error) {
	m.Role = role
	err = tx.QueryRow(ctx, `SELECT id, handle, display_name FROM users WHERE id = $1`, user).Scan(&m.User.ID, &m.User.Handle, &m.User.DisplayName)
	if errors.Is(err, pgx.ErrNoRows) {
		return m, errUserNotFound
	}
	if err != nil {
		return m, fmt.Errorf("read user %s: %w", user, err)
	}
	err = tx.QueryRow(ctx, `INSERT INTO circle_members AS m (circle_id, user_id, role) VALUES ($1, $2, $3)
		ON CONFLICT ON CONSTRAINT circle_members_pkey DO UPDATE SET role = excluded.role RETURNING m.created_at`, circle, user, role).Scan(&m.CreatedAt)
	if err != nil {
		return m, fmt.Errorf("set a member of circle %s: %w", circle, err)
	}
	m.CreatedAt = m.CreatedAt.UTC()
	return m, nil
}

// LockRoles locks the circle against a change of its members within tx, whose
// actor acts, and returns the roles of these people; who has none is left out.
// It fails with CircleNotFound, Unauthorized or Banned.
func (s *Service) LockRoles(ctx context.Context, tx pgx.Tx, circle, actor id.ID, people ...id.ID) (map[id.ID]string, error) {
	if err := requireAccount(ctx, tx, Actor{actor}); err != nil {
		return nil, err
	}
	if _, err := s.lockCircle(ctx, tx, circle, Actor{actor}); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `SELECT user_id, role FROM circle_members WHERE circle_id = $1 AND user_id = ANY($2::bigint[])`, circle, people)
	if err != nil {
		return nil, fmt.Errorf("read roles in circle %s: %w", circle, err)
	}
	var (
		roles = make(map[id.ID]string, len(people))
		user  id.ID
		role  string
	)
	return roles, each(rows, []any{&user, &role}, func() { roles[user] = role })
}
