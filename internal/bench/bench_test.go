package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/feed"
	"lifecircle/internal/app"
	"lifecircle/internal/id"
	"lifecircle/internal/localpg"
	"lifecircle/internal/pg"
)

const (
	writers      = 512 // callers at the same time
	floorSeconds = 2
	floorClients = 16
	manyCircles  = 1_000
	benchPeople  = 2_000
)

// stage is a durable Postgres, the feed on it, and people to act.
type stage struct {
	dir    string
	server *localpg.Server
	pool   *pgxpool.Pool
	feed   *feed.Service
	people []feed.Actor
}

var theStage = sync.OnceValues(func() (*stage, error) {
	s, err := newStage()
	built = s
	return s, err
})

var built *stage // by the first benchmark that needs it

func TestMain(m *testing.M) {
	ctx, stop := context.WithCancel(context.Background())
	memory := make(chan struct{})
	go func() { // as the server has it
		defer close(memory)
		_ = app.KeepRoom(ctx) // never fails
	}()
	code := m.Run()
	stop()
	<-memory
	if built != nil {
		built.close()
	}
	os.Exit(code)
}

func (s *stage) close() {
	s.pool.Close()
	if err := s.server.Stop(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	_ = os.RemoveAll(s.dir)
}

func newStage() (*stage, error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "lifecircle-bench-")
	if err != nil {
		return nil, err
	}
	_ = os.Chmod(dir, 0o755)
	server, err := localpg.Start(ctx, localpg.Options{Dir: filepath.Join(dir, "data")})
	if err != nil {
		return nil, err
	}
	pool, err := pg.Open(ctx, server.URL(), pg.Options{AppName: "bench"})
	if err != nil {
		return nil, err
	}
	if err := pg.Migrate(ctx, pool); err != nil {
		return nil, err
	}
	s := &stage{dir: dir, server: server, pool: pool}
	if s.feed, err = feed.New(ctx, pool, feed.Options{}); err != nil {
		return nil, err
	}
	go func() { _ = s.feed.Run(ctx) }() // ends with the process
	return s, s.populate(ctx)
}

func (s *stage) populate(ctx context.Context) error {
	ids, handles := make([]id.ID, benchPeople), make([]string, benchPeople)
	first := id.New()
	for i := range ids {
		ids[i], handles[i] = first+id.ID(i), fmt.Sprintf("bench_%d", i)
		s.people = append(s.people, feed.Actor{User: ids[i]})
	}
	_, err := s.pool.Exec(ctx, `INSERT INTO users (id, handle, display_name, password_hash)
		SELECT i, h, h, '-' FROM unnest($1::bigint[], $2::text[]) AS n (i, h)`, ids, handles)
	return err
}

func (s *stage) circles(tb testing.TB, n int) []id.ID {
	tb.Helper()
	out := make([]id.ID, n)
	for i := range out {
		c, err := s.feed.CreateCircle(context.Background(), s.people[0], feed.NewCircle{Name: "bench"}, "")
		if err != nil {
			tb.Fatal(err)
		}
		out[i] = c.ID
	}
	return out
}

// floor measures what pgbench reaches on the same server with one-row inserts,
// as it is without further flags but for the number of clients.
func (s *stage) floor(tb testing.TB) float64 {
	tb.Helper()
	ctx := context.Background()
	if _, err := s.pool.Exec(ctx, `CREATE TABLE IF NOT EXISTS floor (id bigserial PRIMARY KEY, circle_id bigint, author_id bigint, text text, created_at timestamptz DEFAULT now())`); err != nil {
		tb.Fatal(err)
	}
	script := filepath.Join(tb.TempDir(), "insert.sql")
	if err := os.WriteFile(script, []byte("INSERT INTO floor (circle_id, author_id, text) VALUES (1, 2, 'a post of the usual length, some eighty characters long, as people write them');\n"), 0o600); err != nil {
		tb.Fatal(err)
	}
	return tps(tb, s.runPgbench(tb, "-n", "-c", strconv.Itoa(floorClients), "-j", "2", "-T", strconv.Itoa(floorSeconds), "-f", script, s.server.URL()))
}

func (s *stage) pgbench(tb testing.TB) string {
	tb.Helper()
	if path, err := exec.LookPath("pgbench"); err == nil {
		return path
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if len(found) == 0 {
		tb.Skip("no pgbench on this machine to compare with")
	}
	return found[len(found)-1]
}

// spread runs do b.N times from many callers and reports the rate, alone and
// as a multiple of pgbench's one-row inserts in the same run.
func (s *stage) spread(b *testing.B, unit string, do func(i int) error) {
	b.Helper()
	floor := 1.0
	if b.N > writers { // less is the search for b.N
		floor = s.floor(b)
	}
	s.run(b, unit, "pgbench", floor, do)
}

// run runs do b.N times from many callers and reports the rate, alone and as a
// multiple of the floor's.
func (*stage) run(b *testing.B, unit, floorName string, floor float64, do func(i int) error) {
	b.Helper()
	b.ResetTimer()
	flood(func(i int) bool {
		if i >= b.N {
			return false
		}
		if err := do(i); err != nil {
			b.Error(err)
			return false
		}
		return true
	})
	b.StopTimer()
	rate := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(rate, unit+"/s")
	b.ReportMetric(floor, floorName+"/s")
	b.ReportMetric(rate/floor, "x-"+floorName)
	b.ReportMetric(0, "ns/op")
}

func ready(b *testing.B) *stage {
	b.Helper()
	s, err := theStage()
	if err != nil {
		b.Fatal(err)
	}
	return s
}
