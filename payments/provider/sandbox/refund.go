package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/money"
	"lifecircle/internal/pg"
	"lifecircle/payments/provider"
)

// Refund implements provider.Provider. Refunds of a payment wait for each
// other at its row.
func (b *Bank) Refund(ctx context.Context, r provider.Refund) (provider.Event, error) {
	if err := checkAmount(r.Amount); err != nil {
		return provider.Event{}, fmt.Errorf("refund %s: %w", r.ID, err)
	}
	var at time.Time
	err := pg.InTx(ctx, b.pool, func(tx pgx.Tx) error {
		if _, err := lockPayment(ctx, tx, r.Order.ID); err != nil {
			return err
		}
		given, known, err := readRefund(ctx, tx, r)
		if err != nil || known {
			at = given
			return err
		}
		at, err = insertRefund(ctx, tx, r)
		return err
	})
	switch {
	case pg.Constraint(err) != "":
		return provider.Event{}, fmt.Errorf("refund %q of %s: %w: %w", r.ID, r.Order.ID, provider.ErrRefused, err)
	case err != nil:
		return provider.Event{}, fmt.Errorf("refund %s of %s: %w", r.ID, r.Order.ID, err)
	}
	return provider.Event{Kind: provider.Return, ID: r.ID, Ref: ref(r.ID), State: provider.Paid, Amount: r.Amount, At: at}, nil
}

func readRefund(ctx context.Context, tx pgx.Tx, r provider.Refund) (at time.Time, known bool, err error) {
	var payment string
	var amount int64
	err = tx.QueryRow(ctx, `SELECT payment_id, amount, created_at FROM sandbox_refunds WHERE id = $1`, r.ID).Scan(&payment, &amount, &at)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return at, false, nil
	case err != nil:
		return at, false, err
	case payment != r.Order.ID || amount != r.Amount.Amount:
		return at, false, fmt.Errorf("%w: another amount or payment", provider.ErrIDTaken)
	}
	return at, true, nil
}

// insertRefund leaves it to the constraint sandbox_payments_amounts that no
// more is given back than was paid.
func insertRefund(ctx context.Context, tx pgx.Tx, r provider.Refund) (at time.Time, err error) {
	if _, err := tx.Exec(ctx, `UPDATE sandbox_payments SET refunded = refunded + $2 WHERE id = $1`, r.Order.ID, r.Amount.Amount); err != nil {
		return at, err
	}
	err = tx.QueryRow(ctx, `INSERT INTO sandbox_refunds (id, payment_id, amount) VALUES ($1, $2, $3) RETURNING created_at`,
		r.ID, r.Order.ID, r.Amount.Amount).Scan(&at)
	return at, err
}

// Book implements provider.Provider.
func (b *Bank) Book(ctx context.Context, from, to time.Time) ([]provider.Line, error) {
	rows, err := b.pool.Query(ctx, `
		SELECT 'payment' AS kind, id, paid AS amount, settled_at AS at FROM sandbox_payments
		WHERE state = 'paid' AND settled_at >= $1 AND settled_at < $2
		UNION ALL
		SELECT 'payout', id, amount, settled_at FROM sandbox_payouts WHERE state = 'paid' AND settled_at >= $1 AND settled_at < $2
		UNION ALL
		SELECT 'refund', id, amount, created_at FROM sandbox_refunds WHERE created_at >= $1 AND created_at < $2
		ORDER BY at, kind, id`, from, to)
	if err != nil {
		return nil, fmt.Errorf("read the sandbox's book: %w", err)
	}
	lines, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l provider.Line, err error) {
		l.Amount.Currency = money.CNY
		err = row.Scan(&l.Kind, &l.ID, &l.Amount.Amount, &l.At)
		l.Ref = ref(l.ID)
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the sandbox's book: %w", err)
	}
	return lines, nil
}
