package payments

import (
	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
)

// refundRow is a refund as it is stored.
type refundRow struct {
	tip         id.Comment
	id          id.ID
	amount      int64
	parts       parts
	reservePaid int64
	reason      string
	by          id.ID
	transfer    id.ID
}

// readRefunds queues the reading of what was given back of tips; they are
// locked before. The tips to add to are known once the queue was sent.
func readRefunds(q *pgx.Batch, tips map[id.Comment]*tipRow, wanted set[id.Comment]) {
	if len(wanted) == 0 {
		return
	}
	circles, posts, ids := tipColumnsOf(wanted)
	q.Queue(`SELECT r.circle_id, r.post_id, r.tip_id, sum(r.author_part)::bigint, sum(r.partner_part)::bigint, sum(r.platform_part)::bigint
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS n (circle_id, post_id, tip_id) JOIN refunds r USING (circle_id, post_id, tip_id)
		GROUP BY 1, 2, 3`, circles, posts, ids).
		Query(func(rows pgx.Rows) error {
			var (
				name id.Comment
				p    parts
			)
			return each(rows, []any{&name.Circle, &name.Post, &name.Comment, &p.author, &p.partner, &p.platform}, func() {
				if t := tips[name]; t != nil {
					t.returned = p
				}
			})
		})
}

func (b *batch) writeRefunds(q *pgx.Batch) {
	for _, r := range b.newRefunds { // few: not worth a statement for all
		q.Queue(`INSERT INTO refunds (circle_id, post_id, tip_id, id, amount, author_part, partner_part, platform_part, reserve_paid, reason, by_id, transfer_id, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
			r.tip.Circle, r.tip.Post, r.tip.Comment, r.id, r.amount, r.parts.author, r.parts.partner, r.parts.platform, r.reservePaid, r.reason, r.by, r.transfer, b.now)
	}
}
