package auth

import (
	"context"
	"testing"

	"lifecircle/internal/problem"
)

func resumed(t testing.TB, s *Service, token string) Grant {
	t.Helper()
	g, err := s.Resume(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// A page was left while the answer was under way: its next visit still has the
// token from before.
func TestResumeForgivesALostAnswer(t *testing.T) {
	t.Parallel()
	s := newService(t)
	g := register(t, s, "anna")
	resumed(t, s, g.RefreshToken)          // lost
	resumed(t, s, g.RefreshToken)          // lost again
	third := resumed(t, s, g.RefreshToken) // arrived
	if third.User != g.User || third.SessionFor != s.opts.SessionTTL {
		t.Errorf("resumed %v for %s", third.User, third.SessionFor)
	}
	resumed(t, s, third.RefreshToken)
	if n := count(t, s.pool, `SELECT count(*) FROM refresh_tokens WHERE used_at IS NULL`); n != 1 {
		t.Errorf("%d tokens are alive", n)
	}
}

// Whoever comes with a token that was set aside is one of two who share a
// session: it ends for both.
func TestResumeStillFindsTheThief(t *testing.T) {
	t.Parallel()
	s := newService(t)
	g := register(t, s, "anna")
	owner := resumed(t, s, g.RefreshToken)
	thief := resumed(t, s, g.RefreshToken)
	_, err := s.Resume(t.Context(), owner.RefreshToken)
	wantProblem(t, "the token that was set aside", err, problem.RefreshReused)
	_, err = s.Resume(t.Context(), thief.RefreshToken)
	wantProblem(t, "the other one afterwards", err, problem.InvalidToken)
}

func TestResumeForgivesNothingElse(t *testing.T) {
	t.Parallel()
	s := newService(t)

	g := register(t, s, "late")
	next := resumed(t, s, g.RefreshToken)
	exec(t, s.pool, `UPDATE refresh_tokens SET used_at = used_at - interval '30 seconds' WHERE used_at IS NOT NULL`)
	_, err := s.Resume(t.Context(), g.RefreshToken)
	wantProblem(t, "after the grace", err, problem.RefreshReused)
	_, err = s.Resume(t.Context(), next.RefreshToken)
	wantProblem(t, "its session", err, problem.InvalidToken)

	g = register(t, s, "moved")
	next = resumed(t, s, g.RefreshToken)
	resumed(t, s, next.RefreshToken) // so the answer had arrived
	_, err = s.Resume(t.Context(), g.RefreshToken)
	wantProblem(t, "a successor that was used", err, problem.RefreshReused)

	g = register(t, s, "ended")
	resumed(t, s, g.RefreshToken)
	if err := s.Logout(t.Context(), g.RefreshToken); err != nil {
		t.Fatal(err)
	}
	_, err = s.Resume(t.Context(), g.RefreshToken)
	wantProblem(t, "after a logout", err, problem.InvalidToken)

	g = register(t, s, "older") // by a binary that writes no successor
	resumed(t, s, g.RefreshToken)
	exec(t, s.pool, `UPDATE refresh_tokens SET successor = NULL`)
	_, err = s.Resume(t.Context(), g.RefreshToken)
	wantProblem(t, "an unknown successor", err, problem.RefreshReused)

	g = register(t, s, "strict") // Refresh is what it was
	resumed(t, s, g.RefreshToken)
	_, err = s.Refresh(t.Context(), g.RefreshToken)
	wantProblem(t, "a refresh of the same token", err, problem.RefreshReused)
}

// However many come at once, one token is alive afterwards, and any other ends
// the session.
func TestManyResumesLeaveOneToken(t *testing.T) {
	t.Parallel()
	s := newService(t)
	g := register(t, s, "anna")
	grants := make([]Grant, 4)
	for _, err := range together(t.Context(), len(grants), func(ctx context.Context, i int) (err error) {
		grants[i], err = s.Resume(ctx, g.RefreshToken)
		return err
	}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, s.pool, `SELECT count(*) FROM refresh_tokens WHERE used_at IS NULL`); n != 1 {
		t.Errorf("%d tokens are alive", n)
	}
	reused := 0
	for _, each := range grants {
		if _, err := s.Resume(t.Context(), each.RefreshToken); err != nil {
			reused++
		}
	}
	if reused < len(grants)-1 {
		t.Errorf("only %d of %d were refused", reused, len(grants))
	}
}

func TestLogoutEverywhere(t *testing.T) {
	t.Parallel()
	s := newService(t)
	anna, ben := register(t, s, "anna"), register(t, s, "ben")
	other, err := s.Login(t.Context(), "anna", password)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.LogoutEverywhere(t.Context(), anna.User.ID); err != nil {
			t.Fatal(err)
		}
	}
	for _, g := range []Grant{anna, other} {
		_, err := s.Refresh(t.Context(), g.RefreshToken)
		wantProblem(t, "a session of hers", err, problem.InvalidToken)
	}
	refreshed(t, s, ben.RefreshToken)
}
