package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"lifecircle/internal/localpg"
	"lifecircle/internal/pg"
)

const (
	prefix       = "lifecircle-pgtest-" // of directories in os.TempDir
	startTimeout = 2 * time.Minute      // a loaded machine; a second is usual
	stopTimeout  = 20 * time.Second
	staleAfter   = time.Minute // a directory younger than this may have no lock yet
	template     = "template_migrated"
	adminConns   = 4 // databases made and dropped at the same time
)

// Main runs the tests of a package, fails it when a goroutine is left, and
// stops the server: func TestMain(m *testing.M) { pgtest.Main(m) }. It does
// not return.
func Main(m *testing.M, options ...goleak.Option) {
	options = append(options, goleak.Cleanup(func(code int) {
		if err := stop(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			code = max(code, 1)
		}
		os.Exit(code)
	}))
	goleak.VerifyTestMain(m, options...)
}

// New returns a pool on a fresh database with the schema. Both go with t.
func New(t testing.TB) *pgxpool.Pool {
	t.Helper()
	return open(t, URL(t))
}

// URL returns the address of a fresh database with the schema, dropped with t.
func URL(t testing.TB) string {
	t.Helper()
	return create(t, template)
}

// Empty returns the address of a fresh database without a schema, dropped
// with t.
func Empty(t testing.TB) string {
	t.Helper()
	return create(t, "template0")
}

func open(t testing.TB, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := pg.Open(t.Context(), url, pg.Options{AppName: "test"})
	if err != nil {
		t.Fatalf("open the test database: %v", err)
	}
	t.Cleanup(pool.Close)
	return pool
}

var databases atomic.Int64 // numbers them

func create(t testing.TB, from string) string {
	t.Helper()
	s, err := running()
	if err != nil {
		t.Fatalf("start Postgres for tests: %v", err)
	}
	name := fmt.Sprintf("test_%d", databases.Add(1))
	if err := s.exec(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+from+" STRATEGY file_copy"); err != nil {
		t.Fatalf("create database %s: %v", name, err)
	}
	t.Cleanup(func() {
		if err := s.exec(context.WithoutCancel(t.Context()), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop database %s: %v", name, err)
		}
	})
	return s.local.DatabaseURL(name)
}

// server is the Postgres of this test binary.
type server struct {
	dir   string
	local *localpg.Server
	slots chan struct{} // adminConns at most; more wait
}

var (
	mu      sync.Mutex // guards what follows
	started *server
	failed  error // kept, so that not every test tries again
)

func running() (*server, error) {
	mu.Lock()
	defer mu.Unlock()
	if started == nil && failed == nil {
		ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
		defer cancel()
		started, failed = start(ctx)
	}
	return started, failed
}

func start(ctx context.Context) (_ *server, err error) {
	sweep()
	s := &server{slots: make(chan struct{}, adminConns)}
	if s.dir, err = os.MkdirTemp("", prefix); err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	if err := os.Chmod(s.dir, 0o755); err != nil { //nolint:gosec // Postgres may run as another user
		return nil, fmt.Errorf("open the directory: %w", err)
	}
	s.local, err = localpg.Start(ctx, localpg.Options{Dir: s.dir, BinDir: os.Getenv("LIFECIRCLE_POSTGRES_BIN"), Volatile: true})
	if err != nil {
		return nil, err
	}
	if err := s.makeTemplate(ctx); err != nil {
		return nil, errors.Join(err, s.local.Stop(ctx))
	}
	return s, nil
}

func (s *server) makeTemplate(ctx context.Context) error {
	if err := s.exec(ctx, "CREATE DATABASE "+template+" TEMPLATE template0 STRATEGY file_copy"); err != nil {
		return err
	}
	pool, err := pg.Open(ctx, s.local.DatabaseURL(template), pg.Options{MaxConns: 2})
	if err != nil {
		return err
	}
	defer pool.Close() // a template must have no sessions when it is copied
	return pg.Migrate(ctx, pool)
}

// exec runs one statement on a connection of its own, so that no pool is left
// for the leak check to find.
func (s *server) exec(ctx context.Context, sql string) error {
	s.slots <- struct{}{}
	defer func() { <-s.slots }()
	conn, err := pgx.Connect(ctx, s.local.URL())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, sql)
	return err
}

// stop ends the server and removes its directory.
func stop() error {
	mu.Lock()
	defer mu.Unlock()
	if started == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := started.local.Stop(ctx); err != nil {
		return err
	}
	return os.RemoveAll(started.dir)
}

// sweep removes the directories of test binaries that were killed: nobody
// holds the lock of those.
func sweep() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*")) // the pattern is well formed
	for _, dir := range dirs {
		if st, err := os.Stat(dir); err == nil && time.Since(st.ModTime()) > staleAfter && unused(dir) {
			_ = os.RemoveAll(dir) // another user's stays
		}
	}
}

func unused(dir string) bool {
	f, err := os.Open(filepath.Join(dir, "users.lock")) //nolint:gosec // a directory of ours
	if err != nil {
		return os.IsNotExist(err)
	}
	defer func() { _ = f.Close() }()
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}
