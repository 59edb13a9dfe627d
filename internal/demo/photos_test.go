package demo

import (
	"encoding/json"
	"image/jpeg"
	"io"
	"testing"

	"lifecircle/feed"
	"lifecircle/internal/id"
	"lifecircle/internal/media"
	"lifecircle/internal/media/blob"
	"lifecircle/internal/pgtest"
)

// What people of the demo show is as if they had uploaded it.
func TestTheSeededPhotosAreThere(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	store, err := blob.NewDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	photos := media.New(pool, media.Options{Store: store})
	if written, err := Seed(t.Context(), pool, accounts(pool), photos, io.Discard); err != nil || !written {
		t.Fatalf("seed: %v, %v", written, err)
	}
	if err := photos.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, query := range map[string]string{
		"photos that no post shows": `SELECT count(*) FROM photos p WHERE NOT EXISTS (SELECT FROM posts o
			WHERE o.circle_id = p.circle_id AND o.id = p.post_id AND o.author_id = p.owner_id AND jsonb_array_length(o.photos) BETWEEN 1 AND 9)`,
		"files that may be swept": `SELECT count(*) FROM photo_blobs b WHERE loose_at IS NOT NULL`,
		"files that nobody needs": `SELECT count(*) FROM photo_blobs b WHERE NOT EXISTS (SELECT FROM photo_sizes s WHERE s.key = b.key)`,
		"sizes of no photo":       `SELECT count(*) FROM photo_sizes s WHERE NOT EXISTS (SELECT FROM photos p WHERE p.id = s.photo_id)`,
		"events without the photo": `SELECT count(*) FROM circle_events e JOIN posts o ON o.circle_id = e.circle_id AND e.data::jsonb->'post'->>'text' = o.text
			WHERE e.data::jsonb->>'type' = 'post.created' AND o.created_at = (e.data::jsonb->'post'->>'created_at')::timestamptz AND e.data::jsonb->'post'->'photos' <> coalesce(o.photos, '[]')`,
	} {
		if n := count(t, pool, query); n != 0 {
			t.Errorf("%s: %d", name, n)
		}
	}
	shown := count(t, pool, `SELECT count(*) FROM posts WHERE photos IS NOT NULL`)
	if shown < 20 || count(t, pool, `SELECT count(*) FROM photos`) <= shown {
		t.Errorf("only %d posts show photos", shown)
	}
	f, err := feed.New(t.Context(), pool, feed.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var post id.Post
	if err := pool.QueryRow(t.Context(), `SELECT circle_id, id FROM posts WHERE photos IS NOT NULL ORDER BY id DESC LIMIT 1`).Scan(&post.Circle, &post.Post); err != nil {
		t.Fatal(err)
	}
	p, err := f.Post(t.Context(), feed.Actor{}, post)
	if err != nil {
		t.Fatal(err)
	}
	for _, ph := range p.Photos {
		file, _, err := store.Open(t.Context(), ph.URLs.Screen[len(media.PathPrefix):])
		if err != nil {
			t.Fatal(err)
		}
		img, err := jpeg.DecodeConfig(file)
		if err != nil || img.Width != ph.Width || img.Height != ph.Height || ph.Review != media.Unasked {
			raw, _ := json.Marshal(ph)
			t.Errorf("%s: %dx%d, %v", raw, img.Width, img.Height, err)
		}
		_ = file.Close()
	}
}
