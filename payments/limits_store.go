package payments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
)

const payerColumns = `per_tip, per_day, per_month, next_per_tip, next_per_day, next_per_month, next_at, day, day_spent, month, month_spent`

func (p *payerRow) targets() []any {
	return []any{
		&p.own.perTip, &p.own.perDay, &p.own.perMonth, &p.next.perTip, &p.next.perDay, &p.next.perMonth, &p.nextAt,
		&p.day, &p.dayFen, &p.month, &p.monthFen,
	}
}

// readPayers queues the reading of what people may tip; their accounts are
// locked before. Who has no row has the standard limits and has tipped nothing.
func readPayers(q *pgx.Batch, accounts set[id.ID]) map[id.ID]*payerRow {
	out := make(map[id.ID]*payerRow, len(accounts))
	if len(accounts) == 0 {
		return out
	}
	for a := range accounts {
		out[a] = &payerRow{}
	}
	q.Queue(`SELECT account_id, `+payerColumns+` FROM payers WHERE account_id = ANY($1::bigint[])`, sortedKeys(accounts)).
		Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var (
					account id.ID
					p       payerRow
				)
				if err := rows.Scan(append([]any{&account}, p.targets()...)...); err != nil {
					return err
				}
				out[account] = &p
			}
			return rows.Err()
		})
	return out
}

func (b *batch) writePayers(q *pgx.Batch) {
	var (
		accounts            []id.ID
		days, months        []time.Time
		daySpent, monthSpen []int64
	)
	for _, account := range sortedKeys(b.payers) {
		if p := b.payers[account]; p.changed {
			accounts = append(accounts, account)
			days, months = append(days, p.day), append(months, p.month)
			daySpent, monthSpen = append(daySpent, p.dayFen), append(monthSpen, p.monthFen)
		}
	}
	if len(accounts) > 0 {
		q.Queue(`INSERT INTO payers (account_id, day, day_spent, month, month_spent)
			SELECT * FROM unnest($1::bigint[], $2::date[], $3::bigint[], $4::date[], $5::bigint[])
			ON CONFLICT (account_id) DO UPDATE SET day = excluded.day, day_spent = excluded.day_spent,
				month = excluded.month, month_spent = excluded.month_spent`, accounts, days, daySpent, months, monthSpen)
	}
}

// lockPayer locks an account and reads what its owner may tip, and the time.
func lockPayer(ctx context.Context, tx pgx.Tx, account id.ID) (p *payerRow, now time.Time, err error) {
	var (
		q     pgx.Batch
		want  set[id.ID]
		found bool
	)
	want.add(account)
	q.Queue(`SELECT TRUE FROM accounts WHERE id = $1 FOR UPDATE`, account).QueryRow(func(row pgx.Row) error { return row.Scan(&found) })
	payers := readPayers(&q, want)
	q.Queue(`SELECT clock_timestamp()`).QueryRow(func(row pgx.Row) error { return row.Scan(&now) })
	switch err := tx.SendBatch(ctx, &q).Close(); {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, now, errSignIn
	case err != nil:
		return nil, now, fmt.Errorf("read the limits of %s: %w", account, err)
	}
	return payers[account], now.UTC().Truncate(time.Microsecond), nil
}

func writeLimits(ctx context.Context, tx pgx.Tx, account id.ID, p *payerRow) error {
	_, err := tx.Exec(ctx, `INSERT INTO payers (account_id, per_tip, per_day, per_month, next_per_tip, next_per_day, next_per_month, next_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (account_id) DO UPDATE SET per_tip = excluded.per_tip, per_day = excluded.per_day, per_month = excluded.per_month,
			next_per_tip = excluded.next_per_tip, next_per_day = excluded.next_per_day, next_per_month = excluded.next_per_month, next_at = excluded.next_at`,
		account, p.own.perTip, p.own.perDay, p.own.perMonth, p.next.perTip, p.next.perDay, p.next.perMonth, p.nextAt)
	if err != nil {
		return fmt.Errorf("write the limits of %s: %w", account, err)
	}
	return nil
}
