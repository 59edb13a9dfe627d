package feed

import (
	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
)

// sharePosts locks the posts against being deleted. One whose author's row is
// gone is not found, as everywhere.
func sharePosts(q *pgx.Batch, posts set[id.Post]) map[id.Post]tipped {
	out := make(map[id.Post]tipped, len(posts))
	if len(posts) == 0 {
		return out
	}
	circles, ids := columns(posts)
	q.Queue(`SELECT circle_id, p.id, p.author_id, p.deleted_at IS NOT NULL
		FROM unnest($1::bigint[], $2::bigint[]) AS n (circle_id, id) JOIN posts p USING (circle_id, id) JOIN users u ON u.id = p.author_id
		ORDER BY circle_id, p.id FOR SHARE OF p`, circles, ids).
		Query(func(rows pgx.Rows) error {
			var (
				post id.Post
				one  tipped
			)
			return each(rows, []any{&post.Circle, &post.Post, &one.author, &one.deleted}, func() { out[post] = one })
		})
	return out
}

func (b *batch) writeTipTotals(q *pgx.Batch) {
	var (
		circles, ids            []id.ID
		versions, tips, amounts []int64
	)
	for post, c := range b.counts {
		if c.changed {
			circles, ids = append(circles, post.Circle), append(ids, post.Post)
			versions, tips, amounts = append(versions, c.Version), append(tips, c.TipCount), append(amounts, c.TipTotal)
		}
	}
	if len(ids) > 0 {
		q.Queue(`UPDATE post_counts c SET version = n.version, tip_count = n.tip_count, tip_total = n.tip_total
			FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS n (circle_id, post_id, version, tip_count, tip_total)
			WHERE c.circle_id = n.circle_id AND c.post_id = n.post_id`, circles, ids, versions, tips, amounts)
	}
}
