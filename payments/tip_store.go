package payments

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
)

// tipRow is a tip as it is stored.
type tipRow struct {
	post       id.Post
	id         id.ID
	payer      id.ID
	author     id.ID
	partner    *id.ID // of the contract that shared it
	amount     int64
	refunded   int64
	parts      parts
	message    string
	visibility Visibility
	contract   int
	transfer   id.ID
	at         time.Time

	returned parts // of each part, by the refunds so far
	changed  bool
}

// name is what the tip is called outside: it tells its post and nothing of
// those who took part in it.
func (r tipRow) name() id.Comment {
	return id.Comment{Circle: r.post.Circle, Post: r.post.Post, Comment: r.id}
}

const tipColumns = `t.circle_id, t.post_id, t.id, t.payer_id, t.author_id, t.partner_id, t.amount, t.refunded,
	t.author_part, t.partner_part, t.platform_part, t.message, t.visibility, t.contract_version, t.transfer_id, t.created_at`

func (r *tipRow) targets() []any {
	return []any{
		&r.post.Circle, &r.post.Post, &r.id, &r.payer, &r.author, &r.partner, &r.amount, &r.refunded,
		&r.parts.author, &r.parts.partner, &r.parts.platform, &r.message, &r.visibility, &r.contract, &r.transfer, &r.at,
	}
}

// lockTips queues the lock of tips that are to be given back.
func lockTips(q *pgx.Batch, tips set[id.Comment]) map[id.Comment]*tipRow {
	out := make(map[id.Comment]*tipRow, len(tips))
	if len(tips) == 0 {
		return out
	}
	circles, posts, ids := tipColumnsOf(tips)
	q.Queue(`SELECT `+tipColumns+` FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS n (circle_id, post_id, id)
		JOIN tips t USING (circle_id, post_id, id) ORDER BY circle_id, post_id, id FOR UPDATE OF t`, circles, posts, ids).
		Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var r tipRow
				if err := rows.Scan(r.targets()...); err != nil {
					return err
				}
				r.at = r.at.UTC()
				out[r.name()] = &r
			}
			return rows.Err()
		})
	return out
}

func tipColumnsOf(tips set[id.Comment]) (circles, posts, ids []id.ID) {
	sorted := make([]id.Comment, 0, len(tips))
	for t := range tips {
		sorted = append(sorted, t)
	}
	slices.SortFunc(sorted, func(a, b id.Comment) int {
		return cmp.Or(cmp.Compare(a.Circle, b.Circle), cmp.Compare(a.Post, b.Post), cmp.Compare(a.Comment, b.Comment))
	})
	for _, t := range sorted {
		circles, posts, ids = append(circles, t.Circle), append(posts, t.Post), append(ids, t.Comment)
	}
	return circles, posts, ids
}

func (b *batch) writeTips(q *pgx.Batch) {
	n := len(b.newTips)
	if n > 0 {
		circles, posts, ids, payers, authors, transfers := make([]id.ID, n), make([]id.ID, n), make([]id.ID, n), make([]id.ID, n), make([]id.ID, n), make([]id.ID, n)
		partners := make([]*int64, n)
		amounts, toAuthor, toPartner, toPlatform := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
		messages, visibilities, contracts := make([]string, n), make([]string, n), make([]int32, n)
		for i, t := range b.newTips {
			circles[i], posts[i], ids[i], payers[i], authors[i], transfers[i] = t.post.Circle, t.post.Post, t.id, t.payer, t.author, t.transfer
			partners[i] = (*int64)(t.partner)
			amounts[i], toAuthor[i], toPartner[i], toPlatform[i] = t.amount, t.parts.author, t.parts.partner, t.parts.platform
			messages[i], visibilities[i], contracts[i] = t.message, string(t.visibility), int32(t.contract) //nolint:gosec // a small number
		}
		q.Queue(`INSERT INTO tips (circle_id, post_id, id, payer_id, author_id, partner_id, amount, author_part, partner_part, platform_part,
				message, visibility, contract_version, transfer_id, created_at)
			SELECT n.*, $15 FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
				$8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::integer[], $14::bigint[]) AS n`,
			circles, posts, ids, payers, authors, partners, amounts, toAuthor, toPartner, toPlatform, messages, visibilities, contracts, transfers, b.now)
	}
	changed := set[id.Comment]{}
	for name, t := range b.tips {
		if t.changed {
			changed.add(name)
		}
	}
	if len(changed) == 0 {
		return
	}
	circles, posts, ids := tipColumnsOf(changed)
	refunded := make([]int64, len(ids))
	for i := range ids {
		refunded[i] = b.tips[id.Comment{Circle: circles[i], Post: posts[i], Comment: ids[i]}].refunded
	}
	q.Queue(`UPDATE tips t SET refunded = n.refunded FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS n (circle_id, post_id, id, refunded)
		WHERE t.circle_id = n.circle_id AND t.post_id = n.post_id AND t.id = n.id`, circles, posts, ids, refunded)
}

// readTips reads the page of a post's tips that follows place (nil: the
// newest), with everything that only some may see, and who paid each.
func (s *Service) readTips(ctx context.Context, post id.Post, place []int64, limit int) (tips []Tip, payers []id.ID, err error) {
	before := int64(math.MaxInt64)
	if place != nil {
		before = place[0]
	}
	rows, err := s.pool.Query(ctx, `SELECT `+tipColumns+`, u.handle, u.display_name, c.tip_total
		FROM tips t JOIN users u ON u.id = t.payer_id JOIN post_counts c USING (circle_id, post_id)
		WHERE t.circle_id = $1 AND t.post_id = $2 AND t.id < $3 ORDER BY t.id DESC LIMIT $4`, post.Circle, post.Post, before, limit)
	if err != nil {
		return nil, nil, fmt.Errorf("read tips of post %s: %w", post, err)
	}
	tips = []Tip{}
	var (
		r     tipRow
		payer Person
		total int64
	)
	if err := each(rows, append(r.targets(), &payer.Handle, &payer.DisplayName, &total), func() {
		r.at = r.at.UTC()
		one := payer
		one.ID = r.payer
		shown := r
		if r.partner != nil {
			partner := *r.partner
			shown.partner = &partner
		}
		tips, payers = append(tips, shown.seenBy(one, total)), append(payers, r.payer)
	}); err != nil {
		return nil, nil, fmt.Errorf("read tips of post %s: %w", post, err)
	}
	return tips, payers, nil
}
