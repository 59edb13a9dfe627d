package auth

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/pg"
)

// idTries bounds the search for a free id; one in four million is taken.
const idTries = 5

func (s *Service) handleExists(ctx context.Context, handle string) (found bool, err error) {
	err = s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM users WHERE handle = $1)`, handle).Scan(&found)
	if err != nil {
		return false, fmt.Errorf("look for a handle: %w", err)
	}
	return found, nil
}

// insertUser returns the id that the new user got, or HandleTaken.
func (s *Service) insertUser(ctx context.Context, tx pgx.Tx, u User, hash string) (id.ID, error) {
	for range idTries {
		u.ID = s.newID()
		tag, err := tx.Exec(ctx, `
			INSERT INTO users (id, handle, display_name, password_hash)
			VALUES ($1, $2, $3, $4)
			ON CONFLICT ON CONSTRAINT users_pkey DO NOTHING`,
			u.ID, u.Handle, u.DisplayName, hash)
		switch {
		case pg.Constraint(err) == "users_handle_key":
			return 0, handleTaken(u.Handle)
		case err != nil:
			return 0, fmt.Errorf("insert user: %w", err)
		case tag.RowsAffected() == 1:
			return u.ID, nil
		}
	}
	return 0, fmt.Errorf("insert user: %w", errIDs)
}

// login is what stands behind a handle; the zero user for nobody.
type login struct {
	user   User
	hash   string
	banned bool
}

// selectLogin finds the account of a handle. For an unknown one it returns an
// account that no password opens, so that the caller does the same work.
func (s *Service) selectLogin(ctx context.Context, handle string) (login, error) {
	if !wellFormed(handle) { // may hold what Postgres refuses
		return login{hash: unusable}, nil
	}
	l := login{}
	err := s.pool.QueryRow(ctx, `
		SELECT id, handle, display_name, password_hash, banned_at IS NOT NULL
		FROM users
		WHERE handle = $1`, handle).
		Scan(&l.user.ID, &l.user.Handle, &l.user.DisplayName, &l.hash, &l.banned)
	if errors.Is(err, pgx.ErrNoRows) {
		return login{hash: unusable}, nil
	}
	if err != nil {
		return login{}, fmt.Errorf("look for an account: %w", err)
	}
	return l, nil
}

// updateHash replaces a hash unless it was changed meanwhile.
func (s *Service) updateHash(ctx context.Context, user id.ID, from, to string) error {
	_, err := s.pool.Exec(ctx, `UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2`, user, from, to)
	return err
}
