package feed

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
)

// readComments reads who wrote the comments. Their posts' counts are locked
// before, so nobody changes them meanwhile.
func readComments(q *pgx.Batch, comments set[id.Comment]) map[id.Comment]*commentRow {
	out := make(map[id.Comment]*commentRow, len(comments))
	if len(comments) == 0 {
		return out
	}
	var circles, posts, ids []id.ID
	for c := range comments {
		circles, posts, ids = append(circles, c.Circle), append(posts, c.Post), append(ids, c.Comment)
	}
	q.Queue(`SELECT c.circle_id, c.post_id, c.id, c.author_id, c.deleted_at IS NOT NULL
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS n (circle_id, post_id, id)
		JOIN comments c USING (circle_id, post_id, id)`, circles, posts, ids).
		Query(func(rows pgx.Rows) error {
			var (
				c id.Comment
				r commentRow
			)
			return each(rows, []any{&c.Circle, &c.Post, &c.Comment, &r.author, &r.deleted}, func() {
				one := r
				out[c] = &one
			})
		})
	return out
}

func (b *batch) writeComments(q *pgx.Batch) {
	if n := len(b.newComments); n > 0 {
		circles, posts, ids, authors := make([]id.ID, n), make([]id.ID, n), make([]id.ID, n), make([]id.ID, n)
		replies, texts := make([]*id.ID, n), make([]string, n)
		for i, c := range b.newComments {
			circles[i], posts[i], ids[i], authors[i], texts[i] = c.CircleID, c.PostID.Post, c.ID.Comment, c.Author.ID, c.Text
			if c.ReplyTo != nil {
				replies[i] = &c.ReplyTo.Comment
			}
		}
		q.Queue(`INSERT INTO comments (circle_id, post_id, id, author_id, reply_to, text, created_at)
			SELECT n.*, $7 FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[]) AS n`,
			circles, posts, ids, authors, replies, texts, b.now)
	}
	var circles, posts, ids, by []id.ID
	for c, r := range b.comments {
		if r.changed {
			circles, posts, ids, by = append(circles, c.Circle), append(posts, c.Post), append(ids, c.Comment), append(by, r.deletedBy)
		}
	}
	if len(ids) > 0 {
		q.Queue(`UPDATE comments c SET deleted_at = $5, deleted_by = n.by_id
			FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS n (circle_id, post_id, id, by_id)
			WHERE c.circle_id = n.circle_id AND c.post_id = n.post_id AND c.id = n.id`, circles, posts, ids, by, b.now)
	}
}

func (s *Service) readCommentPage(ctx context.Context, a Actor, post id.Post, place []int64, limit int) ([]Comment, error) {
	if _, err := s.readPost(ctx, a, post); err != nil {
		return nil, err
	}
	after := int64(0)
	if place != nil {
		after = place[0]
	}
	rows, err := s.pool.Query(ctx, `SELECT c.id, c.reply_to, c.text, c.created_at, u.id, u.handle, u.display_name
		FROM comments c JOIN users u ON u.id = c.author_id
		WHERE c.circle_id = $1 AND c.post_id = $2 AND c.id > $3 AND c.deleted_at IS NULL ORDER BY c.id LIMIT $4`, post.Circle, post.Post, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read comments of post %s: %w", post, err)
	}
	var (
		comments = []Comment{}
		one      = Comment{PostID: post, CircleID: post.Circle}
		replyTo  *id.ID
	)
	one.ID.Circle, one.ID.Post = post.Circle, post.Post
	if err := each(rows, []any{&one.ID.Comment, &replyTo, &one.Text, &one.CreatedAt, &one.Author.ID, &one.Author.Handle, &one.Author.DisplayName}, func() {
		c := one
		c.CreatedAt = c.CreatedAt.UTC()
		if replyTo != nil {
			c.ReplyTo = &id.Comment{Circle: post.Circle, Post: post.Post, Comment: *replyTo}
		}
		comments = append(comments, c)
	}); err != nil {
		return nil, fmt.Errorf("read comments of post %s: %w", post, err)
	}
	return comments, nil
}
