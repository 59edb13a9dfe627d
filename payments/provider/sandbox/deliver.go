package sandbox

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

const (
	settleBatch    = 100              // payments, and payouts, decided in one transaction
	deliverBatch   = 8                // notices sent at the same time by one node
	deliverTimeout = 10 * time.Second // one delivery
	lease          = 30 * time.Second // a node that has not said what became of a notice by then is taken for dead
	maxAttempts    = 20               // two hours and a half, then a notice is dropped
	firstRetry     = time.Second      // doubled each time
	lastRetry      = 10 * time.Minute // the longest pause between two attempts
)

// due is a notice that this node has taken.
type due struct {
	id       int64
	body     []byte
	attempts int // this one included
}

// Run decides payments and payouts whose time has come and delivers
// notifications until ctx ends. Several nodes may run at once: each row is
// taken by one. A failure of the database is logged and tried again.
func (b *Bank) Run(ctx context.Context) error {
	tick := time.NewTicker(b.poll)
	defer tick.Stop()
	for {
		n, err := b.step(ctx)
		if err != nil && ctx.Err() == nil {
			b.o.Log.Warn("run the sandbox bank", "err", err)
		}
		if n > 0 && err == nil && ctx.Err() == nil {
			continue // there may be more
		}
		select {
		case <-ctx.Done():
			return nil
		case <-b.wake:
		case <-tick.C:
		}
	}
}

// signal never blocks: one signal waiting says all that there is to say.
func (b *Bank) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// step does what is due, a batch of each kind at most, and returns how much.
func (b *Bank) step(ctx context.Context) (int, error) {
	payments, err := b.settleDue(ctx)
	if err != nil {
		return 0, fmt.Errorf("decide payments: %w", err)
	}
	payouts, err := b.settleDuePayouts(ctx)
	if err != nil {
		return 0, fmt.Errorf("decide payouts: %w", err)
	}
	if b.o.Deliver == nil {
		return payments + payouts, nil
	}
	notices, err := b.take(ctx)
	if err != nil {
		return 0, fmt.Errorf("take notices: %w", err)
	}
	var g errgroup.Group
	for _, d := range notices {
		g.Go(func() error { return b.deliver(ctx, d) })
	}
	return payments + payouts + len(notices), g.Wait()
}

// take leases due notices to this node.
func (b *Bank) take(ctx context.Context) ([]due, error) {
	rows, err := b.pool.Query(ctx, `
		UPDATE sandbox_notices SET attempts = attempts + 1, due_at = now() + $2::bigint * interval '1 microsecond'
		WHERE id = ANY (ARRAY(SELECT id FROM sandbox_notices WHERE due_at <= now() ORDER BY due_at, id LIMIT $1 FOR UPDATE SKIP LOCKED))
		RETURNING id, body, attempts`, deliverBatch, lease.Microseconds())
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (d due, err error) {
		err = row.Scan(&d.id, &d.body, &d.attempts)
		return d, err
	})
}

// deliver sends one notice and writes down what became of it. When it cannot,
// the lease ends and the notice is sent again.
func (b *Bank) deliver(ctx context.Context, d due) error {
	sending, cancel := context.WithTimeout(ctx, deliverTimeout)
	defer cancel()
	err := b.o.Deliver(sending, b.sign(time.Now(), d.body), d.body)
	if err != nil && ctx.Err() == nil {
		return b.retry(ctx, d, err)
	} else if err != nil {
		return ctx.Err()
	}
	if _, err := b.pool.Exec(ctx, `DELETE FROM sandbox_notices WHERE id = $1`, d.id); err != nil {
		return fmt.Errorf("note a delivery: %w", err)
	}
	return nil
}

func (b *Bank) retry(ctx context.Context, d due, cause error) error {
	if d.attempts >= maxAttempts {
		b.o.Log.Error("a notification of the sandbox was never taken", "notice", d.id, "attempts", d.attempts, "err", cause)
		_, err := b.pool.Exec(ctx, `DELETE FROM sandbox_notices WHERE id = $1`, d.id)
		return err
	}
	b.o.Log.Warn("a notification of the sandbox was not taken", "notice", d.id, "attempts", d.attempts, "err", cause)
	_, err := b.pool.Exec(ctx, `UPDATE sandbox_notices SET due_at = now() + $2::bigint * interval '1 microsecond' WHERE id = $1`,
		d.id, pause(d.attempts).Microseconds())
	return err
}

// pause is how long to wait after so many attempts, 1 at least.
func pause(attempts int) time.Duration {
	return min(lastRetry, firstRetry<<min(attempts-1, 16))
}
