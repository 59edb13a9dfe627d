package auth

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

func TestRefreshRotates(t *testing.T) {
	t.Parallel()
	s := newService(t)
	g := register(t, s, "anna")
	exec(t, s.pool, `UPDATE sessions SET expires_at = now() + interval '1 minute'`)
	next := refreshed(t, s, g.RefreshToken)
	if next.User != g.User || next.RefreshToken == g.RefreshToken {
		t.Errorf("refreshed %+v", next.User)
	}
	before, _ := s.Verify(t.Context(), g.AccessToken)
	after, err := s.Verify(t.Context(), next.AccessToken)
	if err != nil || after.SessionID != before.SessionID {
		t.Errorf("the session changed from %s to %s, %v", before.SessionID, after.SessionID, err)
	}
	if n := count(t, s.pool, `SELECT count(*) FROM sessions WHERE expires_at > now() + interval '29 days 23 hours'`); n != 1 {
		t.Error("the session was not prolonged")
	}
	refreshed(t, s, next.RefreshToken)
}

func TestReuseEndsTheSession(t *testing.T) {
	t.Parallel()
	s := newService(t)
	g := register(t, s, "anna")
	other, err := s.Login(t.Context(), "anna", password)
	if err != nil {
		t.Fatal(err)
	}
	second := refreshed(t, s, g.RefreshToken)
	third := refreshed(t, s, second.RefreshToken)
	for range 2 {
		_, err = s.Refresh(t.Context(), g.RefreshToken)
		wantProblem(t, "the first token again", err, problem.RefreshReused)
	}
	_, err = s.Refresh(t.Context(), third.RefreshToken)
	wantProblem(t, "the newest token of a revoked session", err, problem.InvalidToken)
	refreshed(t, s, other.RefreshToken) // another sign-in of the same user goes on
	if _, err := s.Verify(t.Context(), third.AccessToken); err != nil {
		t.Errorf("its access token is valid until it expires: %v", err)
	}
}

func TestOneOfManyRefreshesWins(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for range 10 {
		g := register(t, s, "u"+strings.ToLower(id.New().String()))
		var won atomic.Pointer[Grant]
		errs := together(t.Context(), 4, func(ctx context.Context, _ int) error {
			next, err := s.Refresh(ctx, g.RefreshToken)
			if err == nil {
				won.Store(&next)
			}
			return err
		})
		if fine, reused := tally(t, errs, problem.RefreshReused); fine != 1 || reused != 3 {
			t.Fatalf("%d won, %d were refused", fine, reused)
		}
		_, err := s.Refresh(t.Context(), won.Load().RefreshToken)
		wantProblem(t, "the winner afterwards", err, problem.InvalidToken)
	}
}

func TestLogout(t *testing.T) {
	t.Parallel()
	s := newService(t)
	g := register(t, s, "anna")
	next := refreshed(t, s, g.RefreshToken)
	for _, token := range []string{next.RefreshToken, next.RefreshToken, g.RefreshToken, "", "unknown", newRefreshToken(), strings.Repeat("\x00", refreshLength)} {
		if err := s.Logout(t.Context(), token); err != nil {
			t.Errorf("logout: %v", err)
		}
	}
	_, err := s.Refresh(t.Context(), next.RefreshToken)
	wantProblem(t, "after logout", err, problem.InvalidToken)
}

// Whoever comes first, after the logout nobody can go on.
func TestLogoutAndRefreshRace(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for range 10 {
		g := register(t, s, "u"+id.New().String())
		next := g
		together(t.Context(), 2, func(ctx context.Context, i int) error {
			if i == 0 {
				return s.Logout(ctx, g.RefreshToken)
			}
			if r, err := s.Refresh(ctx, g.RefreshToken); err == nil {
				next = r
			}
			return nil
		})
		_, err := s.Refresh(t.Context(), next.RefreshToken)
		wantProblem(t, "after both", err, problem.InvalidToken)
	}
}

func TestRefreshRefuses(t *testing.T) {
	t.Parallel()
	s := newService(t)
	g := register(t, s, "anna")
	for _, token := range []string{"", "x", g.RefreshToken + "x", g.AccessToken, newRefreshToken(), strings.Repeat("\xff", refreshLength)} {
		_, err := s.Refresh(t.Context(), token)
		wantProblem(t, "an unknown token", err, problem.InvalidToken)
	}
	exec(t, s.pool, `UPDATE sessions SET expires_at = now()`)
	_, err := s.Refresh(t.Context(), g.RefreshToken)
	wantProblem(t, "an expired session", err, problem.TokenExpired)
}

func TestSweep(t *testing.T) {
	t.Parallel()
	s := newService(t)
	dead, g := register(t, s, "dead"), register(t, s, "anna")
	alive := refreshed(t, s, g.RefreshToken)
	claims, _ := s.Verify(t.Context(), dead.AccessToken)
	exec(t, s.pool, `UPDATE sessions SET expires_at = now() - interval '25 hours' WHERE id = $1`, claims.SessionID)
	exec(t, s.pool, `UPDATE refresh_tokens SET used_at = now() - interval '31 days' WHERE used_at IS NOT NULL`)
	exec(t, s.pool, `
		INSERT INTO sessions (id, user_id, expires_at)
		SELECT n, $1, now() - interval '1 year' FROM generate_series(1, $2) n`, g.User.ID, 2*sweepBatch)
	last, rounds := id.ID(0), 0
	for {
		var err error
		if last, err = s.sweep(t.Context(), last); err != nil {
			t.Fatal(err)
		}
		if rounds++; last == 0 {
			break
		}
	}
	if rounds != 3 {
		t.Errorf("%d rounds", rounds)
	}
	if n := count(t, s.pool, `SELECT count(*) FROM sessions`); n != 1 {
		t.Errorf("%d sessions are left", n)
	}
	if n := count(t, s.pool, `SELECT count(*) FROM refresh_tokens`); n != 1 {
		t.Errorf("%d refresh tokens are left", n)
	}
	refreshed(t, s, alive.RefreshToken)
}
