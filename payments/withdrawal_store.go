package payments

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/money"
	"lifecircle/payments/provider"
)

// withdrawalRow is a withdrawal as it is stored.
type withdrawalRow struct {
	id, account id.ID
	provider    string
	amount      int64
	to          string
	status      Status
	ref, reason string
	at          time.Time
	ended       *time.Time
	looks       int // how often the provider was asked

	isNew, changed bool
}

const withdrawalColumns = `w.id, w.account_id, w.provider, w.amount, w.destination, w.status, w.ref, w.reason, w.created_at, w.ended_at, w.looks`

func (r *withdrawalRow) targets() []any {
	return []any{&r.id, &r.account, &r.provider, &r.amount, &r.to, &r.status, &r.ref, &r.reason, &r.at, &r.ended, &r.looks}
}

func (r *withdrawalRow) shown() Withdrawal {
	return Withdrawal{
		ID: r.id, Status: r.status, Amount: r.amount, Currency: money.CNY, Provider: r.provider, Destination: r.to,
		Reason: r.reason, CreatedAt: r.at.UTC(), EndedAt: inUTC(r.ended),
	}
}

func (r *withdrawalRow) end(status Status, e provider.Event, now time.Time) {
	r.status, r.reason, r.ref, r.ended, r.changed = status, e.Reason, e.Ref, &now, true
}

func (r *withdrawalRow) payout() provider.Payout {
	return provider.Payout{ID: r.id.String(), Amount: money.Fen(r.amount), To: r.to, Title: "Life Circle"}
}

func lockWithdrawals(q *pgx.Batch, withdrawals set[id.ID]) map[id.ID]*withdrawalRow {
	out := make(map[id.ID]*withdrawalRow, len(withdrawals))
	if len(withdrawals) == 0 {
		return out
	}
	q.Queue(`SELECT `+withdrawalColumns+` FROM withdrawals w WHERE w.id = ANY($1::bigint[]) ORDER BY w.id FOR UPDATE`, sortedKeys(withdrawals)).
		Query(func(rows pgx.Rows) error {
			found, err := scanWithdrawals(rows)
			for i := range found {
				out[found[i].id] = &found[i]
			}
			return err
		})
	return out
}

func scanWithdrawals(rows pgx.Rows) (out []withdrawalRow, err error) {
	for rows.Next() {
		var r withdrawalRow
		if err := rows.Scan(r.targets()...); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	rows.Close()
	return out, rows.Err()
}

func (b *batch) writeWithdrawals(q *pgx.Batch) {
	for _, withdrawal := range sortedKeys(b.withdrawals) { // few: not worth a statement for all
		switch r := b.withdrawals[withdrawal]; {
		case r.isNew:
			q.Queue(`INSERT INTO withdrawals (id, account_id, provider, amount, destination, status, created_at, next_look_at)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $7)`, r.id, r.account, r.provider, r.amount, r.to, r.status, r.at)
		case r.changed:
			q.Queue(`UPDATE withdrawals SET status = $2, ref = $3, reason = $4, ended_at = $5, next_look_at = NULL WHERE id = $1`,
				r.id, r.status, r.ref, r.reason, r.ended)
		}
	}
}

func (s *Service) readWithdrawal(ctx context.Context, withdrawal id.ID) (r withdrawalRow, err error) {
	err = s.pool.QueryRow(ctx, `SELECT `+withdrawalColumns+` FROM withdrawals w WHERE w.id = $1`, withdrawal).Scan(r.targets()...)
	return r, err
}

// claimWithdrawals returns at most so many withdrawals that are to be paid out or asked about,
// and puts off the next look, so that no other node takes them meanwhile. Those of providers
// that only other nodes have are left to them.
func (s *Service) claimWithdrawals(ctx context.Context, most int) ([]withdrawalRow, error) {
	rows, err := s.pool.Query(ctx, `UPDATE withdrawals w SET next_look_at = now() + least($3 + interval '1 second' * 2 ^ least(w.looks, 12), $2), looks = w.looks + 1
		WHERE w.id = ANY (ARRAY(SELECT id FROM withdrawals WHERE next_look_at <= now() AND provider = ANY($4) ORDER BY next_look_at LIMIT $1 FOR UPDATE SKIP LOCKED))
		RETURNING `+withdrawalColumns, most, longestPause, callTime, s.Providers())
	if err != nil {
		return nil, fmt.Errorf("claim withdrawals: %w", err)
	}
	return scanWithdrawals(rows)
}

// countOrphans returns how many withdrawals wait for a provider that this node
// does not have.
func (s *Service) countOrphans(ctx context.Context) (n int64, err error) {
	err = s.pool.QueryRow(ctx, `SELECT count(*) FROM withdrawals WHERE next_look_at IS NOT NULL AND provider <> ALL($1)`, s.Providers()).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count withdrawals of other providers: %w", err)
	}
	return n, nil
}
