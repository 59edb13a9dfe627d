package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/id"
	"lifecircle/internal/identity/verifier"
)

// row is a verification as it is stored.
type row struct {
	Verification
	user id.ID
	open bool      // the verifier may still keep something, or the end was not told
	now  time.Time // by the database's clock, when it was read
}

const columns = `id, user_id, kind, level, verifier, status, url, reason, note, created_at, expires_at, ended_at, open, now()`

func scanVerification(from pgx.Row) (r row, err error) {
	err = from.Scan(&r.ID, &r.user, &r.Kind, &r.Level, &r.Verifier, &r.Status, &r.URL, &r.Reason, &r.Note, &r.CreatedAt, &r.ExpiresAt, &r.EndedAt, &r.open, &r.now)
	if errors.Is(err, pgx.ErrNoRows) {
		return row{}, errNotFound
	}
	if err != nil {
		return row{}, fmt.Errorf("read a verification: %w", err)
	}
	r.CreatedAt, r.ExpiresAt, r.EndedAt = r.CreatedAt.UTC(), r.ExpiresAt.UTC(), inUTC(r.EndedAt)
	return r, nil
}

func readVerification(ctx context.Context, pool *pgxpool.Pool, v id.ID) (row, error) {
	return scanVerification(pool.QueryRow(ctx, `SELECT `+columns+` FROM verifications WHERE id = $1`, v))
}

// lockVerification locks what is verified of its applicant, then the verification.
func lockVerification(ctx context.Context, tx pgx.Tx, v id.ID) (row, error) {
	r, err := scanVerification(tx.QueryRow(ctx, `SELECT `+columns+` FROM verifications WHERE id = $1`, v))
	if err != nil {
		return row{}, err
	}
	if err := lockIdentities(ctx, tx, r.user); err != nil {
		return row{}, err
	}
	return scanVerification(tx.QueryRow(ctx, `SELECT `+columns+` FROM verifications WHERE id = $1 FOR UPDATE`, v))
}

func insertVerification(ctx context.Context, tx pgx.Tx, r row) error {
	_, err := tx.Exec(ctx, `INSERT INTO verifications (id, user_id, kind, level, verifier, created_at, expires_at, look_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, now() + $8)`, r.ID, r.user, r.Kind, r.Level, r.Verifier, r.CreatedAt, r.ExpiresAt, nextLook)
	if err != nil {
		return fmt.Errorf("write verification %s: %w", r.ID, err)
	}
	return nil
}

// refusePending ends what a person has pending of these kinds; the next server
// that looks has the verifiers forget it.
func refusePending(ctx context.Context, tx pgx.Tx, user id.ID, kinds []Kind, reason verifier.Reason, note string) error {
	_, err := tx.Exec(ctx, `UPDATE verifications SET status = 'refused', reason = $3, note = $4, url = '', ended_at = now(), look_at = now()
		WHERE user_id = $1 AND kind = ANY($2) AND status = 'pending'`, user, kinds, reason, note)
	if err != nil {
		return fmt.Errorf("end what %s has pending: %w", user, err)
	}
	return nil
}

// writeURL notes where a pending one goes on.
func writeURL(ctx context.Context, tx pgx.Tx, v id.ID, url string) error {
	if _, err := tx.Exec(ctx, `UPDATE verifications SET url = $2 WHERE id = $1 AND status = 'pending'`, v, url); err != nil {
		return fmt.Errorf("write where verification %s goes on: %w", v, err)
	}
	return nil
}

func endVerification(ctx context.Context, tx pgx.Tx, r row, by id.ID) error {
	_, err := tx.Exec(ctx, `UPDATE verifications SET status = $2, reason = $3, note = $4, url = '', ended_at = $5, decided_by = nullif($6::bigint, 0), look_at = now() + $7
		WHERE id = $1`, r.ID, r.Status, r.Reason, r.Note, r.EndedAt, by, nextLook)
	return err
}

func closeVerification(ctx context.Context, pool *pgxpool.Pool, v id.ID) error {
	if _, err := pool.Exec(ctx, `UPDATE verifications SET open = false WHERE id = $1 AND status <> 'pending'`, v); err != nil {
		return fmt.Errorf("close verification %s: %w", v, err)
	}
	return nil
}

// lookNow leaves an ended verification to the next server that looks.
func lookNow(ctx context.Context, pool *pgxpool.Pool, v id.ID) error {
	if _, err := pool.Exec(ctx, `UPDATE verifications SET look_at = now() WHERE id = $1 AND open`, v); err != nil {
		return fmt.Errorf("leave verification %s to a server: %w", v, err)
	}
	return nil
}

// claimDue returns open verifications of these verifiers whose time has come,
// and puts off the next look, so that no other node does the same meanwhile.
func claimDue(ctx context.Context, pool *pgxpool.Pool, verifiers []string) ([]id.ID, error) {
	rows, err := pool.Query(ctx, `UPDATE verifications SET look_at = now() + $3
		WHERE id = ANY (ARRAY(SELECT id FROM verifications WHERE open AND look_at <= now() AND verifier = ANY($1)
			ORDER BY look_at LIMIT $2 FOR UPDATE SKIP LOCKED))
		RETURNING id`, verifiers, looksMost, nextLook)
	if err != nil {
		return nil, fmt.Errorf("look for verifications: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[id.ID])
}
