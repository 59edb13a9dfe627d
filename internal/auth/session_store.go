package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/pg"
)

// Locks are taken on the session first, then on its tokens.

const (
	// sweepBatch is how many sessions one sweep looks at, dead or alive.
	sweepBatch = 500
	// sweepGrace keeps an expired session, so that its token is told so.
	sweepGrace = day
)

// insertSession opens a session and stores its first refresh token.
func (s *Service) insertSession(ctx context.Context, tx pgx.Tx, user id.ID) (newSession, error) {
	for range idTries {
		session := newSession{id: s.newID(), token: newRefreshToken()}
		tag, err := tx.Exec(ctx, `
			INSERT INTO sessions (id, user_id, expires_at)
			VALUES ($1, $2, now() + $3::interval)
			ON CONFLICT ON CONSTRAINT sessions_pkey DO NOTHING`,
			session.id, user, s.opts.SessionTTL)
		if err != nil {
			return newSession{}, fmt.Errorf("insert session: %w", err)
		}
		if tag.RowsAffected() == 1 {
			return session, insertRefresh(ctx, tx, session.id, hashRefresh(session.token))
		}
	}
	return newSession{}, fmt.Errorf("insert session: %w", errIDs)
}

func insertRefresh(ctx context.Context, tx pgx.Tx, session id.ID, hash []byte) error {
	_, err := tx.Exec(ctx, `INSERT INTO refresh_tokens (hash, session_id) VALUES ($1, $2)`, hash, session)
	if err != nil {
		return fmt.Errorf("insert refresh token: %w", err)
	}
	return nil
}

// lockRefresh finds a token and locks it with its session: the second of two
// waits here and then sees that the first has used it. Whether the successor
// was used is read after that, so that nobody can use it meanwhile.
func lockRefresh(ctx context.Context, tx pgx.Tx, hash []byte, grace time.Duration) (refresh, error) {
	var r refresh
	var late bool
	err := tx.QueryRow(ctx, `
		SELECT s.id, u.id, u.handle, u.display_name, t.successor, coalesce(t.used_at <= now() - $2::interval, false),
		       t.used_at IS NOT NULL, s.revoked_at IS NOT NULL, s.expires_at <= now(), u.banned_at IS NOT NULL
		FROM sessions s
		JOIN refresh_tokens t ON t.session_id = s.id
		JOIN users u ON u.id = s.user_id
		WHERE t.hash = $1
		FOR UPDATE OF s, t`, hash, grace).
		Scan(&r.session, &r.user.ID, &r.user.Handle, &r.user.DisplayName, &r.successor, &late, &r.used, &r.revoked, &r.expired, &r.isBanned)
	if errors.Is(err, pgx.ErrNoRows) {
		return refresh{}, nil
	}
	if err != nil {
		return refresh{}, fmt.Errorf("lock refresh token: %w", err)
	}
	if grace == 0 || late || r.successor == nil {
		return r, nil
	}
	err = tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM refresh_tokens WHERE hash = $1 AND session_id = $2 AND used_at IS NULL)`, r.successor, r.session).
		Scan(&r.forgiven)
	if err != nil {
		return refresh{}, fmt.Errorf("look for the successor: %w", err)
	}
	return r, nil
}

// rotateRefresh trades a token for the next one. The successor of one that is
// forgiven is set aside as used, without a successor of its own: nobody can
// trade it any more.
func rotateRefresh(ctx context.Context, tx pgx.Tx, r refresh, used, next []byte, ttl time.Duration) error {
	_, err := tx.Exec(ctx, `UPDATE sessions SET expires_at = now() + $2::interval WHERE id = $1`, r.session, ttl)
	if err != nil {
		return fmt.Errorf("prolong session: %w", err)
	}
	if r.forgiven {
		if _, err = tx.Exec(ctx, `UPDATE refresh_tokens SET used_at = now() WHERE hash = $1`, r.successor); err != nil {
			return fmt.Errorf("set the successor aside: %w", err)
		}
	}
	_, err = tx.Exec(ctx, `UPDATE refresh_tokens SET used_at = coalesce(used_at, now()), successor = $2 WHERE hash = $1`, used, next)
	if err != nil {
		return fmt.Errorf("use up refresh token: %w", err)
	}
	return insertRefresh(ctx, tx, r.session, next)
}

func revokeSession(ctx context.Context, tx pgx.Tx, session id.ID) error {
	_, err := tx.Exec(ctx, `UPDATE sessions SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL`, session)
	if err != nil {
		return fmt.Errorf("revoke session: %w", err)
	}
	return nil
}

func (s *Service) revokeByToken(ctx context.Context, hash []byte) error {
	_, err := s.pool.Exec(ctx, `
		UPDATE sessions SET revoked_at = now()
		WHERE revoked_at IS NULL AND id = (SELECT session_id FROM refresh_tokens WHERE hash = $1)`, hash)
	return err
}

func (s *Service) revokeAll(ctx context.Context, user id.ID) error {
	_, err := s.pool.Exec(ctx, `
		UPDATE sessions SET revoked_at = now()
		WHERE id IN (SELECT id FROM sessions WHERE user_id = $1 AND revoked_at IS NULL ORDER BY id FOR UPDATE)`, user)
	return err
}

// sweep looks at the next sessions after one and deletes those that expired a
// while ago, and in the others the tokens used longer ago than a session
// lasts: a thief has no use for them any more. It goes by the primary key in
// small steps, and returns where to go on: 0 after the last session.
func (s *Service) sweep(ctx context.Context, after id.ID) (last id.ID, err error) {
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id FROM sessions WHERE id > $1 ORDER BY id LIMIT $2`, after, sweepBatch)
		if err != nil {
			return err
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[id.ID])
		if err != nil || len(ids) == 0 {
			return err
		}
		if last = 0; len(ids) == sweepBatch {
			last = ids[len(ids)-1]
		}
		return deleteExpired(ctx, tx, ids, s.opts.SessionTTL)
	})
	if err != nil {
		return after, err
	}
	return last, nil
}

func deleteExpired(ctx context.Context, tx pgx.Tx, sessions []id.ID, tokenAge time.Duration) error {
	_, err := tx.Exec(ctx, `
		DELETE FROM sessions WHERE id IN (
			SELECT id FROM sessions
			WHERE id = ANY($1) AND expires_at < now() - $2::interval
			ORDER BY id
			FOR UPDATE SKIP LOCKED)`, sessions, sweepGrace)
	if err != nil {
		return fmt.Errorf("delete sessions: %w", err)
	}
	_, err = tx.Exec(ctx, `
		DELETE FROM refresh_tokens WHERE hash IN (
			SELECT hash FROM refresh_tokens
			WHERE session_id = ANY($1) AND used_at < now() - $2::interval
			FOR UPDATE SKIP LOCKED)`, sessions, tokenAge)
	if err != nil {
		return fmt.Errorf("delete used refresh tokens: %w", err)
	}
	return nil
}
