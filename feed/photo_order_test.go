package feed_test

import (
	"slices"
	"testing"

	"lifecircle/feed"
)

// Somebody names photos of a post in another one while it is deleted: both
// lock them in the order of their ids, whatever that of their rows is.
func TestADeletedPostLetsItsPhotosGoInTheOrderOfLocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	author := w.people(1)[0]
	circle := w.circle(author)
	photos := w.photos(author, 2)
	slices.Reverse(photos) // the order in which they are shown, and that of their rows
	var low, high int64
	w.scan(`SELECT min(photo_id), max(photo_id) FROM photo_sizes`, &low, &high)
	p, err := w.service().CreatePost(t.Context(), author, circle, feed.NewPost{Photos: photos}, "")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := w.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), `SELECT FROM photos WHERE id = $1 FOR UPDATE`, low); err != nil {
		t.Fatal(err)
	}
	deleted := make(chan error, 1)
	go func() { deleted <- w.service().DeletePost(t.Context(), author, p.ID) }()
	for waiting := 0; waiting == 0; {
		if err := tx.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
			WHERE NOT l.granted AND l.locktype = 'transactionid' AND a.datname = current_database()`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tx.Exec(t.Context(), `SELECT FROM photos WHERE id = $1 FOR UPDATE`, high); err != nil {
		t.Errorf("the one who names them: %v", err)
	}
	_ = tx.Rollback(t.Context())
	if err := <-deleted; err != nil {
		t.Errorf("the one who deletes: %v", err)
	}
	w.photosHold()
}
