package payments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/id"
	"lifecircle/internal/money"
)

const maxHolds = 100 // that are shown

func (s *Service) readWallet(ctx context.Context, account id.ID) (w Wallet, err error) {
	var (
		q             pgx.Batch
		balance, held int64
		now           time.Time
		want          set[id.ID]
	)
	want.add(account)
	w.Holds = []Hold{}
	q.Queue(`SELECT balance, held, clock_timestamp() FROM accounts WHERE id = $1`, account).
		QueryRow(func(row pgx.Row) error { return row.Scan(&balance, &held, &now) })
	payers := readPayers(&q, want)
	q.Queue(`SELECT id, kind, amount, reason, release_at, created_at FROM holds
		WHERE account_id = $1 AND ended_at IS NULL ORDER BY id DESC LIMIT $2`, account, maxHolds).
		Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var h Hold
				if err := rows.Scan(&h.ID, &h.Kind, &h.Amount, &h.Reason, &h.ReleaseAt, &h.CreatedAt); err != nil {
					return err
				}
				h.ReleaseAt, h.CreatedAt = inUTC(h.ReleaseAt), h.CreatedAt.UTC()
				w.Holds = append(w.Holds, h)
			}
			return rows.Err()
		})
	switch err := s.pool.SendBatch(ctx, &q).Close(); {
	case errors.Is(err, pgx.ErrNoRows):
		return w, errSignIn
	case err != nil:
		return w, fmt.Errorf("read the wallet of %s: %w", account, err)
	}
	w.Balance, w.Held = money.Fen(balance), held
	w.Limits = payers[account].shown(now.UTC(), s.unlimited)
	return w, nil
}

// PlayMoney tells whether wallets hold money that the sandbox or tests gave.
func PlayMoney(ctx context.Context, pool *pgxpool.Pool) (there bool, err error) {
	err = pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM accounts WHERE id IN ($1, $2) AND balance <> 0)`, sandboxAccount, testAccount).Scan(&there)
	if err != nil {
		return false, fmt.Errorf("look for play money: %w", err)
	}
	return there, nil
}
