package feed

import (
	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/media"
)

// writePhotos stores which posts have taken which photos, and what flags and
// reviews have changed, with the photos and with the posts that show them.
func (b *batch) writePhotos(q *pgx.Batch) {
	if len(b.taken) > 0 {
		posts := make([]id.Post, len(b.taken))
		for i, photo := range b.taken {
			posts[i] = b.photos[photo].Post
		}
		media.Take(q, b.taken, posts)
	}
	if len(b.flagged) == 0 {
		return
	}
	for _, row := range b.flagged {
		row.Write(q)
	}
	var (
		circles, ids []id.ID
		photos       []*string
	)
	for post, p := range b.posts {
		if p.flagged && !b.counts[post].deleted {
			circles, ids, photos = append(circles, post.Circle), append(ids, post.Post), append(photos, p.storedPhotos())
		}
	}
	q.Queue(`UPDATE posts p SET photos = n.photos::jsonb FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS n (circle_id, id, photos)
		WHERE p.circle_id = n.circle_id AND p.id = n.id`, circles, ids, photos)
}
