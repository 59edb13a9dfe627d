package pg

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	txAttempts   = 5                    // then the last error is returned
	txFirstPause = 5 * time.Millisecond // doubled with each attempt, and spread
)

// InTx runs work in a transaction and commits it; an error of work rolls it
// back and is returned. When Postgres gave up the transaction for the sake of
// others (deadlock, serialization) nothing has happened and work is run again,
// so it must not keep anything from an attempt that failed. The lock order of
// the schema makes deadlocks bugs; this only keeps them from reaching users.
func InTx(ctx context.Context, pool *pgxpool.Pool, work func(pgx.Tx) error) error {
	pause := txFirstPause
	for attempt := 1; ; attempt++ {
		err := pgx.BeginFunc(ctx, pool, work)
		if err == nil || !retriable(err) {
			return err
		}
		if attempt == txAttempts {
			return fmt.Errorf("transaction given up %d times: %w", attempt, err)
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // only spreads the attempts
		}
		pause *= 2
	}
}

// retriable: Postgres rolled the whole transaction back.
func retriable(err error) bool {
	pe := new(pgconn.PgError)
	return errors.As(err, &pe) && (pe.Code == "40001" || pe.Code == "40P01")
}
