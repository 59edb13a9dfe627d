package media_test

import (
	"bytes"
	"testing"

	"lifecircle/internal/media"
)

// Whoever asks how far an upload has come in the moment in which its photo is
// there hears of one of both: not that its bytes, which are then forgotten, had
// never come.
func TestAnUploadThatEndsWhileItIsReadDoesNotBeginAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, media.Options{}) // no maker runs
	user := w.person()
	file := picture(64, 48, 1, false)
	u := w.begin(user, len(file))
	if got, err := w.node().Append(t.Context(), user, u.ID, 0, bytes.NewReader(file)); err != nil || got.State != media.Making {
		t.Fatalf("%+v, %v", got, err)
	}
	w.exec(`INSERT INTO photos (id, owner_id, width, height, blurhash) VALUES (7, $1, 64, 48, 'L6')`, user)
	w.exec(`INSERT INTO photo_sizes (photo_id, size, key, width, height, bytes) VALUES (7, 'full', 'ab/cd.jpg', 64, 48, 5)`)
	tx, err := w.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	for range 2 { // the connection that comes next has prepared its statements
		if got, err := w.node().Upload(t.Context(), user, u.ID); err != nil || got.State != media.Making {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	for _, sql := range []string{
		`LOCK TABLE photo_upload_parts IN ACCESS EXCLUSIVE MODE`, // where readers wait from now on
		`DELETE FROM photo_upload_parts`,
		`UPDATE photo_uploads SET state = 'ready', photo_id = 7`,
	} {
		if _, err := tx.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	read := make(chan media.Upload, 1)
	go func() {
		defer close(read)
		got, err := w.node().Upload(t.Context(), user, u.ID)
		if err != nil {
			t.Error(err)
		}
		read <- got
	}()
	for waiting := 0; waiting == 0; {
		if err := tx.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks WHERE relation = 'photo_upload_parts'::regclass AND NOT granted`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-read; got.State != media.Ready || got.Offset != got.Length {
		t.Errorf("%+v", got)
	}
}
