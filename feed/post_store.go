package feed

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/media"
	"lifecircle/internal/problem"
)

func readPosts(q *pgx.Batch, posts set[id.Post]) map[id.Post]*postRow {
	out := make(map[id.Post]*postRow, len(posts))
	if len(posts) == 0 {
		return out
	}
	circles, ids := columns(posts)
	q.Queue(`SELECT p.circle_id, p.id, p.text, p.photos, p.created_at, p.edited_at, u.id, u.handle, u.display_name
		FROM unnest($1::bigint[], $2::bigint[]) AS n (circle_id, id) JOIN posts p USING (circle_id, id) JOIN users u ON u.id = p.author_id`, circles, ids).
		Query(func(rows pgx.Rows) error {
			var r postRow
			return each(rows, []any{
				&r.ID.Circle, &r.ID.Post, &r.Text, &r.Photos, &r.CreatedAt, &r.EditedAt,
				&r.Author.ID, &r.Author.Handle, &r.Author.DisplayName,
			}, func() {
				one := r
				one.complete()
				out[one.ID] = &one
			})
		})
	return out
}

// complete fills in what follows from the columns that were read.
func (p *Post) complete() {
	p.CircleID = p.ID.Circle
	if p.Photos == nil {
		p.Photos = []media.Photo{}
	}
	p.CreatedAt = p.CreatedAt.UTC()
	if p.EditedAt != nil {
		at := p.EditedAt.UTC()
		p.EditedAt = &at
	}
}

func (b *batch) writePosts(q *pgx.Batch) {
	if n := len(b.newPosts); n > 0 {
		circles, ids, authors := make([]id.ID, n), make([]id.ID, n), make([]id.ID, n)
		texts, photos := make([]string, n), make([]*string, n)
		for i := range b.newPosts {
			p := &b.newPosts[i]
			circles[i], ids[i], authors[i], texts[i], photos[i] = p.CircleID, p.ID.Post, p.Author.ID, p.Text, p.storedPhotos()
		}
		q.Queue(`INSERT INTO posts (circle_id, id, author_id, text, photos, created_at)
			SELECT circle_id, id, author_id, text, photos::jsonb, $6
			FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[]) AS n (circle_id, id, author_id, text, photos)`,
			circles, ids, authors, texts, photos, b.now)
		q.Queue(`INSERT INTO post_counts (circle_id, post_id) SELECT * FROM unnest($1::bigint[], $2::bigint[])`, circles, ids)
	}
	var (
		circles, ids, by []id.ID
		texts            []string
		deleted          []bool
	)
	for post, p := range b.posts {
		if p.changed {
			circles, ids, texts, deleted = append(circles, post.Circle), append(ids, post.Post), append(texts, p.Text), append(deleted, b.counts[post].deleted)
			by = append(by, p.deletedBy)
		}
	}
	if len(ids) > 0 {
		q.Queue(`UPDATE posts p SET text = n.text, edited_at = CASE WHEN n.deleted THEN p.edited_at ELSE $6 END, deleted_at = CASE WHEN n.deleted THEN $6 END,
				deleted_by = nullif(n.by_id, 0)
			FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::boolean[], $5::bigint[]) AS n (circle_id, id, text, deleted, by_id)
			WHERE p.circle_id = n.circle_id AND p.id = n.id`, circles, ids, texts, deleted, by, b.now)
	}
}

func (b *batch) writeCounts(q *pgx.Batch) {
	var (
		circles, ids             []id.ID
		versions, likes, comment []int64
		deleted                  []bool
	)
	for post, c := range b.counts {
		if c.changed {
			circles, ids = append(circles, post.Circle), append(ids, post.Post)
			versions, likes, comment = append(versions, c.Version), append(likes, c.Likes), append(comment, c.Comments)
			deleted = append(deleted, c.deleted)
		}
	}
	if len(ids) > 0 {
		q.Queue(`UPDATE post_counts c SET version = n.version, likes = n.likes, comments = n.comments, deleted = n.deleted
			FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::boolean[]) AS n (circle_id, post_id, version, likes, comments, deleted)
			WHERE c.circle_id = n.circle_id AND c.post_id = n.post_id`, circles, ids, versions, likes, comment, deleted)
	}
}

// postColumns show a post to the viewer $1. They stand on the tables named in
// postTables, which need an alias p for posts, and are followed by the name of
// the circle, or by NULL where every post is of the same one.
const (
	postColumns = `p.circle_id, p.id, p.text, p.photos, p.created_at, p.edited_at, u.id, u.handle, u.display_name,
		c.version, c.likes, c.comments, c.tip_count, c.tip_total, coalesce(m.role, ''),
		EXISTS (SELECT FROM likes l WHERE l.circle_id = p.circle_id AND l.post_id = p.id AND l.user_id = $1), `
	circleName = `(SELECT k.name FROM circles k WHERE k.id = p.circle_id)`
	postTables = `JOIN users u ON u.id = p.author_id
		JOIN post_counts c ON c.circle_id = p.circle_id AND c.post_id = p.id
		LEFT JOIN circle_members m ON m.circle_id = p.circle_id AND m.user_id = $1`
)

// scanPosts reads rows of postColumns; where says who the actor is in a circle.
func scanPosts(rows pgx.Rows, a Actor, where func(circle id.ID, role string) standing) ([]PostView, error) {
	posts := []PostView{}
	for rows.Next() {
		var (
			v      PostView
			role   string
			circle *string
		)
		if err := rows.Scan(&v.ID.Circle, &v.ID.Post, &v.Text, &v.Photos, &v.CreatedAt, &v.EditedAt, &v.Author.ID, &v.Author.Handle, &v.Author.DisplayName,
			&v.Counts.Version, &v.Counts.Likes, &v.Counts.Comments, &v.Counts.TipCount, &v.Counts.TipTotal, &role, &v.Liked, &circle); err != nil {
			return nil, err
		}
		v.complete()
		if circle != nil {
			v.Circle = &CircleTag{v.CircleID, *circle}
		}
		v.Can = where(v.CircleID, role).of(&v.Post, a).canWithPost()
		posts = append(posts, v)
	}
	rows.Close()
	return posts, rows.Err()
}

func (s *Service) readPost(ctx context.Context, a Actor, post id.Post) (view PostView, err error) {
	var (
		q       pgx.Batch
		deleted bool
		found   []PostView
		viewer  = s.queueGlance(&q, a, post.Circle)
	)
	q.Queue(`SELECT deleted_at IS NOT NULL FROM posts WHERE circle_id = $1 AND id = $2`, post.Circle, post.Post).
		QueryRow(func(row pgx.Row) error { return row.Scan(&deleted) })
	q.Queue(`SELECT `+postColumns+circleName+` FROM posts p `+postTables+` WHERE p.circle_id = $2 AND p.id = $3`, a.User, post.Circle, post.Post).
		Query(func(rows pgx.Rows) (err error) { found, err = scanPosts(rows, a, viewer.here); return err })
	switch err := s.pool.SendBatch(ctx, &q).Close(); {
	case errors.Is(err, pgx.ErrNoRows):
		return view, errPostNotFound
	case err != nil:
		return view, fmt.Errorf("read post %s: %w", post, err)
	case viewer.standing().closed():
		return view, errPostNotFound
	case deleted:
		return view, errPostDeleted
	case len(found) == 0:
		return view, errPostNotFound
	}
	return found[0], nil
}

// readPosts reads the page of a circle that follows place (nil: the newest).
func (s *Service) readPosts(ctx context.Context, a Actor, circle id.ID, place []int64, limit int) (page PostPage, err error) {
	before := int64(math.MaxInt64)
	if place != nil {
		before = place[0]
	}
	var q pgx.Batch
	q.Queue(`SELECT head_offset, epoch FROM circle_heads WHERE circle_id = $1`, circle).
		QueryRow(func(row pgx.Row) error { return row.Scan(&page.Position.Offset, &page.Position.Epoch) })
	viewer := s.queueGlance(&q, a, circle)
	q.Queue(`SELECT `+postColumns+`NULL FROM posts p `+postTables+`
		WHERE p.circle_id = $2 AND p.id < $3 AND p.deleted_at IS NULL ORDER BY p.id DESC LIMIT $4`, a.User, circle, before, limit).
		Query(func(rows pgx.Rows) (err error) { page.Items, err = scanPosts(rows, a, viewer.here); return err })
	switch err := s.pool.SendBatch(ctx, &q).Close(); {
	case errors.Is(err, pgx.ErrNoRows):
		return PostPage{}, errCircleNotFound
	case err != nil:
		return PostPage{}, fmt.Errorf("read posts of circle %s: %w", circle, err)
	case viewer.standing().closed():
		return PostPage{}, errCircleNotFound
	}
	return page, nil
}

// readHome merges the newest posts of each followed circle that is open to the
// one who looks. Whether all are shows with the page; if one is not, the page
// is read again without those.
func (s *Service) readHome(ctx context.Context, a Actor, place []int64, limit int) ([]PostView, error) {
	closed := []id.ID{}
	for range maxHomeReads {
		posts, shut, err := s.readHomeWithout(ctx, a, place, limit, closed)
		if err != nil {
			return nil, fmt.Errorf("read home of %s: %w", a.User, err)
		}
		if !slices.ContainsFunc(posts, func(p PostView) bool { return slices.Contains(shut, p.CircleID) }) {
			return posts, nil
		}
		closed = shut
	}
	return nil, &problem.Problem{Code: problem.Unavailable, Detail: "The circles that you follow are changing just now.", RetryAfter: retryLater}
}

const maxHomeReads = 4 // of one page; the second succeeds unless rules or rights have changed

// readHomeWithout leaves out some circles, and tells which ones are closed.
func (s *Service) readHomeWithout(ctx context.Context, a Actor, place []int64, limit int, without []id.ID) (posts []PostView, closed []id.ID, err error) {
	before, circle := int64(math.MaxInt64), int64(math.MaxInt64)
	if place != nil {
		before, circle = place[0], place[1]
	}
	var q pgx.Batch
	viewer := s.queueViewer(&q, a)
	rulings := s.queueFollowedRulings(&q, a)
	where := func(circle id.ID, role string) standing { return viewer.in(rulings[circle], role, true) }
	roles := map[id.ID]string{}
	q.Queue(`SELECT circle_id, role FROM circle_members WHERE user_id = $1`, a.User).Query(func(rows pgx.Rows) error {
		var (
			in   id.ID
			role string
		)
		return each(rows, []any{&in, &role}, func() { roles[in] = role })
	})
	q.Queue(`SELECT `+postColumns+circleName+` FROM (
			SELECT n.* FROM follows f CROSS JOIN LATERAL (
				SELECT * FROM posts WHERE circle_id = f.circle_id AND deleted_at IS NULL
					AND id <= $2 AND (id, circle_id) < ($2, $3)
				ORDER BY id DESC LIMIT $4) n
			WHERE f.user_id = $1 AND f.circle_id <> ALL($5::bigint[])
			ORDER BY n.id DESC, n.circle_id DESC LIMIT $4) p `+postTables+`
		ORDER BY p.id DESC, p.circle_id DESC`, a.User, before, circle, limit, without).
		Query(func(rows pgx.Rows) (err error) { posts, err = scanPosts(rows, a, where); return err })
	if err := s.pool.SendBatch(ctx, &q).Close(); err != nil {
		return nil, nil, err
	}
	for circle := range rulings {
		if where(circle, roles[circle]).closed() {
			closed = append(closed, circle)
		}
	}
	return posts, closed, nil
}
