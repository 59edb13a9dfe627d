package auth

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/pgtest"
	"lifecircle/internal/problem"
)

func issue(t *testing.T, s *Service) string {
	t.Helper()
	token, err := s.IssueFor(t.Context(), 7, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func kidOf(token string) string { return strings.Split(token, ".")[0] }

// nodes returns services that share a database and a clock.
func nodes(t *testing.T) (pool *pgxpool.Pool, a, b *Service, c *clock) {
	t.Helper()
	pool, c = pgtest.New(t), newClock()
	return pool, NewService(pool, Options{Now: c.now}), NewService(pool, Options{Now: c.now}), c
}

func TestNodesStartTogether(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	services := make([]*Service, 6)
	tokens := make([]string, len(services))
	for i := range services {
		services[i] = NewService(pool, Options{})
	}
	errs := together(t.Context(), len(services), func(ctx context.Context, i int) (err error) {
		tokens[i], err = services[i].IssueFor(ctx, 7, 0)
		return err
	})
	tally(t, errs, "")
	if n := count(t, pool, `SELECT count(*) FROM signing_keys`); n != 1 {
		t.Errorf("%d keys", n)
	}
	for _, s := range services {
		for _, token := range tokens {
			if _, err := s.Verify(t.Context(), token); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	pool, a, b, c := nodes(t)
	old := issue(t, a)
	verify := func(when string, tokens ...string) {
		t.Helper()
		for _, s := range []*Service{a, b} {
			for i, token := range tokens {
				if _, err := s.Verify(t.Context(), token); err != nil {
					t.Errorf("%s: token %d: %v", when, i, err)
				}
			}
		}
	}
	verify("before", old, issue(t, b))
	if err := a.RotateKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.advance(settleTime / 2)
	if got := issue(t, a); kidOf(got) != kidOf(old) {
		t.Error("the new key signs before other nodes can know it")
	}
	if set, err := a.JWKS(t.Context()); err != nil || len(set.Keys) != 2 {
		t.Errorf("JWKS has %d keys, %v", len(set.Keys), err)
	}
	c.advance(settleTime)
	next := issue(t, a)
	if kidOf(next) == kidOf(old) {
		t.Error("the old key signs for ever")
	}
	verify("after", old, next, issue(t, b))
	exec(t, pool, `UPDATE signing_keys SET retired_at = now() - $1::interval WHERE retired_at IS NOT NULL`, MaxTokenTTL+2*clockSkew)
	for _, s := range []*Service{a, b} {
		if err := s.keys.watch(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := s.Verify(t.Context(), old)
		wantProblem(t, "a key retired a day ago", err, problem.InvalidToken)
	}
	verify("at last", next)
	if err := b.RotateKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := count(t, pool, `SELECT count(*) FROM signing_keys`); n != 2 {
		t.Errorf("%d keys are kept", n)
	}
}

func TestOldKeyIsReplacedOnce(t *testing.T) {
	t.Parallel()
	pool, a, b, _ := nodes(t)
	issue(t, a)
	issue(t, b)
	exec(t, pool, `UPDATE signing_keys SET created_at = now() - interval '29 days'`)
	watch := func(ctx context.Context, i int) error { return []*Service{a, b}[i%2].keys.watch(ctx) }
	tally(t, together(t.Context(), 4, watch), "")
	if n := count(t, pool, `SELECT count(*) FROM signing_keys`); n != 1 {
		t.Errorf("%d keys after 29 days", n)
	}
	exec(t, pool, `UPDATE signing_keys SET created_at = now() - interval '31 days'`)
	tally(t, together(t.Context(), 4, watch), "")
	if n := count(t, pool, `SELECT count(*) FROM signing_keys`); n != 2 {
		t.Errorf("%d keys after 31 days", n)
	}
}

// A leaked key is deleted: its tokens die, and there is another to sign with.
func TestDeletedKey(t *testing.T) {
	t.Parallel()
	pool, a, b, c := nodes(t)
	leaked := issue(t, a)
	exec(t, pool, `DELETE FROM signing_keys`)
	if err := b.keys.watch(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := b.Verify(t.Context(), leaked)
	wantProblem(t, "a token of a deleted key", err, problem.InvalidToken)
	c.advance(reloadPause)
	if _, err := a.Verify(t.Context(), issue(t, b)); err != nil {
		t.Error(err)
	}
}

func TestUnknownKeyIsLookedUpOnceASecond(t *testing.T) {
	t.Parallel()
	_, a, b, c := nodes(t)
	issue(t, a)
	stranger, _, _ := keyedService(t)
	forged := issue(t, stranger)
	_, err := b.Verify(t.Context(), forged)
	wantProblem(t, "forged", err, problem.InvalidToken)
	tried := b.keys.tried
	if err := a.RotateKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.keys.current.Store(&keySet{keys: a.keys.current.Load().keys[1:]}) // sign with it at once
	token := issue(t, a)
	_, err = b.Verify(t.Context(), token)
	wantProblem(t, "in the same second", err, problem.InvalidToken)
	if b.keys.tried != tried {
		t.Error("the database was asked again at once")
	}
	c.advance(reloadPause)
	if _, err := b.Verify(t.Context(), token); err != nil {
		t.Errorf("a second later: %v", err)
	}
}

// Without the database known keys go on verifying, and an unknown one is no
// reason to call a token invalid.
func TestVerifyWithoutDatabase(t *testing.T) {
	t.Parallel()
	pool, a, _, c := nodes(t)
	token := issue(t, a)
	stranger, _, _ := keyedService(t)
	unknown := issue(t, stranger)
	pool.Close()
	for range 3 {
		if _, err := a.Verify(t.Context(), token); err != nil {
			t.Error(err)
		}
		_, err := a.Verify(t.Context(), unknown)
		wantProblem(t, "an unknown key", err, problem.Unavailable)
		c.advance(reloadPause / 2)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	s := newService(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	for deadline := time.Now().Add(10 * time.Second); s.keys.current.Load() == nil; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("Run makes no key")
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
