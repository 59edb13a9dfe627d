package identity

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
)

func hasAccount(ctx context.Context, tx pgx.Tx, user id.ID) (known bool, err error) {
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM users WHERE id = $1)`, user).Scan(&known); err != nil {
		return false, fmt.Errorf("look for account %s: %w", user, err)
	}
	return known, nil
}

func insertRevocation(ctx context.Context, tx pgx.Tx, r Revocation) error {
	if _, err := tx.Exec(ctx, `INSERT INTO revocations (id, user_id, reason, decided_by) VALUES ($1, $2, $3, nullif($4::bigint, 0))`,
		id.New(), r.User, r.Reason, r.By); err != nil {
		return fmt.Errorf("write a revocation: %w", err)
	}
	return nil
}

// queueRevoked queues the reading of the last revocation, if nothing was
// verified since.
func (o *Own) queueRevoked(q *pgx.Batch, user id.ID) {
	q.Queue(`SELECT created_at, reason FROM revocations r WHERE user_id = $1
		AND NOT EXISTS (SELECT FROM attributes a WHERE a.user_id = r.user_id AND a.verified_at >= r.created_at) ORDER BY id DESC LIMIT 1`, user).
		QueryRow(func(row pgx.Row) error {
			var r Revoked
			err := row.Scan(&r.At, &r.Reason)
			if errors.Is(err, pgx.ErrNoRows) {
				return nil
			}
			r.At = r.At.UTC()
			o.Revoked = &r
			return err
		})
}
