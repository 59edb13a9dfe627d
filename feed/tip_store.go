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
	q.Queue(`SELECT circle_id, p.id, p.author_id, p.deleted_at IS NOT NULL, coalesce(p.photos @> '[{"review": "pending"}]', false)
		FROM unnest($1::bigint[], $2::bigint[]) AS n (circle_id, id) JOIN posts p USING (circle_id, id) JOIN users u ON u.id = p.author_id
		ORDER BY circle_id, p.id FOR SHARE OF p`, circles, ids).
		Query(func(rows pgx.Rows) error {
			var (
				post id.Post
				one  tipped
			)
			return each(rows, []any{&post.Circle, &post.Post, &one.author, &one.deleted, &one.unreviewed}, func() { out[post] = one })
		})
	return out
}

// queueTippers reads the rights of the actors, whose age matters everywhere,
// and their roles and follows in those of the circles that have rules.
func (b *batch) queueTippers(q *pgx.Batch, circles, actors []id.ID) {
	if len(circles) == 0 || len(actors) == 0 {
		return
	}
	b.followed = map[membership]bool{}
	q.Queue(`SELECT c.id, n.user_id, coalesce(m.role, ''), f.user_id IS NOT NULL
		FROM circles c CROSS JOIN (SELECT DISTINCT unnest($2::bigint[]) AS user_id) n
		LEFT JOIN circle_members m ON m.circle_id = c.id AND m.user_id = n.user_id
		LEFT JOIN follows f ON f.circle_id = c.id AND f.user_id = n.user_id
		WHERE c.id = ANY($1::bigint[]) AND c.ruled`, circles, actors).
		Query(func(rows pgx.Rows) error {
			var (
				m       membership
				role    string
				follows bool
			)
			return each(rows, []any{&m.circle, &m.user, &role, &follows}, func() { b.roles[m], b.followed[m] = role, follows })
		})
	b.rights = b.s.rights.Queue(q, actors)
	b.queueClock(q)
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
