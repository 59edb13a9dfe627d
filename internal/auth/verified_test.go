package auth

import (
	"context"
	"strconv"
	"testing"
	"time"

	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

// remembered tells how many tokens s has found right.
func (s *Service) remembered() (n int) {
	for i := range s.verified.shards {
		sh := &s.verified.shards[i]
		sh.mu.Lock()
		n += len(sh.tokens)
		sh.mu.Unlock()
	}
	return n
}

// A remembered token is refused from the same moment as any other: when it
// has expired, or when its key is gone.
func TestARememberedTokenEndsLikeAnyOther(t *testing.T) {
	t.Parallel()
	s, k, c := keyedService(t)
	sign := func(ttl time.Duration) string {
		token, err := s.sign(t.Context(), 7, 8, ttl)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	short, long := sign(time.Minute), sign(time.Hour)
	var first Claims
	for i := range 3 {
		got, err := s.Verify(t.Context(), short)
		if i == 0 {
			first = got
		}
		if err != nil || got != first || got.UserID != 7 || got.SessionID != 8 {
			t.Fatalf("time %d: %+v, %v; the first said %+v", i, got, err, first)
		}
	}
	if _, err := s.Verify(t.Context(), long); err != nil || s.remembered() != 2 {
		t.Fatalf("%d are remembered, %v", s.remembered(), err)
	}
	c.advance(time.Minute)
	_, err := s.Verify(t.Context(), short)
	wantProblem(t, "expired", err, problem.TokenExpired)

	retired := k
	retired.retiredAt = c.now().Add(-MaxTokenTTL - 2*clockSkew)
	s.keys.tried = c.now()
	for what, keys := range map[string][]signingKey{"retired": {retired}, "deleted": {newSigningKey()}} {
		s.keys.current.Store(&keySet{keys: keys})
		_, err = s.Verify(t.Context(), long)
		wantProblem(t, what+" key", err, problem.InvalidToken)
	}
	s.keys.current.Store(&keySet{keys: []signingKey{k}})
	if _, err = s.Verify(t.Context(), long); err != nil {
		t.Errorf("with its key back: %v", err)
	}
}

func TestWhatIsWrongIsNotRemembered(t *testing.T) {
	t.Parallel()
	s, _, _ := keyedService(t)
	token, err := s.sign(t.Context(), 7, 8, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := s.Verify(t.Context(), token[:len(token)-4]+"AAAA")
		wantProblem(t, "forged", err, problem.InvalidToken)
	}
	if s.remembered() != 0 {
		t.Errorf("%d are remembered", s.remembered())
	}
}

func TestRememberedTokensAreBounded(t *testing.T) {
	t.Parallel()
	const maximum = 4 * verifiedShards
	v, now := newVerified(maximum), time.Now()
	put := func(i int, expires time.Time) {
		h := hashToken(strconv.Itoa(i))
		v.put(&h, signed{Claims: Claims{UserID: id.ID(i), ExpiresAt: expires}}, now)
		if got, ok := v.get(&h); !ok || got.UserID != id.ID(i) {
			t.Fatalf("token %d is not there: %+v", i, got)
		}
	}
	size := func() (n int) {
		for i := range v.shards {
			n += len(v.shards[i].tokens)
		}
		return n
	}
	for i := range 10 * maximum {
		put(i, now.Add(time.Hour))
	}
	if size() > maximum {
		t.Errorf("%d are remembered, want %d at most", size(), maximum)
	}
	now = now.Add(2 * time.Hour)
	for i := range 10 * maximum {
		put(i, now) // of no use, gone with the next
	}
	if size() > 2*verifiedShards {
		t.Errorf("%d expired ones are kept", size())
	}
}

func TestRememberedTokensFromManyGoroutines(t *testing.T) {
	t.Parallel()
	s, _, _ := keyedService(t)
	tokens := make([]string, 8)
	for i := range tokens {
		var err error
		if tokens[i], err = s.sign(t.Context(), id.ID(i+1), 0, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	errs := together(t.Context(), 64, func(ctx context.Context, i int) error {
		got, err := s.Verify(ctx, tokens[i%len(tokens)])
		if err == nil && got.UserID != id.ID(i%len(tokens)+1) {
			t.Errorf("token %d is of %s", i%len(tokens), got.UserID)
		}
		return err
	})
	tally(t, errs, "")
}
