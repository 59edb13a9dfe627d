package feed

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/pg"
	"lifecircle/internal/problem"
	"lifecircle/internal/text"
)

var errUserNotFound = problem.New(problem.UserNotFound, "There is no such person.")

// User returns a person's public page. It fails with UserNotFound.
func (s *Service) User(ctx context.Context, user id.ID) (User, error) {
	u, err := scanUser(s.pool.QueryRow(ctx, `SELECT id, handle, display_name, bio, created_at FROM users WHERE id = $1`, user))
	return u, outward(err)
}

// UserByHandle finds a person by his handle, whatever its case. It fails with
// UserNotFound.
func (s *Service) UserByHandle(ctx context.Context, handle string) (User, error) {
	u, err := scanUser(s.pool.QueryRow(ctx, `SELECT id, handle, display_name, bio, created_at FROM users WHERE handle = lower($1)`, handle))
	return u, outward(err)
}

// UpdateUser changes the actor's own page. What he wrote before keeps the name
// that stands in the log, and shows the new one where it is read again. It
// fails with Unauthorized, Banned or a text problem.
func (s *Service) UpdateUser(ctx context.Context, a Actor, c UserChange) (u User, err error) {
	if a.Guest() {
		return u, errSignIn
	}
	if c.DisplayName != nil {
		if *c.DisplayName, err = text.Name("body.display_name", *c.DisplayName, MaxDisplayNameGraphemes); err != nil {
			return u, err
		}
	}
	if c.Bio != nil && *c.Bio != "" {
		if *c.Bio, err = text.Body("body.bio", *c.Bio, MaxBioGraphemes); err != nil {
			return u, err
		}
	}
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		if err := requireAccount(ctx, tx, a); err != nil {
			return err
		}
		u, err = scanUser(tx.QueryRow(ctx, `UPDATE users SET display_name = coalesce($2, display_name), bio = coalesce($3, bio)
			WHERE id = $1 RETURNING id, handle, display_name, bio, created_at`, a.User, c.DisplayName, c.Bio))
		return err
	})
	if err == nil {
		s.window.forget() // it shows the old name
	}
	return u, outward(err)
}

func scanUser(row pgx.Row) (u User, err error) {
	err = row.Scan(&u.ID, &u.Handle, &u.DisplayName, &u.Bio, &u.CreatedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return u, errUserNotFound
	}
	if err != nil {
		return u, fmt.Errorf("read a user: %w", err)
	}
	u.CreatedAt = u.CreatedAt.UTC()
	return u, nil
}
