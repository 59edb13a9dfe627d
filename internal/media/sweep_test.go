package media_test

import (
	"bytes"
	"context"
	"sync"
	"testing"

	"lifecircle/internal/media"
	"lifecircle/internal/media/blob"
	"lifecircle/internal/problem"
)

func (w *world) sweep() {
	w.t.Helper()
	if err := w.node().Sweep(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// later lets hours pass.
func (w *world) later(hours int) {
	w.t.Helper()
	for _, column := range []string{"photos.created_at", "photos.gone_at", "photo_blobs.loose_at", "photo_uploads.created_at", "photo_uploads.expires_at"} {
		var table, name string
		for i, c := range column {
			if c == '.' {
				table, name = column[:i], column[i+1:]
			}
		}
		w.exec(`UPDATE `+table+` SET `+name+` = `+name+` - make_interval(hours => $1)`, hours)
	}
}

func TestWhatNobodyNeedsIsForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, media.Options{}).run()
	user := w.person()
	unused, posted, deleted := w.photo(user, picture(700, 40, 1, false)), w.photo(user, picture(700, 40, 2, false)), w.photo(user, picture(700, 40, 3, false))
	twin := w.photo(user, picture(700, 40, 3, false))
	if twin.URLs != deleted.URLs || twin.ID == deleted.ID {
		t.Fatalf("%+v and %+v", twin, deleted)
	}
	w.begin(user, 100)
	w.exec(`UPDATE photos SET circle_id = 1, post_id = 1 WHERE id = ANY($1::bigint[])`, []int64{int64(posted.ID), int64(twin.ID)})
	w.exec(`UPDATE photos SET circle_id = 1, post_id = 2, gone_at = now() WHERE id = $1`, deleted.ID)
	w.sweep()
	if n := w.count(`photos`); n != 4 {
		t.Errorf("%d photos, want all", n)
	}
	w.later(2)
	w.sweep() // of the post that is gone
	if n := w.count(`photos WHERE id <> $1`, deleted.ID); n != 3 || w.count(`photos`) != 3 {
		t.Errorf("%d photos, want 3", n)
	}
	w.later(2)
	w.sweep()
	if n := len(w.files()); n != 6 {
		t.Errorf("%d files: those of the twin must stay", n)
	}
	w.later(24)
	w.sweep()
	if n := w.count(`photos WHERE id = $1`, unused.ID); n != 0 || w.count(`photos`) != 2 || w.count(`photo_uploads`) != 0 {
		t.Errorf("the unused photo or an upload is still there")
	}
	if n := len(w.files()); n != 6 {
		t.Errorf("%d files: they have an hour yet", n)
	}
	w.later(2)
	w.sweep()
	if n := len(w.files()); n != 4 || w.count(`photo_blobs`) != 4 {
		t.Errorf("%d files, %d rows of files; want 4", n, w.count(`photo_blobs`))
	}
	w.holds()
}

// hooked is a store before whose next Put something happens.
type hooked struct {
	blob.Store
	mu     sync.Mutex
	before func() // called once, before a Put
}

func (h *hooked) Put(ctx context.Context, key, kind string, data []byte) error {
	h.mu.Lock()
	hook := h.before
	h.before = nil
	h.mu.Unlock()
	if hook != nil {
		hook()
	}
	return h.Store.Put(ctx, key, kind, data)
}

// The same content is uploaded again while the sweep wants its file.
func TestASweepTakesNoFileThatIsUploadedAgain(t *testing.T) {
	t.Parallel()
	store := &hooked{}
	w := newWorld(t, 1, media.Options{Store: store})
	store.Store = w.store
	w.run()
	user, file := w.person(), picture(64, 48, 1, false)
	for name, announced := range map[string]func(){
		"while it is made": func() { w.sweep() },
		"and it was slow":  func() { w.later(2); w.sweep() },
	} {
		w.photo(user, file)
		w.later(30)
		w.sweep() // the photo goes, the file is loose
		w.later(2)
		store.mu.Lock()
		store.before = announced
		store.mu.Unlock()
		p := w.photo(user, file)
		w.sweep()
		if _, _, err := w.store.Open(t.Context(), p.URLs.Full[len(media.PathPrefix):]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		w.holds()
	}
}

func TestManyUploadAndSweepTheSameContent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, media.Options{Unlimited: true}).run()
	file := picture(64, 48, 1, false)
	done := make(chan struct{})
	var sweeper, all sync.WaitGroup
	sweeper.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			w.exec(`UPDATE photos SET created_at = now() - interval '2 days' WHERE id % 2 = 0`)
			w.exec(`UPDATE photo_blobs SET loose_at = now() - interval '2 hours' WHERE loose_at IS NOT NULL AND EXISTS (SELECT FROM photos) AND NOT EXISTS (SELECT FROM photo_uploads WHERE state = 'making')`)
			w.sweep()
		}
	})
	for i := range 4 {
		user := w.person()
		all.Go(func() {
			for range 5 {
				_, err := w.nodes[i%2].Store(t.Context(), user, -1, false, bytes.NewReader(file), "")
				if err != nil && !problem.Has(err, problem.UploadNotFound) { // the photo was swept before its maker was heard
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	close(done)
	sweeper.Wait()
	w.holds()
}
