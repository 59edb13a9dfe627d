package identity_test

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/id"
	"lifecircle/internal/identity"
	"lifecircle/internal/identity/verifier"
	"lifecircle/internal/identity/verifier/manual"
	"lifecircle/internal/identity/verifier/sandbox"
	"lifecircle/internal/pgtest"
)

// world is an identity service with the sandbox authority and a desk of staff.
type world struct {
	t         testing.TB
	pool      *pgxpool.Pool
	keys      *verifier.Keys
	s         *identity.Service
	authority *sandbox.Authority
	desk      *manual.Desk
	log       *syncBuffer

	mu      sync.Mutex // guards changed
	changed map[id.ID]int
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, pool: pgtest.New(t), log: &syncBuffer{}, changed: map[id.ID]int{}}
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	if w.keys, err = verifier.LoadKeys(t.Context(), w.pool, ""); err != nil {
		t.Fatal(err)
	}
	told := func(ctx context.Context, name string) { w.s.Told(ctx, name) }
	if w.authority, err = sandbox.New(w.pool, w.keys, sandbox.Options{Told: told, Log: log}); err != nil {
		t.Fatal(err)
	}
	w.desk = manual.New(w.pool, w.keys, told)
	w.s = identity.New(w.pool, w.keys, identity.Options{Verifiers: []verifier.Verifier{w.authority, w.desk}, Log: log, Changed: func(user id.ID) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.changed[user]++
	}})
	return w
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.pool.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatal(err)
	}
}

// people makes so many accounts, with ids from 1000 on.
func (w *world) people(n int) []id.ID {
	w.t.Helper()
	w.exec(`INSERT INTO users (id, handle, display_name, password_hash) SELECT 1000 + n, 'user_' || n, 'User', '' FROM generate_series(1, $1) n`, n)
	users := make([]id.ID, n)
	for i := range users {
		users[i] = id.ID(1001 + i)
	}
	return users
}

func (w *world) apply(user id.ID, in identity.Application) identity.Verification {
	w.t.Helper()
	v, err := w.s.Apply(w.t.Context(), user, in, "")
	if err != nil {
		w.t.Fatalf("Apply: %v", err)
	}
	return v
}

// verify has the authority confirm facts, and returns what became of it.
func (w *world) verify(user id.ID, kind identity.Kind, f verifier.Facts) identity.Verification {
	w.t.Helper()
	v := w.apply(user, identity.Application{Kind: kind})
	if err := w.authority.Approve(w.t.Context(), v.ID.String(), f); err != nil {
		w.t.Fatal(err)
	}
	return w.find(user, v.ID)
}

func (w *world) mine(user id.ID) identity.Own {
	w.t.Helper()
	own, err := w.s.Mine(w.t.Context(), user)
	if err != nil {
		w.t.Fatal(err)
	}
	return own
}

func (w *world) find(user, v id.ID) identity.Verification {
	w.t.Helper()
	for _, item := range w.mine(user).Items {
		if item.ID == v {
			return item
		}
	}
	w.t.Fatalf("verification %s is not in the list", v)
	return identity.Verification{}
}

func (w *world) rights(user id.ID) identity.Rights {
	w.t.Helper()
	r, err := identity.ReadRights(w.t.Context(), w.pool, user)
	if err != nil || r[user] == nil {
		w.t.Fatalf("rights of %s: %v", user, err)
	}
	return *r[user]
}

func (w *world) count(sql string, args ...any) (n int) {
	w.t.Helper()
	if err := w.pool.QueryRow(w.t.Context(), sql, args...).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func person(document string) verifier.Facts {
	return verifier.Facts{Level: 2, Document: document, BirthDate: "1990-01-01", Gender: "female", City: "上海"}
}
