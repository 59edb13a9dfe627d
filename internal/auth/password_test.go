package auth

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lifecircle/internal/problem"
)

func TestDefaultCost(t *testing.T) {
	t.Parallel()
	s := NewService(nil, Options{})
	stored, err := s.hasher.hash(t.Context(), password)
	if err != nil || !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("%s, %v", stored, err)
	}
	if ok, stale, err := s.hasher.verify(t.Context(), password, stored); !ok || stale || err != nil {
		t.Errorf("verify: %t, stale %t, %v", ok, stale, err)
	}
}

func TestMalformedHashes(t *testing.T) {
	t.Parallel()
	h := newHasher(cheap)
	a, _ := h.hash(t.Context(), password)
	b, _ := h.hash(t.Context(), password)
	if a == b {
		t.Error("two hashes share their salt")
	}
	for _, s := range []string{
		"", "!!", "plain", "$argon2i" + a[len("$argon2id"):], strings.Replace(a, "v=19", "v=16", 1), a + "$", a[:len(a)-4],
		strings.Replace(a, "m=64", "m=4294967295", 1), strings.Replace(a, "t=1", "t=4000000000", 1), strings.Replace(a, "t=1", "t=0", 1),
		strings.Replace(a, "p=1", "p=2", 1), strings.Replace(a, "m=64", "m=-64", 1),
	} {
		if _, _, err := h.verify(t.Context(), password, s); !errors.Is(err, errBadHash) {
			t.Errorf("stored %q: %v", s, err)
		}
	}
}

// As many as there are processors compute, a few wait, the rest are sent away.
func TestHashingIsBounded(t *testing.T) {
	t.Parallel()
	h := newHasher(cheap)
	for range cap(h.slots) {
		h.slots <- struct{}{} // all busy
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	waiting := make(chan error)
	for range cap(h.tickets) {
		go func() {
			_, err := h.hash(ctx, password)
			waiting <- err
		}()
	}
	for len(h.tickets) < cap(h.tickets) {
		runtime.Gosched()
	}
	_, err := h.hash(ctx, password)
	wantProblem(t, "one too many", err, problem.Overloaded)
	if p := problem.From(err); p != nil && p.RetryAfter <= 0 {
		t.Error("it does not say when to come again")
	}
	cancel()
	for range cap(h.tickets) {
		if err := <-waiting; !errors.Is(err, context.Canceled) {
			t.Errorf("one who gave up: %v", err)
		}
	}
	<-h.slots
	if _, err := h.hash(t.Context(), password); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if n := h.computed.Load(); n != 1 {
		t.Errorf("%d hashes were computed", n)
	}
}

func TestHashWaitEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(cheap)
		for range cap(h.slots) {
			h.slots <- struct{}{}
		}
		start := time.Now()
		_, err := h.hash(t.Context(), password)
		wantProblem(t, "a slot that never comes", err, problem.Overloaded)
		if waited := time.Since(start); waited != maxHashWait {
			t.Errorf("waited for %s", waited)
		}
	})
}
