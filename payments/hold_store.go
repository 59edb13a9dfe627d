package payments

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
)

// holdKey names a hold.
type holdKey struct{ account, hold id.ID }

// holdRow is a hold as it is stored. The lock of its account guards it.
type holdRow struct {
	kind    string
	amount  int64
	reason  string
	release *time.Time
	outcome string // empty: it is open

	isNew, changed bool
}

func readHolds(q *pgx.Batch, holds set[holdKey]) map[holdKey]*holdRow {
	out := make(map[holdKey]*holdRow, len(holds))
	if len(holds) == 0 {
		return out
	}
	accounts, ids := holdColumns(maps.Keys(holds))
	q.Queue(`SELECT h.account_id, h.id, h.kind, h.amount, h.reason, h.release_at, coalesce(h.outcome, '')
		FROM unnest($1::bigint[], $2::bigint[]) AS n (account_id, id) JOIN holds h USING (account_id, id)`, accounts, ids).
		Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var (
					key holdKey
					h   holdRow
				)
				if err := rows.Scan(&key.account, &key.hold, &h.kind, &h.amount, &h.reason, &h.release, &h.outcome); err != nil {
					return err
				}
				out[key] = &h
			}
			return rows.Err()
		})
	return out
}

func holdColumns(keys func(func(holdKey) bool)) (accounts, ids []id.ID) {
	for _, k := range slices.SortedFunc(keys, func(a, b holdKey) int {
		return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.hold, b.hold))
	}) {
		accounts, ids = append(accounts, k.account), append(ids, k.hold)
	}
	return accounts, ids
}

func (b *batch) writeHolds(q *pgx.Batch) {
	accounts, ids := holdColumns(maps.Keys(b.holds))
	for i := range ids { // few: not worth a statement for all
		h := b.holds[holdKey{accounts[i], ids[i]}]
		var ended *time.Time
		if h.outcome != "" {
			ended = &b.now
		}
		switch {
		case h.isNew:
			q.Queue(`INSERT INTO holds (account_id, id, kind, amount, reason, release_at, created_at, ended_at, outcome)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, nullif($9, ''))`, accounts[i], ids[i], h.kind, h.amount, h.reason, h.release, b.now, ended, h.outcome)
		case h.changed:
			q.Queue(`UPDATE holds SET ended_at = $3, outcome = $4 WHERE account_id = $1 AND id = $2`, accounts[i], ids[i], b.now, h.outcome)
		}
	}
}

const dueHolds = 100 // released in one look

// readDueHolds returns holds whose time has come.
func (s *Service) readDueHolds(ctx context.Context) ([]holdKey, error) {
	rows, err := s.pool.Query(ctx, `SELECT account_id, id FROM holds
		WHERE ended_at IS NULL AND release_at <= now() ORDER BY release_at LIMIT $1`, dueHolds)
	if err != nil {
		return nil, fmt.Errorf("read holds that are due: %w", err)
	}
	var (
		due []holdKey
		one holdKey
	)
	if err := each(rows, []any{&one.account, &one.hold}, func() { due = append(due, one) }); err != nil {
		return nil, fmt.Errorf("read holds that are due: %w", err)
	}
	return due, nil
}
