package feed

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
)

// findPostsBy returns which posts of a person follow place (nil: the newest).
func (s *Service) findPostsBy(ctx context.Context, author id.ID, place []int64, limit int) (found []id.Post, err error) {
	before, circle := int64(math.MaxInt64), int64(math.MaxInt64)
	if place != nil {
		before, circle = place[0], place[1]
	}
	var q pgx.Batch
	q.Queue(`SELECT FROM users WHERE id = $1`, author).QueryRow(func(row pgx.Row) error { return row.Scan() })
	q.Queue(`SELECT circle_id, id FROM posts WHERE author_id = $1 AND deleted_at IS NULL AND (id, circle_id) < ($2, $3)
		ORDER BY id DESC, circle_id DESC LIMIT $4`, author, before, circle, limit).
		Query(func(rows pgx.Rows) error {
			var post id.Post
			return each(rows, []any{&post.Circle, &post.Post}, func() { found = append(found, post) })
		})
	switch err := s.pool.SendBatch(ctx, &q).Close(); {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, errUserNotFound
	case err != nil:
		return nil, fmt.Errorf("find posts by %s: %w", author, err)
	}
	return found, nil
}

// readOpen reads those of the posts whose circles are open to the actor, newest
// first.
func (s *Service) readOpen(ctx context.Context, a Actor, posts []id.Post) ([]PostView, error) {
	items := []PostView{}
	if len(posts) == 0 {
		return items, nil
	}
	var (
		q       pgx.Batch
		in, ids = make([]id.ID, len(posts)), make([]id.ID, len(posts))
		follows = map[id.ID]bool{}
		closed  = map[id.ID]bool{}
	)
	for i, p := range posts {
		in[i], ids[i] = p.Circle, p.Post
	}
	viewer := s.queueViewer(&q, a)
	rulings := s.queueRulings(&q, in)
	q.Queue(`SELECT circle_id FROM follows WHERE user_id = $1 AND circle_id = ANY($2::bigint[])`, a.User, in).
		Query(func(rows pgx.Rows) error {
			var circle id.ID
			return each(rows, []any{&circle}, func() { follows[circle] = true })
		})
	here := func(circle id.ID, role string) standing {
		who := viewer.in(rulings[circle], role, follows[circle])
		closed[circle] = who.closed()
		return who
	}
	var all []PostView
	q.Queue(`SELECT `+postColumns+circleName+` FROM unnest($2::bigint[], $3::bigint[]) AS n (circle_id, id) JOIN posts p USING (circle_id, id) `+postTables+`
		WHERE p.deleted_at IS NULL ORDER BY p.id DESC, p.circle_id DESC`, a.User, in, ids).
		Query(func(rows pgx.Rows) (err error) { all, err = scanPosts(rows, a, here); return err })
	if err := s.pool.SendBatch(ctx, &q).Close(); err != nil {
		return nil, fmt.Errorf("read %d posts of a person: %w", len(posts), err)
	}
	for _, p := range all {
		if !closed[p.CircleID] {
			items = append(items, p)
		}
	}
	return items, nil
}
