package circlelog

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const epochLength = 8 // characters; enough that no two epochs of a circle are alike

func newEpoch() string { return strings.ToLower(rand.Text()[:epochLength]) }

// CheckEpoch gives every circle a new epoch if the database was restored into
// another Postgres cluster since the last start, and tells whether it did.
// After a restore into the same cluster nobody can see the difference: there
// an operator calls NewEpoch.
func CheckEpoch(ctx context.Context, pool *pgxpool.Pool) (renewed bool, err error) {
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		var known, actual string
		if err := tx.QueryRow(ctx, `SELECT d.system_identifier, c.system_identifier::text
			FROM deployment d, pg_control_system() c FOR UPDATE OF d`).Scan(&known, &actual); err != nil {
			return err
		}
		if known == actual {
			return nil
		}
		renewed = true
		if _, err := tx.Exec(ctx, `UPDATE deployment SET system_identifier = $1`, actual); err != nil {
			return err
		}
		return renew(ctx, tx)
	})
	if err != nil {
		return false, fmt.Errorf("check the log's epoch: %w", err)
	}
	return renewed, nil
}

// NewEpoch gives every circle a new epoch: clients fetch again instead of
// resuming from offsets that the restored log may have given to other events.
func NewEpoch(ctx context.Context, pool *pgxpool.Pool) error {
	if err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return renew(ctx, tx) }); err != nil {
		return fmt.Errorf("give the logs a new epoch: %w", err)
	}
	return nil
}

func renew(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, `SELECT FROM circle_heads ORDER BY circle_id FOR UPDATE`); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE circle_heads SET epoch = $1`, newEpoch())
	return err
}
