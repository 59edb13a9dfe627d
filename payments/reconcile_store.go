package payments

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/payments/provider"
)

// claimDay takes the comparison of a day for this node, if there is no finished
// one and nobody else has taken it within booksClaim. A comparison that was
// finished before the day was over does not count.
func (s *Service) claimDay(ctx context.Context, provider string, day, now time.Time) (mine bool, err error) {
	var open bool
	if err := s.pool.QueryRow(ctx, `SELECT NOT EXISTS (SELECT FROM reconciliations
			WHERE provider = $1 AND day = $2 AND (finished_at >= $3 OR started_at > $4))`,
		provider, dayOf(day), day.AddDate(0, 0, 1), now.Add(-booksClaim)).Scan(&open); err != nil || !open {
		return false, err
	}
	tag, err := s.pool.Exec(ctx, `INSERT INTO reconciliations (provider, day, started_at) VALUES ($1, $2, $5)
		ON CONFLICT (provider, day) DO UPDATE SET started_at = excluded.started_at, failure = ''
		WHERE (reconciliations.finished_at IS NULL OR reconciliations.finished_at < $3) AND reconciliations.started_at <= $4`,
		provider, dayOf(day), day.AddDate(0, 0, 1), now.Add(-booksClaim), now)
	if err != nil {
		return false, fmt.Errorf("claim a comparison: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// startComparison notes one that was asked for, whoever else is at it.
func (s *Service) startComparison(ctx context.Context, provider string, day, now time.Time) error {
	_, err := s.pool.Exec(ctx, `INSERT INTO reconciliations (provider, day, started_at) VALUES ($1, $2, $3)
		ON CONFLICT (provider, day) DO UPDATE SET started_at = excluded.started_at, failure = ''`, provider, dayOf(day), now)
	if err != nil {
		return fmt.Errorf("begin a comparison: %w", err)
	}
	return nil
}

// failComparison notes why there is none. It does so even if ctx has ended.
func (s *Service) failComparison(ctx context.Context, provider string, day time.Time, cause error) {
	if _, err := s.pool.Exec(context.WithoutCancel(ctx), `UPDATE reconciliations SET failure = $3 WHERE provider = $1 AND day = $2`,
		provider, dayOf(day), cause.Error()); err != nil {
		s.log.Warn("note a failed comparison", "provider", provider, "err", err)
	}
}

// finishComparison stores what came of it.
func (s *Service) finishComparison(ctx context.Context, day time.Time, c Comparison) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE reconciliations SET finished_at = $3, matched = $4, failure = '' WHERE provider = $1 AND day = $2`,
			c.Provider, dayOf(day), c.FinishedAt, c.Matched); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM reconciliation_differences WHERE provider = $1 AND day = $2`, c.Provider, dayOf(day)); err != nil {
			return err
		}
		_, err := tx.CopyFrom(ctx, pgx.Identifier{"reconciliation_differences"},
			[]string{"provider", "day", "position", "kind", "id", "ref", "cause", "ours", "theirs"},
			pgx.CopyFromSlice(len(c.Differences), func(i int) ([]any, error) {
				d := c.Differences[i]
				return []any{c.Provider, dayOf(day), i + 1, string(d.Code), d.ID, d.Ref, d.Cause, d.Ours, d.Theirs}, nil
			}))
		return err
	})
	if err != nil {
		return fmt.Errorf("store the comparison with %s of %s: %w", c.Provider, c.Day, err)
	}
	return nil
}

// readBookings reads what of ours is of the day or near it, or is meant by one
// of its lines, whenever it was. It may read the tables whole.
func (s *Service) readBookings(ctx context.Context, name string, b books) (out []booking, err error) {
	var (
		ids  []id.ID
		refs = []string{}
	)
	for _, l := range b.lines {
		if subject, err := id.Parse(l.ID); err == nil {
			ids = append(ids, subject)
		} else if l.ID == "" && l.Ref != "" {
			refs = append(refs, l.Ref)
		}
	}
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := beginAudit(ctx, tx); err != nil {
			return err
		}
		for kind, table := range map[provider.Kind]string{provider.Payment: "topups", provider.Payoff: "withdrawals"} {
			rows, err := tx.Query(ctx, `SELECT id, ref, amount, status, coalesce(ended_at, 'epoch') FROM `+table+`
				WHERE provider = $1 AND (status = 'paid' AND ended_at >= $2 AND ended_at < $3 OR id = ANY($4::bigint[]) OR ref = ANY($5::text[]))`,
				pgx.QueryExecModeDescribeExec, name, b.from, b.to, ids, refs)
			if err != nil {
				return err
			}
			o := booking{kind: kind}
			if err := each(rows, []any{&o.id, &o.ref, &o.amount, &o.status, &o.ended}, func() { out = append(out, o) }); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read our bookings: %w", err)
	}
	return out, nil
}
