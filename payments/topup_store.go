package payments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/money"
	"lifecircle/payments/provider"
)

// topUpRow is a top-up as it is stored.
type topUpRow struct {
	id, account id.ID
	provider    string
	amount      int64
	status      Status
	ref, url    string
	reason      string
	at, expires time.Time
	ended       *time.Time
	looks       int // how often the provider was asked

	changed bool
}

const topUpColumns = `t.id, t.account_id, t.provider, t.amount, t.status, t.ref, t.checkout_url, t.reason, t.created_at, t.expires_at, t.ended_at, t.looks`

func (r *topUpRow) targets() []any {
	return []any{&r.id, &r.account, &r.provider, &r.amount, &r.status, &r.ref, &r.url, &r.reason, &r.at, &r.expires, &r.ended, &r.looks}
}

func (r *topUpRow) shown() TopUp {
	return TopUp{
		ID: r.id, Status: r.status, Amount: r.amount, Currency: money.CNY, Provider: r.provider, CheckoutURL: r.url,
		Reason: r.reason, CreatedAt: r.at.UTC(), ExpiresAt: r.expires.UTC(), EndedAt: inUTC(r.ended),
	}
}

func inUTC(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

func (r *topUpRow) end(status Status, e provider.Event, now time.Time) {
	r.status, r.reason, r.ended, r.changed = status, e.Reason, &now, true
	if e.Ref != "" {
		r.ref = e.Ref
	}
}

func lockTopUps(q *pgx.Batch, topups set[id.ID]) map[id.ID]*topUpRow {
	out := make(map[id.ID]*topUpRow, len(topups))
	if len(topups) == 0 {
		return out
	}
	q.Queue(`SELECT `+topUpColumns+` FROM topups t WHERE t.id = ANY($1::bigint[]) ORDER BY t.id FOR UPDATE`, sortedKeys(topups)).
		Query(func(rows pgx.Rows) error {
			found, err := scanTopUps(rows)
			for i := range found {
				out[found[i].id] = &found[i]
			}
			return err
		})
	return out
}

func scanTopUps(rows pgx.Rows) (out []topUpRow, err error) {
	for rows.Next() {
		var r topUpRow
		if err := rows.Scan(r.targets()...); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	rows.Close()
	return out, rows.Err()
}

func (b *batch) writeTopUps(q *pgx.Batch) {
	for _, topup := range sortedKeys(b.topups) { // few: not worth a statement for all
		if r := b.topups[topup]; r.changed {
			q.Queue(`UPDATE topups SET status = $2, ref = $3, reason = $4, ended_at = $5, next_look_at = NULL WHERE id = $1`,
				r.id, r.status, r.ref, r.reason, r.ended)
		}
	}
}

func insertTopUp(ctx context.Context, tx pgx.Tx, r topUpRow) error {
	_, err := tx.Exec(ctx, `INSERT INTO topups (id, account_id, provider, amount, status, ref, checkout_url, created_at, expires_at, next_look_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		r.id, r.account, r.provider, r.amount, r.status, r.ref, r.url, r.at, r.expires, r.at.Add(firstLook))
	if err != nil {
		return fmt.Errorf("write top-up %s: %w", r.id, err)
	}
	return nil
}

// writeCheckout notes where a top-up is paid, unless its end was told already.
func writeCheckout(ctx context.Context, tx pgx.Tx, r topUpRow) error {
	_, err := tx.Exec(ctx, `UPDATE topups SET checkout_url = $2, ref = CASE WHEN ref = '' THEN $3 ELSE ref END WHERE id = $1`, r.id, r.url, r.ref)
	if err != nil {
		return fmt.Errorf("write the checkout of top-up %s: %w", r.id, err)
	}
	return nil
}

// requireAccount refuses who has no account or a suspended one.
func requireAccount(ctx context.Context, tx pgx.Tx, user id.ID) error {
	var banned bool
	switch err := tx.QueryRow(ctx, `SELECT banned_at IS NOT NULL FROM users WHERE id = $1`, user).Scan(&banned); {
	case errors.Is(err, pgx.ErrNoRows):
		return errSignIn
	case err != nil:
		return fmt.Errorf("read account %s: %w", user, err)
	case banned:
		return errSuspended
	}
	return nil
}

func (s *Service) readTopUp(ctx context.Context, topup id.ID) (r topUpRow, err error) {
	err = s.pool.QueryRow(ctx, `SELECT `+topUpColumns+` FROM topups t WHERE t.id = $1`, topup).Scan(r.targets()...)
	return r, err
}

// claimTopUps returns at most so many top-ups of which the provider is to be asked, and puts
// off the next look, so that no other node asks meanwhile. Those of providers that
// only other nodes have are left to them.
func (s *Service) claimTopUps(ctx context.Context, most int) ([]topUpRow, error) {
	rows, err := s.pool.Query(ctx, `UPDATE topups t SET next_look_at = now() + least($3 + interval '10 seconds' * 2 ^ least(t.looks, 8), $2), looks = t.looks + 1
		WHERE t.id = ANY (ARRAY(SELECT id FROM topups WHERE next_look_at <= now() AND provider = ANY($4) ORDER BY next_look_at LIMIT $1 FOR UPDATE SKIP LOCKED))
		RETURNING `+topUpColumns, most, longestPause, callTime, s.Providers())
	if err != nil {
		return nil, fmt.Errorf("claim top-ups: %w", err)
	}
	return scanTopUps(rows)
}
