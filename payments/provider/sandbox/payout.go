package sandbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/money"
	"lifecircle/internal/pg"
	"lifecircle/payments/provider"
)

// Accounts at the bank that do not simply take the money.
const (
	FailAccount  = "fail"  // refuses it
	SlowAccount  = "slow"  // takes it after Options.Delay; a notification follows
	NeverAccount = "never" // leaves it pending
)

const noAccount = "the account does not take money"

// payout is a row of sandbox_payouts.
type payout struct {
	id, account string
	amount      int64 // fen
	state       provider.State
	reason      string
	created     time.Time
	settled     *time.Time
}

func (p payout) event() provider.Event {
	e := provider.Event{Kind: provider.Payoff, ID: p.id, Ref: ref(p.id), State: p.state, Amount: money.Fen(0), At: p.created, Reason: p.reason}
	if p.settled != nil {
		e.At = *p.settled
	}
	if p.state == provider.Paid {
		e.Amount = money.Fen(p.amount)
	}
	return e
}

// Payout implements provider.Provider.
func (b *Bank) Payout(ctx context.Context, order provider.Payout) (provider.Event, error) {
	if err := checkAmount(order.Amount); err != nil {
		return provider.Event{}, fmt.Errorf("pay out %s: %w", order.ID, err)
	}
	asked := payout{id: order.ID, account: order.To, amount: order.Amount.Amount, state: provider.Paid}
	var after *int64 // µs until the bank pays by itself
	switch strings.ToLower(strings.TrimSpace(order.To)) {
	case FailAccount:
		asked.state, asked.reason = provider.Failed, noAccount
	case SlowAccount:
		asked.state, after = provider.Pending, new(b.o.Delay.Microseconds())
	case NeverAccount:
		asked.state = provider.Pending
	}
	p, err := b.writePayout(ctx, asked, after)
	switch {
	case pg.Constraint(err) != "":
		return provider.Event{}, fmt.Errorf("pay out %q: %w: %w", order.ID, provider.ErrRefused, err)
	case err != nil:
		return provider.Event{}, fmt.Errorf("pay out %s: %w", order.ID, err)
	case p.account != order.To || p.amount != order.Amount.Amount:
		return provider.Event{}, fmt.Errorf("pay out %s: %w: another amount or account", order.ID, provider.ErrIDTaken)
	}
	return p.event(), nil
}

const payoutColumns = `id, account, amount, state, reason, created_at, settled_at`

// writePayout inserts p unless there is one of its id, and returns what there is.
func (b *Bank) writePayout(ctx context.Context, p payout, after *int64) (payout, error) {
	if _, err := b.pool.Exec(ctx, `
		INSERT INTO sandbox_payouts (id, account, amount, state, reason, settle_at, settled_at)
		VALUES ($1, $2, $3, $4, $5, now() + $6::bigint * interval '1 microsecond', CASE WHEN $4 <> 'pending' THEN now() END)
		ON CONFLICT (id) DO NOTHING`, p.id, p.account, p.amount, p.state, p.reason, after); err != nil {
		return payout{}, err
	}
	return scanPayout(b.pool.QueryRow(ctx, `SELECT `+payoutColumns+` FROM sandbox_payouts WHERE id = $1`, p.id))
}

// SettlePayout lets a pending payout be paid now, or fail.
func (b *Bank) SettlePayout(ctx context.Context, id string, as provider.State) error {
	reason := ""
	if as == provider.Failed {
		reason = noAccount
	}
	err := pg.InTx(ctx, b.pool, func(tx pgx.Tx) error {
		p, err := scanPayout(tx.QueryRow(ctx, `
			UPDATE sandbox_payouts SET state = $2, reason = $3, settled_at = now() WHERE id = $1 AND state = 'pending'
			RETURNING `+payoutColumns, id, as, reason))
		if errors.Is(err, pgx.ErrNoRows) {
			return provider.ErrUnknown
		} else if err != nil {
			return err
		}
		return b.announce(ctx, tx, p.event(), p.event(), 0)
	})
	if err != nil {
		return fmt.Errorf("settle payout %s: %w", id, err)
	}
	b.signal()
	return nil
}

// settleDuePayouts pays those whose time has come, a batch at most, and
// returns how many.
func (b *Bank) settleDuePayouts(ctx context.Context) (n int, err error) {
	err = pg.InTx(ctx, b.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			UPDATE sandbox_payouts SET state = 'paid', settled_at = now() WHERE id = ANY (ARRAY(
				SELECT id FROM sandbox_payouts WHERE state = 'pending' AND settle_at <= now()
				ORDER BY settle_at LIMIT $1 FOR UPDATE SKIP LOCKED))
			RETURNING `+payoutColumns, settleBatch)
		if err != nil {
			return err
		}
		paid, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (payout, error) { return scanPayout(row) })
		if err != nil {
			return err
		}
		for _, p := range paid {
			if err := b.announce(ctx, tx, p.event(), p.event(), 0); err != nil {
				return err
			}
		}
		n = len(paid)
		return nil
	})
	return n, err
}

func scanPayout(row pgx.Row) (p payout, err error) {
	err = row.Scan(&p.id, &p.account, &p.amount, &p.state, &p.reason, &p.created, &p.settled)
	return p, err
}
