package auth

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/pgtest"
	"lifecircle/internal/problem"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const password = "correct horse battery staple"

var cheap = Argon2{Time: 1, MemoryKiB: 64}

// clock stands at the time of the test's start until it is moved.
type clock struct {
	start time.Time
	moved atomic.Int64
}

func newClock() *clock                   { return &clock{start: time.Now()} }
func (c *clock) now() time.Time          { return c.start.Add(time.Duration(c.moved.Load())) }
func (c *clock) advance(d time.Duration) { c.moved.Add(int64(d)) }

// logbook is a log that tests may read while it is written.
type logbook struct {
	mu  sync.Mutex
	buf strings.Builder
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

func (b *logbook) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(b, nil)) }

// newService returns a service with cheap passwords on a fresh database.
func newService(t testing.TB) *Service {
	t.Helper()
	return NewService(pgtest.New(t), Options{Password: cheap})
}

func register(t testing.TB, s *Service, handle string) Grant {
	t.Helper()
	g, err := s.Register(t.Context(), NewAccount{Handle: handle, Password: password, DisplayName: handle})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func refreshed(t testing.TB, s *Service, token string) Grant {
	t.Helper()
	g, err := s.Refresh(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func exec(t testing.TB, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func count(t testing.TB, pool *pgxpool.Pool, sql string, args ...any) (n int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func wantProblem(t testing.TB, what string, err error, code problem.Code) {
	t.Helper()
	if !problem.Has(err, code) {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

// together runs n calls at once and returns their errors.
func together(ctx context.Context, n int, call func(ctx context.Context, i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = call(ctx, i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// tally counts the nils and the problems with the code, and fails on the rest.
func tally(t testing.TB, errs []error, code problem.Code) (fine, refused int) {
	t.Helper()
	for _, err := range errs {
		switch {
		case err == nil:
			fine++
		case problem.Has(err, code):
			refused++
		default:
			t.Errorf("neither success nor %s: %v", code, err)
		}
	}
	return fine, refused
}
