package feed

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/circlelog"
	"lifecircle/internal/id"
)

// readPane shows the posts of a pane to a viewer, with their counts as they
// are now. ok is false if the circle's log has moved on from the pane.
func (s *Service) readPane(ctx context.Context, a Actor, circle id.ID, p pane) (page PostPage, ok bool, err error) {
	var (
		q       pgx.Batch
		head    circlelog.Position
		counted = make(map[id.ID]PostView, len(p.posts))
		ids     = make([]id.ID, len(p.posts))
	)
	for i := range p.posts {
		ids[i] = p.posts[i].ID.Post
	}
	q.Queue(`SELECT head_offset, epoch FROM circle_heads WHERE circle_id = $1`, circle).
		QueryRow(func(row pgx.Row) error { return row.Scan(&head.Offset, &head.Epoch) })
	viewer := s.queueGlance(&q, a, circle)
	q.Queue(`SELECT c.post_id, c.version, c.likes, c.comments, c.tip_count, c.tip_total,
			$1::bigint <> 0 AND EXISTS (SELECT FROM likes l WHERE l.circle_id = $2 AND l.post_id = c.post_id AND l.user_id = $1)
		FROM unnest($3::bigint[]) AS n (post_id) JOIN post_counts c ON c.circle_id = $2 AND c.post_id = n.post_id`, a.User, circle, ids).
		Query(func(rows pgx.Rows) error {
			var (
				post id.ID
				v    PostView
			)
			return each(rows, []any{&post, &v.Counts.Version, &v.Counts.Likes, &v.Counts.Comments, &v.Counts.TipCount, &v.Counts.TipTotal, &v.Liked}, func() {
				counted[post] = v
			})
		})
	err = s.pool.SendBatch(ctx, &q).Close()
	if errors.Is(err, pgx.ErrNoRows) {
		return page, false, errCircleNotFound
	}
	if err != nil {
		return page, false, fmt.Errorf("read counts of circle %s: %w", circle, err)
	}
	who := viewer.standing()
	if who.closed() {
		return page, false, errCircleNotFound
	}
	if head != p.position {
		return page, false, nil
	}
	page.Position, page.Items = head, make([]PostView, len(p.posts))
	for i := range p.posts {
		v := counted[ids[i]]
		counts := v.Counts
		v.Post = p.posts[i]
		v.Counts = counts
		v.Can = who.of(&v.Post, a).canWithPost()
		page.Items[i] = v
	}
	return page, true, nil
}
