package media_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"testing"

	"lifecircle/internal/id"
	"lifecircle/internal/media"
	"lifecircle/internal/problem"
)

// resume goes on with an upload after each cut, from where the next node says.
func (w *world) resume(user, upload id.ID, file []byte, next func() int) (cuts int) {
	w.t.Helper()
	for i := 0; ; i++ {
		node := w.nodes[i%len(w.nodes)]
		u, err := node.Upload(w.t.Context(), user, upload)
		if err != nil {
			w.t.Fatal(err)
		}
		if u.Offset == u.Length {
			return i
		}
		n := next()
		_, err = node.Append(w.t.Context(), user, upload, u.Offset, &cutReader{data: file[u.Offset:], n: n})
		if err != nil && !problem.Has(err, problem.MalformedRequest) {
			w.t.Fatalf("at %d: %v", u.Offset, err)
		}
		if after, err := node.Upload(w.t.Context(), user, upload); err != nil || after.Offset != min(u.Offset+int64(n), u.Length) {
			w.t.Fatalf("after %d more bytes from %d: %+v, %v", n, u.Offset, after, err)
		}
	}
}

func TestACutAtAnyByteGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, media.Options{}).run()
	user := w.person()
	small := picture(16, 9, 1, false)
	want := w.photo(user, small).URLs
	for _, steps := range [][]int{{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {7, 13, 1, 100}, {len(small) - 1, 1}} {
		u := w.begin(user, len(small))
		next := func() int { // the last is the step to the end
			n := steps[0]
			steps = append(steps[1:], len(small))
			return n
		}
		if cuts := w.resume(user, u.ID, small, next); cuts < 2 {
			t.Errorf("only %d cuts", cuts)
		}
		if got := w.await(user, u.ID); got.State != media.Ready || got.Photo.URLs != want {
			t.Errorf("%+v, want %v", got, want)
		}
	}
	large := picture(900, 600, 2, true)
	want = w.photo(user, large).URLs
	for first := -1; first <= 1; first++ { // around the ends of pieces, too
		u := w.begin(user, len(large))
		sizes := []int{64<<10 + first, 256<<10 + first, 1 << 30}
		w.resume(user, u.ID, large, func() int { n := sizes[0]; sizes = append(sizes[1:], 1<<30); return n })
		if got := w.await(user, u.ID); got.State != media.Ready || got.Photo.URLs != want {
			t.Errorf("%d: %+v", first, got)
		}
	}
	w.holds()
}

func TestWhereAnUploadStandsIsNotGuessed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, media.Options{})
	user, other := w.person(), w.person()
	file := picture(16, 9, 1, false)
	u := w.begin(user, len(file))
	add := func(by id.ID, at int64, data []byte) error {
		_, err := w.node().Append(t.Context(), by, u.ID, at, bytes.NewReader(data))
		return err
	}
	wantCode(t, "a byte too far", add(user, 1, file), problem.UploadOffset)
	wantCode(t, "somebody else", add(other, 0, file), problem.UploadNotFound)
	wantCode(t, "nothing", add(user, 0, nil), "")
	wantCode(t, "the beginning", add(user, 0, file[:10]), "")
	wantCode(t, "the beginning again", add(user, 0, file[:10]), problem.UploadOffset)
	_, err := w.node().Upload(t.Context(), other, u.ID)
	wantCode(t, "somebody else looks", err, problem.UploadNotFound)
	wantCode(t, "somebody else ends it", w.node().Abandon(t.Context(), other, u.ID), problem.UploadNotFound)
	wantCode(t, "its owner ends it", w.node().Abandon(t.Context(), user, u.ID), "")
	wantCode(t, "and goes on", add(user, 10, file[10:]), problem.UploadNotFound)
	w.holds()
}

// A connection that has died unnoticed, and the one that came after it.
func TestTwoWhoAppendAddEachByteOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, media.Options{}).run()
	user := w.person()
	file := picture(900, 600, 3, true)
	want := w.photo(user, file).URLs
	u := w.begin(user, len(file))
	var both sync.WaitGroup
	for i := range 6 {
		both.Go(func() {
			for {
				at, err := w.nodes[i%2].Upload(t.Context(), user, u.ID)
				if err != nil || at.Offset == at.Length {
					return
				}
				_, _ = w.nodes[i%2].Append(t.Context(), user, u.ID, at.Offset, bytes.NewReader(file[at.Offset:])) // often refused
			}
		})
	}
	both.Wait()
	if got := w.await(user, u.ID); got.State != media.Ready || got.Photo.URLs != want {
		t.Errorf("%+v, want %v", got, want)
	}
	if n := w.count(`photos`); n != 2 {
		t.Errorf("%d photos", n)
	}
	w.holds()
}

func TestTheHeaderIsJudgedBeforeTheRestArrives(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, media.Options{}).run()
	user := w.person()
	const rest = 19 << 20
	bomb := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x7d\x00\x00\x00\x7d\x00\x08\x02\x00\x00\x00\xba\xb9\x51\xd1"), make([]byte, rest)...)
	heic := append([]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), make([]byte, rest)...)
	for name, tt := range map[string]struct {
		file []byte
		code problem.Code
	}{
		"a bomb": {bomb, problem.PhotoTooManyPixels},
		"HEIC":   {heic, problem.PhotoKindUnsupported},
		"text":   {bytes.Repeat([]byte("hello "), rest/6), problem.PhotoKindUnsupported},
	} {
		u := w.begin(user, len(tt.file))
		body := &counting{Reader: bytes.NewReader(tt.file)}
		_, err := w.node().Append(t.Context(), user, u.ID, 0, body)
		wantCode(t, name, err, tt.code)
		if body.n > 64<<10 {
			t.Errorf("%s: %d bytes were read", name, body.n)
		}
		if tt.code == problem.PhotoKindUnsupported && !strings.Contains(err.Error(), "WebP") {
			t.Errorf("%s: %v does not name what is accepted", name, err)
		}
		got, err := w.node().Upload(t.Context(), user, u.ID)
		if err != nil || got.State != media.Refused || got.Problem == nil || got.Problem.Code != tt.code {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		_, err = w.node().Append(t.Context(), user, u.ID, 64<<10, bytes.NewReader(tt.file))
		wantCode(t, name+" goes on", err, tt.code)
	}
	fine := withMetadata(picture(64, 48, 4, false), 12, "long, long metadata. ")
	u := w.begin(user, len(fine))
	if _, err := w.node().Append(t.Context(), user, u.ID, 0, bytes.NewReader(fine)); err != nil {
		t.Errorf("a header behind %d bytes: %v", len(fine), err)
	}
	if got := w.await(user, u.ID); got.State != media.Ready {
		t.Errorf("a header behind %d bytes: %+v", len(fine), got)
	}
	w.holds()
}

func TestWhatOneMayUpload(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, media.Options{})
	user := w.person()
	begin := func(length int64, key string) (media.Upload, error) {
		return w.node().Begin(t.Context(), user, media.NewUpload{Length: length}, key)
	}
	for length, code := range map[int64]problem.Code{0: problem.UploadLength, -1: problem.UploadLength, 20<<20 + 1: problem.PhotoTooLarge, 20 << 20: ""} {
		_, err := begin(length, "")
		wantCode(t, "an upload", err, code)
	}
	first, err := begin(5, "key")
	again, err2 := begin(5, "key")
	if err != nil || err2 != nil || first.ID != again.ID {
		t.Errorf("with a key: %v, %v, %v, %v", first, err, again, err2)
	}
	_, err = begin(6, "key")
	wantCode(t, "the key again", err, problem.IdempotencyKeyReused)
	for range media.MaxUploads - 2 {
		if _, err := begin(5, ""); err != nil {
			t.Fatal(err)
		}
	}
	_, err = begin(5, "")
	wantCode(t, "one too many", err, problem.UploadsTooMany)
	w.exec(`UPDATE photo_uploads SET touched_at = now() - interval '11 minutes'`)
	_, err = begin(5, "")
	wantCode(t, "others rest", err, "")
	w.exec(`UPDATE photo_uploads SET length = $1 WHERE id = $2`, media.MaxDayBytes-20<<20-1000, first.ID)
	_, err = begin(1000, "")
	wantCode(t, "the day is full", err, problem.PhotoDayLimit)
	wantCode(t, "one is ended", w.node().Abandon(t.Context(), user, first.ID), "")
	_, err = begin(1000, "")
	wantCode(t, "it held nothing", err, "")
	w.exec(`UPDATE users SET banned_at = now()`)
	_, err = begin(5, "")
	wantCode(t, "a suspended account", err, problem.Banned)
	_, err = w.node().Begin(t.Context(), id.New(), media.NewUpload{Length: 5}, "")
	wantCode(t, "nobody", err, problem.Unauthorized)
}

// A crash of Postgres takes the bytes, and nothing else.
func TestBytesThatACrashHasTakenAreAskedForAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, media.Options{})
	user := w.person()
	file := picture(64, 48, 5, false)
	crash := func() { w.exec(`TRUNCATE photo_upload_parts`) }
	u := w.begin(user, len(file))
	for _, n := range []int{100, len(file)} {
		if _, err := w.node().Append(t.Context(), user, u.ID, 0, bytes.NewReader(file[:n])); err != nil {
			t.Fatal(err)
		}
		crash()
		if got, err := w.node().Upload(t.Context(), user, u.ID); err != nil || got.State != media.Receiving || got.Offset != 0 {
			t.Errorf("after %d bytes and a crash: %+v, %v", n, got, err)
		}
	}
	w.run()
	if _, err := w.node().Append(t.Context(), user, u.ID, 0, bytes.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	if got := w.await(user, u.ID); got.State != media.Ready {
		t.Errorf("%+v", got)
	}
	w.holds()
}

// A connection is cut, and with it ends the context of its request.
func TestWhatArrivesIsKeptAlthoughItsSenderIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, media.Options{})
	user := w.person()
	file := picture(64, 48, 1, false)
	u := w.begin(user, len(file))
	ctx, cut := context.WithCancel(t.Context())
	body := io.MultiReader(bytes.NewReader(file[:300]), readerFunc(func([]byte) (int, error) { cut(); return 0, io.ErrUnexpectedEOF }))
	_, _ = w.node().Append(ctx, user, u.ID, 0, body) // nobody reads the answer
	if got, err := w.node().Upload(t.Context(), user, u.ID); err != nil || got.Offset != 300 {
		t.Errorf("%+v, %v", got, err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
