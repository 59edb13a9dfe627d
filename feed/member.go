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
