package media_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"lifecircle/internal/id"
	"lifecircle/internal/media"
	"lifecircle/internal/media/blob"
	"lifecircle/internal/problem"
)

func TestAPhotoOfOneRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, media.Options{}).run()
	user := w.person()
	file, other := picture(800, 600, 1, false), picture(800, 600, 2, false)
	store := func(node *media.Service, size int, data []byte, key string) (media.Photo, error) {
		return node.Store(t.Context(), user, int64(size), false, bytes.NewReader(data), key)
	}
	p, err := store(w.nodes[0], len(file), file, "key")
	if err != nil || p.Width != 800 || p.Height != 600 || len(p.Blurhash) < 6 || p.URLs.Phone == p.URLs.Full || p.Sensitive || p.Review != media.Unasked {
		t.Fatalf("%+v, %v", p, err)
	}
	again, err := store(w.nodes[1], -1, file, "key")
	if err != nil || again != p {
		t.Errorf("again: %+v, %v", again, err)
	}
	_, err = store(w.nodes[0], len(other), other, "key")
	wantCode(t, "the key again", err, problem.IdempotencyKeyReused)
	_, err = store(w.nodes[0], len(file)+1, file, "")
	wantCode(t, "less than was said", err, "")
	for name, tt := range map[string]struct {
		size int
		data []byte
		code problem.Code
	}{
		"nothing":            {-1, nil, problem.PhotoUnreadable},
		"half":               {-1, file[:len(file)/2], problem.PhotoUnreadable},
		"too large, said":    {20<<20 + 1, file, problem.PhotoTooLarge},
		"too large, unsaid":  {-1, append(bytes.Clone(file), make([]byte, 20<<20)...), problem.PhotoTooLarge},
		"a text":             {-1, []byte("hello"), problem.PhotoKindUnsupported},
		"as large as may be": {-1, append(bytes.Clone(file), make([]byte, 20<<20-len(file))...), ""},
	} {
		_, err := store(w.nodes[0], tt.size, tt.data, "key of "+name)
		wantCode(t, name, err, tt.code)
		if tt.code != "" && tt.code != problem.PhotoTooLarge {
			_, err := store(w.nodes[1], tt.size, tt.data, "key of "+name)
			wantCode(t, name+" again", err, tt.code)
		}
	}
	_, err = w.node().Store(t.Context(), user, -1, false, &cutReader{data: file, n: 1000}, "")
	wantCode(t, "cut off", err, problem.MalformedRequest)
	if n := w.count(`photo_upload_parts`); n > 0 {
		t.Errorf("%d parts are left", n)
	}
	d, err := w.node().Photo(t.Context(), user, p.ID)
	if err != nil || d.Photo != p || d.PostID != nil || d.Sizes.Screen != d.Sizes.Full || d.Sizes.Phone.Width != 640 || d.Sizes.Phone.Height != 480 || d.Sizes.Phone.Bytes < 100 {
		t.Errorf("%+v, %v", d, err)
	}
	_, err = w.node().Photo(t.Context(), w.person(), p.ID)
	wantCode(t, "somebody else's", err, problem.NotFound)
	w.holds()
}

func TestManyUploadsAtOnceWaitForTheirTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, media.Options{}).run()
	file := picture(40, 30, 1, false)
	var all sync.WaitGroup
	for i := range 40 {
		user := w.person()
		all.Go(func() {
			if p, err := w.nodes[i%2].Store(t.Context(), user, -1, false, bytes.NewReader(file), ""); err != nil || p.Width != 40 {
				t.Errorf("%+v, %v", p, err)
			}
		})
	}
	all.Wait()
	if n := len(w.files()); n != 1 {
		t.Errorf("%d files, of one content", n)
	}
	w.holds()
}

// A node dies in the middle of its work: another one does it.
func TestAnotherNodeMakesWhatADeadOneHadClaimed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, media.Options{})
	user := w.person()
	file := picture(64, 48, 1, false)
	u := w.begin(user, len(file))
	if _, err := w.node().Append(t.Context(), user, u.ID, 0, bytes.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	w.exec(`UPDATE photo_uploads SET claimed_until = now() + interval '1 second'`)
	w.run()
	if got := w.await(user, u.ID); got.State != media.Ready {
		t.Errorf("%+v", got)
	}
	if n := w.count(`photos`); n != 1 {
		t.Errorf("%d photos", n)
	}
}

// failing is a store that cannot be written for a while.
type failing struct {
	blob.Store
	left atomic.Int32
}

func (f *failing) Put(ctx context.Context, key, kind string, data []byte) error {
	if f.left.Add(-1) >= 0 {
		return errors.New("the store is away")
	}
	return f.Store.Put(ctx, key, kind, data)
}

func TestAStoreThatWasAwayGetsItsFilesLater(t *testing.T) {
	t.Parallel()
	away := &failing{}
	away.left.Store(2)
	w := newWorld(t, 1, media.Options{Store: away})
	away.Store = w.store
	w.run()
	user := w.person()
	w.photo(user, picture(64, 48, 1, false))
	if !strings.Contains(w.log.String(), "the store is away") {
		t.Error("nobody was told")
	}
	w.holds()
}

func TestTheClassifierFlagsAndNeverBlocks(t *testing.T) {
	t.Parallel()
	var (
		answer atomic.Value // func(http.ResponseWriter, *http.Request)
		asked  atomic.Int32
	)
	service := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer.Load().(func(http.ResponseWriter, *http.Request))(rw, r)
	}))
	defer service.Close()
	says := func(status int, body string) func(http.ResponseWriter, *http.Request) {
		return func(rw http.ResponseWriter, r *http.Request) {
			var head [2]byte
			if _, err := r.Body.Read(head[:]); r.Method != http.MethodPost || r.Header.Get("Content-Type") != "image/jpeg" || head != [2]byte{0xff, 0xd8} {
				t.Errorf("asked by %s of %s: %x, %v", r.Method, r.Header.Get("Content-Type"), head, err)
			}
			rw.WriteHeader(status)
			_, _ = rw.Write([]byte(body))
		}
	}
	for i, tt := range []struct {
		name                string
		answer              func(http.ResponseWriter, *http.Request)
		sensitive, unjudged bool
	}{
		{"no", says(200, `{"sensitive":false,"score":0.1}`), false, false},
		{"yes", says(200, `{"sensitive":true}`), true, false},
		{"neither", says(200, `{}`), false, true},
		{"an error", says(500, `{"sensitive":true}`), false, true},
		{"no JSON", says(200, strings.Repeat("x", 100_000)), false, true},
		{"no answer", func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() }, false, true},
		{"somewhere else", func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, "/", http.StatusTemporaryRedirect) }, false, true},
	} {
		answer.Store(tt.answer)
		asks := media.NewClassifier(service.URL)
		w := newWorld(t, 1, media.Options{Classifier: asks}).run()
		before := asked.Load()
		p := w.photo(w.person(), picture(64, 48, uint64(i), false))
		if pending := p.Review == media.Pending; p.Sensitive != tt.sensitive || pending != tt.sensitive {
			t.Errorf("%s: %+v", tt.name, p)
		}
		if n := w.count(`photos WHERE unjudged`); n == 1 != tt.unjudged {
			t.Errorf("%s: %d are unjudged", tt.name, n)
		}
		if tt.unjudged { // the next one does not wait for it again
			w.photo(w.person(), picture(64, 48, uint64(100+i), false))
		}
		if n := asked.Load() - before; n != 1 {
			t.Errorf("%s: asked %d times", tt.name, n)
		}
		yes, no := true, false
		if tt.sensitive {
			_, err := w.node().FlagUnused(t.Context(), owner(t, w, p.ID), p.ID, media.Change{Sensitive: &no})
			wantCode(t, "its owner disagrees", err, problem.RoleRequired)
		} else if got, err := w.node().FlagUnused(t.Context(), owner(t, w, p.ID), p.ID, media.Change{Sensitive: &yes}); err != nil || !got.Sensitive {
			t.Errorf("its owner flags it: %+v, %v", got, err)
		}
		asks.Close()
	}
}

func owner(t *testing.T, w *world, photo id.ID) id.ID {
	t.Helper()
	user, _, err := w.node().Whereabouts(t.Context(), photo)
	if err != nil {
		t.Fatal(err)
	}
	return user
}

// Nothing of a file but its pixels is in a table, a file or the log.
func TestNothingOfAFileIsKeptButItsPixels(t *testing.T) {
	t.Parallel()
	const secret = "N 31°13.9' E 121°28.4' "
	w := newWorld(t, 1, media.Options{}).run()
	user := w.person()
	fine := withMetadata(picture(64, 48, 1, false), 2, secret)
	w.photo(user, fine)
	broken := fine[:len(fine)-200]
	_, err := w.node().Store(t.Context(), user, -1, false, bytes.NewReader(broken), "")
	wantCode(t, "a broken one", err, problem.PhotoUnreadable)
	if strings.Contains(err.Error(), "31") {
		t.Errorf("the refusal says %v", err)
	}
	for _, name := range w.files() {
		f, _, err := w.store.Open(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		_, _ = b.ReadFrom(f)
		_ = f.Close()
		if bytes.Contains(b.Bytes(), []byte("31°13")) || bytes.Contains(b.Bytes(), []byte("Exif")) {
			t.Errorf("%s holds metadata", name)
		}
	}
	for _, table := range []string{"photos", "photo_sizes", "photo_blobs", "photo_uploads", "photo_upload_parts"} {
		if n := w.count(table+` AS t WHERE t::text LIKE '%' || $1 || '%' OR t::text LIKE '%' || encode($1::bytea, 'hex') || '%'`, "31°13"); n > 0 {
			t.Errorf("%s holds metadata", table)
		}
	}
	if strings.Contains(w.log.String(), "31°13") {
		t.Errorf("the log says %s", w.log)
	}
}

func TestPhotosReadAsThePostsShowThem(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(media.Photo{ID: 1})
	if err != nil || string(raw) != `{"id":"0000000000002","width":0,"height":0,"blurhash":"","urls":{"phone":"","screen":"","full":""},"sensitive":false,"review":""}` {
		t.Errorf("%s, %v", raw, err)
	}
}

// A node is away for longer than its claim lasts, and fails when it is back:
// the work is that of another node by now.
func TestALostClaimIsNotGivenBack(t *testing.T) {
	t.Parallel()
	store := &slow{entered: make(chan struct{}), goOn: make(chan struct{})}
	w := newWorld(t, 1, media.Options{Store: store})
	w.run()
	user := w.person()
	file := picture(64, 48, 1, false)
	u := w.begin(user, len(file))
	if _, err := w.node().Append(t.Context(), user, u.ID, 0, bytes.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	<-store.entered
	w.exec(`UPDATE photo_uploads SET claimed_until = now() + interval '1 hour'`) // somebody else's
	close(store.goOn)
	for !strings.Contains(w.log.String(), "the store is away") {
		w.count(`photo_uploads`)
	}
	if n := w.count(`photo_uploads WHERE claimed_until > now() + interval '50 minutes'`); n != 1 {
		t.Error("the other node has lost its claim")
	}
}

// slow is a store that takes its time to say that it is away.
type slow struct {
	blob.Store
	once          sync.Once
	entered, goOn chan struct{}
}

func (s *slow) Put(context.Context, string, string, []byte) error {
	s.once.Do(func() { close(s.entered) })
	<-s.goOn
	return errors.New("the store is away")
}
