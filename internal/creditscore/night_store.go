package creditscore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/id"
	"lifecircle/internal/pg"
)

// latestRun returns the moment of the latest run that has begun; zero: none has.
func latestRun(ctx context.Context, q querier) (time.Time, error) {
	var at *time.Time
	if err := q.QueryRow(ctx, `SELECT max(as_of) FROM score_runs`).Scan(&at); err != nil {
		return time.Time{}, fmt.Errorf("read the latest run: %w", err)
	}
	if at == nil {
		return time.Time{}, nil
	}
	return *at, nil
}

// unfinishedRun returns the moment of a run that its node has left; zero: there is none.
func unfinishedRun(ctx context.Context, q querier, now time.Time) (at time.Time, err error) {
	err = q.QueryRow(ctx, `SELECT as_of FROM (SELECT * FROM score_runs ORDER BY as_of DESC LIMIT 2) AS last
		WHERE finished_at IS NULL AND lease_until < $1 ORDER BY as_of LIMIT 1`, now).Scan(&at)
	if missing(err) {
		return time.Time{}, nil
	}
	if err != nil {
		return at, fmt.Errorf("look for a run that was left: %w", err)
	}
	return at, nil
}

// claim makes the run of a moment this node's, or an earlier one that another
// node has left. Nil: there is nothing to do, or somebody is at it. From when it
// commits, nothing is dated before the run; it waits for those who date now.
func (s *Service) claim(ctx context.Context, asOf time.Time) (r *run, err error) {
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		r = nil
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, appendLock); err != nil {
			return fmt.Errorf("wait for those who append: %w", err)
		}
		now, err := s.now(ctx, tx)
		if err != nil {
			return err
		}
		if asOf.After(now) {
			return fmt.Errorf("%s: %w", asOf, ErrFuture)
		}
		last, err := lastRun(ctx, tx)
		switch {
		case err != nil:
			return err
		case last == nil:
			r = &run{asOf: asOf, nights: 1}
			return beginRun(ctx, tx, s.Node, r, now)
		case !last.finished && last.node != s.Node && !last.lease.Before(now):
			return nil
		case !last.finished:
			taken, err := takeRun(ctx, tx, s.Node, &last.run, now)
			if taken {
				r = &last.run
			}
			return err
		case !asOf.After(last.asOf):
			return nil
		}
		r = &run{asOf: asOf, nights: nightsBetween(last.asOf, asOf)}
		return beginRun(ctx, tx, s.Node, r, now)
	})
	return r, err
}

type storedRun struct {
	run
	node     string
	lease    time.Time
	finished bool
}

func lastRun(ctx context.Context, tx pgx.Tx) (*storedRun, error) {
	var r storedRun
	err := tx.QueryRow(ctx, `SELECT as_of, nights, progress, trust_name IS NOT NULL, node, lease_until, finished_at IS NOT NULL
		FROM score_runs ORDER BY as_of DESC LIMIT 1`).Scan(&r.asOf, &r.nights, &r.progress, &r.hasTrust, &r.node, &r.lease, &r.finished)
	if missing(err) {
		return nil, nil //nolint:nilnil // there was none
	}
	if err != nil {
		return nil, fmt.Errorf("read the last run: %w", err)
	}
	return &r, nil
}

func beginRun(ctx context.Context, tx pgx.Tx, node string, r *run, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO score_runs (as_of, nights, node, lease_until, started_at) VALUES ($1, $2, $3, $4, $5)`,
		r.asOf, r.nights, node, now.Add(trustTime), now)
	if err != nil {
		return fmt.Errorf("begin the run of %s: %w", r.asOf, err)
	}
	return nil
}

// takeRun goes on with a run that was left. It waits for the chunks that its
// node still has under way (holdRun); later ones fail. False: meanwhile that
// node has come to its end after all.
func takeRun(ctx context.Context, tx pgx.Tx, node string, r *run, now time.Time) (bool, error) {
	if _, err := tx.Exec(ctx, `SELECT FROM score_runs WHERE as_of = $1 FOR UPDATE`, r.asOf); err != nil {
		return false, fmt.Errorf("wait for the chunks of the run of %s: %w", r.asOf, err)
	}
	err := tx.QueryRow(ctx, `UPDATE score_runs SET node = $2, lease_until = $3 WHERE as_of = $1 AND finished_at IS NULL RETURNING progress, trust_name IS NOT NULL`,
		r.asOf, node, now.Add(trustTime)).Scan(&r.progress, &r.hasTrust)
	if err != nil && !missing(err) {
		return false, fmt.Errorf("take over the run of %s: %w", r.asOf, err)
	}
	return err == nil, nil
}

var errLostRun = errors.New("another node has taken over")

// holdRun keeps a run from being taken over until the transaction ends, and
// fails if it was. Many may hold it, and progress may be noted meanwhile.
func holdRun(ctx context.Context, tx pgx.Tx, node string, r *run) error {
	tag, err := tx.Exec(ctx, `SELECT FROM score_runs WHERE as_of = $1 AND node = $2 AND finished_at IS NULL FOR KEY SHARE`, r.asOf, node)
	if err != nil {
		return fmt.Errorf("hold a run: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errLostRun
	}
	return nil
}

// renewLease notes how far the run has come.
func renewLease(ctx context.Context, pool *pgxpool.Pool, node string, r *run, progress id.ID, users int, now time.Time) error {
	tag, err := pool.Exec(ctx, `UPDATE score_runs SET lease_until = $3, progress = $4, users = users + $5
		WHERE as_of = $1 AND node = $2 AND progress = $6 AND finished_at IS NULL`, r.asOf, node, now.Add(lease), progress, users, r.progress)
	if err != nil {
		return fmt.Errorf("note the progress of a run: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errLostRun
	}
	return nil
}

func endRun(ctx context.Context, pool *pgxpool.Pool, node string, r *run, spread []int, now time.Time) error {
	tag, err := pool.Exec(ctx, `UPDATE score_runs SET finished_at = $3, lease_until = $3, spread = $4 WHERE as_of = $1 AND node = $2 AND finished_at IS NULL`, r.asOf, node, now, spread)
	if err != nil {
		return fmt.Errorf("end a run: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errLostRun
	}
	return nil
}

// nextChunk returns the next people after somebody, who had an account when the
// run began to be due, and since when.
func nextChunk(ctx context.Context, q querier, r *run, after id.ID, limit int) (chunk, error) {
	c := chunk{joined: make(map[id.ID]time.Time, limit)}
	rows, err := q.Query(ctx, `SELECT id, created_at FROM users WHERE id > $1 AND created_at <= $2 ORDER BY id LIMIT $3`, after, r.asOf, limit)
	if err != nil {
		return c, fmt.Errorf("read people: %w", err)
	}
	var (
		user id.ID
		at   time.Time
	)
	if _, err := pgx.ForEachRow(rows, []any{&user, &at}, func() error {
		c.users = append(c.users, user)
		c.joined[user] = at
		return nil
	}); err != nil {
		return c, fmt.Errorf("read people: %w", err)
	}
	return c, nil
}

// spreadBefore returns how scores were spread at the last run up to a moment, or
// if there is none at the first one after it; nil: there was none before asOf.
func spreadBefore(ctx context.Context, q querier, asOf, until time.Time) (spread []int, err error) {
	err = q.QueryRow(ctx, `SELECT spread FROM score_runs WHERE as_of < $1 AND spread IS NOT NULL
		ORDER BY as_of <= $2 DESC, CASE WHEN as_of <= $2 THEN as_of END DESC, as_of LIMIT 1`, asOf, until).Scan(&spread)
	if err != nil && !missing(err) {
		return nil, fmt.Errorf("read how scores were spread: %w", err)
	}
	return spread, nil
}
