package payments

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
)

const (
	contractColumns = `c.version, c.author_share, c.partner_share, c.platform_share, c.partner_id, c.max_tip,
		c.owner_signed_at, c.partner_signed_at, c.in_force_at`
	maxHistory = 50 // versions that are shown
)

func (c *Contract) targets() []any {
	return []any{&c.Version, &c.Author, &c.Partner, &c.Platform, &c.PartnerID, &c.MaxTip, &c.OwnerSignedAt, &c.PartnerSignedAt, &c.InForceAt}
}

// scanContracts reads rows that end with contractColumns, each with what
// before takes from its front.
func scanContracts(rows pgx.Rows, before []any, take func(Contract)) error {
	for rows.Next() {
		var c Contract
		if err := rows.Scan(append(before[:len(before):len(before)], c.targets()...)...); err != nil {
			return err
		}
		for _, at := range []**time.Time{&c.OwnerSignedAt, &c.PartnerSignedAt, &c.InForceAt} {
			if *at != nil {
				utc := (*at).UTC()
				*at = &utc
			}
		}
		take(c)
	}
	return rows.Err()
}

// readContracts queues the reading of the terms in force of the circles.
func readContracts(q *pgx.Batch, circles set[id.ID]) map[id.ID]Contract {
	out := make(map[id.ID]Contract, len(circles))
	if len(circles) == 0 {
		return out
	}
	for c := range circles {
		out[c] = standard()
	}
	q.Queue(`SELECT n.circle_id, `+contractColumns+` FROM unnest($1::bigint[]) AS n (circle_id) CROSS JOIN LATERAL (
			SELECT * FROM contracts WHERE circle_id = n.circle_id AND in_force_at IS NOT NULL ORDER BY version DESC LIMIT 1) c`, sortedKeys(circles)).
		Query(func(rows pgx.Rows) error {
			var circle id.ID
			return scanContracts(rows, []any{&circle}, func(c Contract) { out[circle] = c })
		})
	return out
}

// contract returns the terms in force of one circle.
func (s *Service) contract(ctx context.Context, circle id.ID) (Contract, error) {
	var (
		q    pgx.Batch
		want set[id.ID]
	)
	want.add(circle)
	found := readContracts(&q, want)
	if err := s.pool.SendBatch(ctx, &q).Close(); err != nil {
		return Contract{}, fmt.Errorf("read the contract of circle %s: %w", circle, err)
	}
	return found[circle], nil
}

// readHistory reads the newest versions and what is in force, which may be
// older than those.
func (s *Service) readHistory(ctx context.Context, circle id.ID) (out Contracts, err error) {
	var (
		q      pgx.Batch
		exists bool
		want   set[id.ID]
	)
	want.add(circle)
	out.History = []Contract{}
	q.Queue(`SELECT EXISTS (SELECT FROM circles WHERE id = $1)`, circle).QueryRow(func(row pgx.Row) error { return row.Scan(&exists) })
	q.Queue(`SELECT `+contractColumns+` FROM contracts c WHERE circle_id = $1 ORDER BY version DESC LIMIT $2`, circle, maxHistory).
		Query(func(rows pgx.Rows) error {
			return scanContracts(rows, nil, func(c Contract) { out.History = append(out.History, c) })
		})
	current := readContracts(&q, want)
	if err := s.pool.SendBatch(ctx, &q).Close(); err != nil {
		return out, fmt.Errorf("read the contracts of circle %s: %w", circle, err)
	}
	if !exists {
		return out, errCircleNotFound
	}
	out.Current = current[circle]
	return out, nil
}

// readLast returns the newest version, the zero Contract if there is none, and
// the time. The circle's members are locked, so nobody else signs meanwhile.
func readLast(ctx context.Context, tx pgx.Tx, circle id.ID) (last Contract, now time.Time, err error) {
	var q pgx.Batch
	q.Queue(`SELECT `+contractColumns+` FROM contracts c WHERE circle_id = $1 ORDER BY version DESC LIMIT 1`, circle).
		Query(func(rows pgx.Rows) error { return scanContracts(rows, nil, func(c Contract) { last = c }) })
	q.Queue(`SELECT clock_timestamp()`).QueryRow(func(row pgx.Row) error { return row.Scan(&now) })
	if err := tx.SendBatch(ctx, &q).Close(); err != nil {
		return last, now, fmt.Errorf("read the last contract of circle %s: %w", circle, err)
	}
	return last, now.UTC().Truncate(time.Microsecond), nil
}

// writeContract stores a new version, or the signatures of one that waits.
func writeContract(ctx context.Context, tx pgx.Tx, circle, by id.ID, role string, c Contract, now time.Time) error {
	var owner *id.ID
	if role == ownerRole {
		owner = &by
	}
	_, err := tx.Exec(ctx, `INSERT INTO contracts AS c (circle_id, version, author_share, partner_share, platform_share, partner_id, max_tip,
			owner_id, owner_signed_at, partner_signed_at, in_force_at, created_by, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (circle_id, version) DO UPDATE SET owner_id = coalesce(c.owner_id, excluded.owner_id),
			owner_signed_at = excluded.owner_signed_at, partner_signed_at = excluded.partner_signed_at, in_force_at = excluded.in_force_at`,
		circle, c.Version, c.Author, c.Partner, c.Platform, c.PartnerID, c.MaxTip, owner, c.OwnerSignedAt, c.PartnerSignedAt, c.InForceAt, by, now)
	if err != nil {
		return fmt.Errorf("write contract %d of circle %s: %w", c.Version, circle, err)
	}
	return nil
}
