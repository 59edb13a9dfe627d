package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"lifecircle/internal/media/blob"
	"lifecircle/internal/media/blob/blobtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestContract is what every store promises.
func TestContract(t *testing.T) {
	t.Parallel()
	stores := map[string]func(t *testing.T) blob.Store{
		"disk": func(t *testing.T) blob.Store {
			d, err := blob.NewDisk(t.TempDir())
			must(t, err)
			t.Cleanup(func() { must(t, d.Close()) })
			return d
		},
		"s3": func(t *testing.T) blob.Store { return s3(t, blobtest.StartS3(t)) },
	}
	promises := map[string]func(t *testing.T, s blob.Store){
		"what was put is there": putIsThere, "a key that is not there": missing, "again is harmless": again,
		"deleted is gone": deleted, "foreign keys": foreignKeys, "all at once": allAtOnce, "a context that ended": ended,
		"from any place": fromAnyPlace,
	}
	for kind, open := range stores {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			store := open(t)
			for name, promise := range promises {
				t.Run(name, func(t *testing.T) { promise(t, store) })
			}
		})
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, s blob.Store, data []byte) string {
	t.Helper()
	key := blob.Key(data, "jpg")
	must(t, s.Put(t.Context(), key, "image/jpeg", data))
	return key
}

func holds(t *testing.T, s blob.Store, key string, want []byte) {
	t.Helper()
	r, n, err := s.Open(t.Context(), key)
	must(t, err)
	got, err := io.ReadAll(r)
	must(t, errors.Join(err, r.Close()))
	if !bytes.Equal(got, want) || n != int64(len(want)) {
		t.Errorf("%d bytes said, %d read, %d put", n, len(got), len(want))
	}
}

func putIsThere(t *testing.T, s blob.Store) {
	for _, size := range []int{0, 1, 4096, 7 << 20} {
		data := bytes.Repeat([]byte{byte(size)}, size)
		holds(t, s, put(t, s, data), data)
	}
}

func missing(t *testing.T, s blob.Store) {
	if _, _, err := s.Open(t.Context(), blob.Key([]byte("nobody put this"), "jpg")); !errors.Is(err, blob.ErrMissing) {
		t.Errorf("got %v", err)
	}
}

func again(t *testing.T, s blob.Store) {
	data := []byte("twice")
	put(t, s, data)
	holds(t, s, put(t, s, data), data)
}

func deleted(t *testing.T, s blob.Store) {
	data := []byte("not for long")
	key := put(t, s, data)
	for range 2 {
		must(t, s.Delete(t.Context(), key))
		if _, _, err := s.Open(t.Context(), key); !errors.Is(err, blob.ErrMissing) {
			t.Errorf("got %v", err)
		}
	}
	holds(t, s, put(t, s, data), data)
}

func foreignKeys(t *testing.T, s blob.Store) {
	data := []byte("mine")
	good := blob.Key(data, "jpg")
	for _, key := range []string{
		"", "/", "..", "../../etc/passwd", "tmp/x", "/" + good, good + "/", good + "\x00", strings.ToUpper(good), good[:20],
		"../" + good[3:], good[:3] + "../" + good[6:], strings.Replace(good, "/", "\\", 1), good + ".jpg", good[:len(good)-3] + "J/G",
	} {
		err1 := s.Put(t.Context(), key, "image/jpeg", data)
		_, _, err2 := s.Open(t.Context(), key)
		err3 := s.Delete(t.Context(), key)
		for _, err := range []error{err1, err2, err3} {
			if !errors.Is(err, blob.ErrKey) {
				t.Errorf("%q: %v", key, err)
			}
		}
	}
	if err := s.Put(t.Context(), blob.Key([]byte("another's"), "jpg"), "image/jpeg", data); !errors.Is(err, blob.ErrKey) {
		t.Errorf("under a key that is not its own: %v", err)
	}
}

// allAtOnce puts the same and different bytes while others read them: what can
// be opened is whole.
func allAtOnce(t *testing.T, s blob.Store) {
	var all sync.WaitGroup
	for i := range 16 {
		data := bytes.Repeat([]byte{byte(i / 4)}, 100_000)
		key := blob.Key(data, "jpg")
		all.Go(func() {
			if err := s.Put(t.Context(), key, "image/jpeg", data); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			r, n, err := s.Open(t.Context(), key)
			if errors.Is(err, blob.ErrMissing) {
				return
			}
			if err != nil {
				t.Error(err)
				return
			}
			got, err := io.ReadAll(r)
			if err := errors.Join(err, r.Close()); err != nil || !bytes.Equal(got, data) || n != int64(len(data)) {
				t.Errorf("%d of %d bytes, %v", len(got), len(data), err)
			}
		})
	}
	all.Wait()
}

func ended(t *testing.T, s blob.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	data := []byte("too late")
	key := blob.Key(data, "jpg")
	err1 := s.Put(ctx, key, "image/jpeg", data)
	_, _, err2 := s.Open(ctx, key)
	err3 := s.Delete(ctx, key)
	for _, err := range []error{err1, err2, err3} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
}

// fromAnyPlace is what answers to range requests need.
func fromAnyPlace(t *testing.T, s blob.Store) {
	r, n, err := s.Open(t.Context(), put(t, s, []byte("0123456789")))
	must(t, err)
	end, err := r.Seek(0, io.SeekEnd)
	must(t, err)
	_, err = r.Seek(4, io.SeekStart)
	must(t, err)
	part := make([]byte, 3)
	_, err = io.ReadFull(r, part)
	must(t, errors.Join(err, r.Close()))
	if end != n || n != 10 || string(part) != "456" {
		t.Errorf("%d bytes, the end at %d, %q in the middle", n, end, part)
	}
}

func TestKeysAreAddressesOfContent(t *testing.T) {
	t.Parallel()
	const want = "2c/f24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824.jpg" // of "hello"
	if got := blob.Key([]byte("hello"), "jpg"); got != want {
		t.Errorf("got %s", got)
	}
}
