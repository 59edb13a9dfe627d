package media

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/media/picture"
)

const rowColumns = `p.id, p.owner_id, p.width, p.height, p.blurhash, p.sensitive, coalesce(p.flagged_by, ''), p.review,
	coalesce(p.circle_id, 0), coalesce(p.post_id, 0), p.gone_at IS NOT NULL,
	(SELECT jsonb_object_agg(s.size, s.key) FROM photo_sizes s WHERE s.photo_id = p.id)`

// Lock queues the lock on photos, and on all those of posts that are about to
// end, and what a post needs to know of them; one that does not exist is left
// out. It comes after the locks of posts.
func Lock(q *pgx.Batch, photos []id.ID, ending ...id.Post) map[id.ID]*Row {
	out := make(map[id.ID]*Row, len(photos))
	switch {
	case len(ending) > 0:
		circles, posts := postColumns(ending)
		q.Queue(`SELECT `+rowColumns+` FROM photos p WHERE p.id IN (SELECT unnest($1::bigint[]) UNION
				SELECT f.id FROM unnest($2::bigint[], $3::bigint[]) AS n (circle_id, post_id) JOIN photos f USING (circle_id, post_id) WHERE f.post_id IS NOT NULL)
			ORDER BY p.id FOR UPDATE OF p`, photos, circles, posts).Query(scanInto(out))
	case len(photos) > 0:
		q.Queue(`SELECT `+rowColumns+` FROM photos p WHERE p.id = ANY($1::bigint[]) ORDER BY p.id FOR UPDATE OF p`, photos).Query(scanInto(out))
	}
	return out
}

func scanInto(out map[id.ID]*Row) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		for rows.Next() {
			r, err := scanRow(rows)
			if err != nil {
				return err
			}
			out[r.ID] = r
		}
		return rows.Err()
	}
}

func postColumns(of []id.Post) (circles, posts []id.ID) {
	for _, p := range of {
		circles, posts = append(circles, p.Circle), append(posts, p.Post)
	}
	return circles, posts
}

func scanRow(row pgx.Row) (*Row, error) {
	var (
		r    Row
		keys map[picture.Size]string
	)
	if err := row.Scan(&r.ID, &r.Owner, &r.Width, &r.Height, &r.Blurhash, &r.Sensitive, &r.FlaggedBy, &r.Review,
		&r.Post.Circle, &r.Post.Post, &r.Gone, &keys); err != nil {
		return nil, err
	}
	files := make(map[picture.Size]File, len(keys))
	for size, key := range keys {
		files[size] = File{key: key}
	}
	r.URLs = sizesOf(files).urls()
	return &r, nil
}

// Take queues that posts have taken photos, which the transaction has locked.
func Take(q *pgx.Batch, photos []id.ID, posts []id.Post) {
	circles, ids := postColumns(posts)
	q.Queue(`UPDATE photos p SET circle_id = n.circle_id, post_id = n.post_id
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS n (id, circle_id, post_id) WHERE p.id = n.id`, photos, circles, ids)
}

// Write queues what a flag or a review has changed of a photo that is locked.
func (r *Row) Write(q *pgx.Batch) {
	q.Queue(`UPDATE photos SET sensitive = $2, flagged_by = nullif($3, ''), review = $4, unjudged = unjudged AND $4 <> 'passed' WHERE id = $1`,
		r.ID, r.Sensitive, r.FlaggedBy, r.Review)
}

type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// readDetails reads a photo whose post was not deleted.
func readDetails(ctx context.Context, db querier, photo id.ID) (d Details, owner id.ID, err error) {
	var (
		post  id.Post
		files []struct {
			Size          picture.Size
			Key           string
			Width, Height int
			Bytes         int64
		}
	)
	err = db.QueryRow(ctx, `SELECT p.id, p.owner_id, p.width, p.height, p.blurhash, p.sensitive, p.review, coalesce(p.circle_id, 0), coalesce(p.post_id, 0),
			(SELECT jsonb_agg(s) FROM photo_sizes s WHERE s.photo_id = p.id) FROM photos p WHERE p.id = $1 AND p.gone_at IS NULL`, photo).
		Scan(&d.ID, &owner, &d.Width, &d.Height, &d.Blurhash, &d.Sensitive, &d.Review, &post.Circle, &post.Post, &files)
	if errors.Is(err, pgx.ErrNoRows) {
		return d, 0, errNoPhoto
	}
	if err != nil {
		return d, 0, fmt.Errorf("read photo %s: %w", photo, err)
	}
	sizes := make(map[picture.Size]File, len(files))
	for _, f := range files {
		sizes[f.Size] = File{key: f.Key, Width: f.Width, Height: f.Height, Bytes: f.Bytes}
	}
	d.Sizes = sizesOf(sizes)
	d.URLs = d.Sizes.urls()
	if post.Post != 0 {
		d.PostID = &post
	}
	return d, owner, nil
}
