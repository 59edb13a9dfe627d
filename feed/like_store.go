package feed

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
)

// readLikes marks which of the likes exist. Their posts' counts are locked
// before, so nobody changes them meanwhile.
func readLikes(q *pgx.Batch, likes []like) map[like]*mark {
	out := make(map[like]*mark, len(likes))
	if len(likes) == 0 {
		return out
	}
	circles, posts, users := make([]id.ID, 0, len(likes)), make([]id.ID, 0, len(likes)), make([]id.ID, 0, len(likes))
	marks := make([]mark, len(likes))
	for i, l := range likes {
		if out[l] != nil {
			continue // two commands for the same one
		}
		out[l] = &marks[i]
		circles, posts, users = append(circles, l.post.Circle), append(posts, l.post.Post), append(users, l.user)
	}
	q.Queue(`SELECT l.circle_id, l.post_id, l.user_id
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS n (circle_id, post_id, user_id)
		JOIN likes l USING (circle_id, post_id, user_id)`, circles, posts, users).
		Query(func(rows pgx.Rows) error {
			var l like
			return each(rows, []any{&l.post.Circle, &l.post.Post, &l.user}, func() { *out[l] = mark{was: true, is: true} })
		})
	return out
}

func (b *batch) writeLikes(q *pgx.Batch) {
	var made, ended struct{ circles, posts, users []id.ID }
	for l, m := range b.likes {
		to := &made
		if m.was {
			to = &ended
		}
		if m.was != m.is {
			to.circles, to.posts, to.users = append(to.circles, l.post.Circle), append(to.posts, l.post.Post), append(to.users, l.user)
		}
	}
	if len(made.users) > 0 {
		q.Queue(`INSERT INTO likes (circle_id, post_id, user_id) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])`,
			made.circles, made.posts, made.users)
	}
	if len(ended.users) > 0 {
		q.Queue(`DELETE FROM likes l USING unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS n (circle_id, post_id, user_id)
			WHERE l.circle_id = n.circle_id AND l.post_id = n.post_id AND l.user_id = n.user_id`, ended.circles, ended.posts, ended.users)
	}
}

func (s *Service) readLikers(ctx context.Context, a Actor, post id.Post, place []int64, limit int) ([]Liker, error) {
	if _, err := s.readPost(ctx, a, post); err != nil {
		return nil, err
	}
	after := int64(0)
	if place != nil {
		after = place[0]
	}
	rows, err := s.pool.Query(ctx, `SELECT u.id, u.handle, u.display_name, l.created_at FROM likes l JOIN users u ON u.id = l.user_id
		WHERE l.circle_id = $1 AND l.post_id = $2 AND l.user_id > $3 ORDER BY l.user_id LIMIT $4`, post.Circle, post.Post, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read likes of post %s: %w", post, err)
	}
	likers, one := []Liker{}, Liker{}
	if err := each(rows, []any{&one.User.ID, &one.User.Handle, &one.User.DisplayName, &one.CreatedAt}, func() {
		one.CreatedAt = one.CreatedAt.UTC()
		likers = append(likers, one)
	}); err != nil {
		return nil, fmt.Errorf("read likes of post %s: %w", post, err)
	}
	return likers, nil
}
