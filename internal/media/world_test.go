package media_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/id"
	"lifecircle/internal/media"
	"lifecircle/internal/media/blob"
	"lifecircle/internal/pgtest"
	"lifecircle/internal/problem"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const patience = time.Minute

// world is a database, a store, and nodes on both.
type world struct {
	t      *testing.T
	pool   *pgxpool.Pool
	folder string
	store  blob.Store
	log    *logbook
	nodes  []*media.Service
}

func newWorld(t *testing.T, nodes int, o media.Options) *world {
	t.Helper()
	w := &world{t: t, pool: pgtest.New(t), folder: t.TempDir(), log: &logbook{}}
	disk, err := blob.NewDisk(w.folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = disk.Close() })
	w.store = disk
	o.Log = slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if o.Store == nil {
		o.Store = w.store
	}
	for range nodes {
		w.nodes = append(w.nodes, media.New(w.pool, o))
	}
	return w
}

// run runs all nodes until the test ends.
func (w *world) run() *world {
	for _, n := range w.nodes {
		w.start(n)
	}
	return w
}

func (w *world) start(n *media.Service) {
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = n.Run(ctx) })
	w.t.Cleanup(func() { stop(); running.Wait() })
}

func (w *world) node() *media.Service { return w.nodes[0] }

func (w *world) person() id.ID {
	w.t.Helper()
	user := id.New()
	w.exec(`INSERT INTO users (id, handle, display_name, password_hash) VALUES ($1, $2, 'P', '-')`, user, fmt.Sprintf("u%x", int64(user)))
	return user
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.pool.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

func (w *world) count(sql string, args ...any) (n int) {
	w.t.Helper()
	if err := w.pool.QueryRow(w.t.Context(), `SELECT count(*) FROM `+sql, args...).Scan(&n); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func (w *world) begin(user id.ID, length int) media.Upload {
	w.t.Helper()
	u, err := w.node().Begin(w.t.Context(), user, media.NewUpload{Length: int64(length)}, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return u
}

// await waits until the upload has ended.
func (w *world) await(user, upload id.ID) media.Upload {
	w.t.Helper()
	u, err := w.node().Await(w.t.Context(), user, upload, patience)
	if err != nil {
		w.t.Fatal(err)
	}
	return u
}

// photo uploads a file in one go.
func (w *world) photo(user id.ID, file []byte) media.Photo {
	w.t.Helper()
	p, err := w.node().Store(w.t.Context(), user, int64(len(file)), false, bytes.NewReader(file), "")
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// files are the names of all that lies in the store.
func (w *world) files() (names []string) {
	w.t.Helper()
	err := filepath.WalkDir(w.folder, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".jpg") {
			name, _ := filepath.Rel(w.folder, path)
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return names
}

// holds checks that every photo has its files, and every file its row.
func (w *world) holds() {
	w.t.Helper()
	rows, err := w.pool.Query(w.t.Context(), `SELECT key FROM photo_sizes`)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			w.t.Fatal(err)
		}
		f, n, err := w.store.Open(w.t.Context(), key)
		if err != nil || n == 0 {
			w.t.Errorf("file %s of a photo: %d bytes, %v", key, n, err)
			continue
		}
		_ = f.Close()
	}
	for _, name := range w.files() {
		if w.count(`photo_blobs WHERE key = $1`, name) != 1 {
			w.t.Errorf("nobody knows of the file %s", name)
		}
	}
	if n := w.count(`photo_sizes s LEFT JOIN photo_blobs b USING (key) WHERE b.loose_at IS NOT NULL OR b.key IS NULL`); n > 0 {
		w.t.Logf("%d files of photos are loose", n)
	}
	if n := w.count(`photo_upload_parts p LEFT JOIN photo_uploads u ON u.id = p.upload_id AND u.state IN ('receiving', 'making') WHERE u.id IS NULL`); n > 0 {
		w.t.Errorf("%d parts of uploads that have ended", n)
	}
}

// picture is a JPEG that no other seed gives. noise makes it large.
func picture(w, h int, seed uint64, noise bool) []byte {
	img, rnd := image.NewRGBA(image.Rect(0, 0, w, h)), rand.New(rand.NewPCG(seed, 1))
	base := color.RGBA{uint8(rnd.UintN(200)), uint8(rnd.UintN(200)), uint8(rnd.UintN(200)), 255}
	for y := range h {
		for x := range w {
			c := base
			c.R, c.G = c.R+uint8(x*50/w), c.G+uint8(y*50/h)
			if noise {
				c.B = uint8(rnd.UintN(256))
			}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// withMetadata puts segments of text after the head of a JPEG.
func withMetadata(jpeg []byte, segments int, text string) []byte {
	out := append([]byte(nil), jpeg[:2]...)
	for range segments {
		body := append([]byte("Exif\x00\x00"), bytes.Repeat([]byte(text), 65000/len(text))...)
		out = append(out, 0xff, 0xe1, byte((len(body)+2)>>8), byte(len(body)+2))
		out = append(out, body...)
	}
	return append(out, jpeg[2:]...)
}

// cutReader fails after n bytes, as a connection does that is cut.
type cutReader struct {
	data []byte
	n    int
}

var errCut = errors.New("cut")

func (c *cutReader) Read(p []byte) (int, error) {
	if c.n == 0 || len(c.data) == 0 {
		return 0, errCut
	}
	n := copy(p[:min(len(p), c.n)], c.data)
	c.data, c.n = c.data[n:], c.n-n
	return n, nil
}

// counting tells how much was read.
type counting struct {
	io.Reader
	n int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

type logbook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logbook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logbook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func wantCode(t *testing.T, what string, err error, code problem.Code) {
	t.Helper()
	if code == "" && err != nil || code != "" && !problem.Has(err, code) {
		t.Errorf("%s: %v, want %q", what, err, code)
	}
}
