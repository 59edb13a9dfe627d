package sandbox

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/payments/provider"
)

const paymentColumns = `id, token, amount, paid, title, return_url, state, reason, created_at, settle_at, settle_as, settled_at, settle_at <= now()`

// querier is a pool or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// insertPayment opens a payment unless there is one of this id, and tells
// whether it did. It is paid by itself after pays, if that is not 0 and in
// time, and fails when the order expires, or after open if it never does.
func insertPayment(ctx context.Context, tx pgx.Tx, o provider.Order, token string, pays, open time.Duration) (bool, error) {
	var expires *time.Time
	if !o.ExpiresAt.IsZero() {
		expires = &o.ExpiresAt
	}
	tag, err := tx.Exec(ctx, `
		INSERT INTO sandbox_payments (id, token, amount, title, return_url, settle_at, settle_as)
		SELECT $1, $2, $3, $4, $5, CASE WHEN t.slow THEN t.pays ELSE t.ends END, CASE WHEN t.slow THEN 'paid' ELSE 'failed' END
		FROM (SELECT p.pays, p.ends, $6::bigint > 0 AND p.pays < p.ends AS slow
		      FROM (SELECT now() + $6::bigint * interval '1 microsecond' AS pays,
		                   coalesce($7::timestamptz, now() + $8::bigint * interval '1 microsecond') AS ends) AS p) AS t
		ON CONFLICT (id) DO NOTHING`,
		o.ID, token, o.Amount.Amount, o.Title, o.ReturnURL, pays.Microseconds(), expires, open.Microseconds())
	return tag.RowsAffected() == 1, err
}

func readPayment(ctx context.Context, q querier, id string) (payment, error) {
	return scanPayment(q.QueryRow(ctx, `SELECT `+paymentColumns+` FROM sandbox_payments WHERE id = $1`, id))
}

func lockPayment(ctx context.Context, tx pgx.Tx, id string) (payment, error) {
	return scanPayment(tx.QueryRow(ctx, `SELECT `+paymentColumns+` FROM sandbox_payments WHERE id = $1 FOR UPDATE`, id))
}

// lockDuePayments skips those that another node is at.
func lockDuePayments(ctx context.Context, tx pgx.Tx, limit int) ([]payment, error) {
	rows, err := tx.Query(ctx, `
		SELECT `+paymentColumns+` FROM sandbox_payments WHERE state = 'pending' AND settle_at <= now()
		ORDER BY settle_at LIMIT $1 FOR UPDATE SKIP LOCKED`, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (payment, error) { return scanPayment(row) })
}

// updatePayment writes how p was decided and sets its time.
func updatePayment(ctx context.Context, tx pgx.Tx, p *payment) error {
	return tx.QueryRow(ctx, `
		UPDATE sandbox_payments SET state = $2, paid = $3, reason = $4, settled_at = now() WHERE id = $1 RETURNING settled_at`,
		p.ID, p.State, p.Paid, p.Reason).Scan(&p.Settled)
}

// scanPayment fails with provider.ErrUnknown when there is no row.
func scanPayment(row pgx.Row) (p payment, err error) {
	err = row.Scan(&p.ID, &p.Token, &p.Amount, &p.Paid, &p.Title, &p.ReturnURL, &p.State, &p.Reason,
		&p.Created, &p.SettleAt, &p.SettleAs, &p.Settled, &p.sinceItsSettle)
	if errors.Is(err, pgx.ErrNoRows) {
		err = provider.ErrUnknown
	}
	return p, err
}
