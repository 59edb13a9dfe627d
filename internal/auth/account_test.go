package auth

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

func TestRegisterAndLogin(t *testing.T) {
	t.Parallel()
	s := newService(t)
	g, err := s.Register(t.Context(), NewAccount{Handle: "Ann_Lee", Password: password, DisplayName: "  Ann \u3000Lee "})
	if err != nil {
		t.Fatal(err)
	}
	if g.User.Handle != "ann_lee" || g.User.DisplayName != "Ann Lee" || g.User.ID == 0 || g.ExpiresIn != s.opts.AccessTTL {
		t.Errorf("grant of %+v for %s", g.User, g.ExpiresIn)
	}
	again, err := s.Login(t.Context(), "ANN_lee", password)
	if err != nil || again.User != g.User {
		t.Fatalf("login: %+v, %v", again.User, err)
	}
	first, err1 := s.Verify(t.Context(), g.AccessToken)
	second, err2 := s.Verify(t.Context(), again.AccessToken)
	if err1 != nil || err2 != nil || first.UserID != g.User.ID || second.UserID != g.User.ID || first.SessionID == second.SessionID {
		t.Errorf("claims %+v, %v and %+v, %v", first, err1, second, err2)
	}
}

// A password typed on another keyboard is the same password.
func TestPasswordIsNormalised(t *testing.T) {
	t.Parallel()
	s := newService(t)
	if _, err := s.Register(t.Context(), NewAccount{Handle: "zoe", Password: "cafe\u0301 \x00 au lait", DisplayName: "Zoe"}); err != nil { //nolint:gosec // of a test
		t.Fatal(err)
	}
	if _, err := s.Login(t.Context(), "zoe", "caf\u00E9 \x00 au lait"); err != nil {
		t.Error(err)
	}
}

func TestRegisterRefuses(t *testing.T) {
	t.Parallel()
	s := newService(t)
	tests := []struct {
		handle, password, name string
		code                   problem.Code
		location               string
	}{
		{"ab", password, "A", problem.HandleForm, "body.handle"},
		{strings.Repeat("a", 31), password, "A", problem.HandleForm, "body.handle"},
		{"a b", password, "A", problem.HandleForm, "body.handle"},
		{"\u212Aelvin", password, "A", problem.HandleForm, "body.handle"},
		{"anna\x00", password, "A", problem.HandleForm, "body.handle"},
		{"anna\n", password, "A", problem.HandleForm, "body.handle"},
		{"anna", "1234567", "A", problem.PasswordWeak, "body.password"},
		{"anna", strings.Repeat("字", 201), "A", problem.PasswordWeak, "body.password"},
		{"anna", "bad \xff bytes", "A", problem.PasswordWeak, "body.password"},
		{"anna", "          ", "A", problem.PasswordWeak, "body.password"},
		{"annalena", "AnnaLena", "A", problem.PasswordWeak, "body.password"},
		{"anna", password, " ", problem.TextEmpty, "body.display_name"},
		{"anna", password, "\u202Eanna", problem.TextControl, "body.display_name"},
		{"anna", password, strings.Repeat("👩‍👩‍👧", 51), problem.TextTooLong, "body.display_name"},
	}
	for _, tt := range tests {
		_, err := s.Register(t.Context(), NewAccount{Handle: tt.handle, Password: tt.password, DisplayName: tt.name})
		p := problem.From(err)
		if p == nil || p.Code != tt.code || len(p.Fields) != 1 || p.Fields[0].Location != tt.location {
			t.Errorf("%q, %q, %q: %v", tt.handle, tt.password, tt.name, err)
		}
	}
	_, err := s.Register(t.Context(), NewAccount{})
	if p := problem.From(err); p == nil || len(p.Fields) != 3 {
		t.Errorf("with every fault: %+v", p)
	}
	if n := s.hasher.computed.Load() + int64(count(t, s.pool, `SELECT count(*) FROM users`)); n != 0 {
		t.Error("a refused registration left a hash or a row")
	}
}

func TestHandleIsTakenOnce(t *testing.T) {
	t.Parallel()
	s := newService(t)
	errs := together(t.Context(), 8, func(ctx context.Context, i int) error {
		_, err := s.Register(ctx, NewAccount{Handle: []string{"anna", "Anna"}[i%2], Password: password, DisplayName: "A"})
		return err
	})
	if fine, taken := tally(t, errs, problem.HandleTaken); fine != 1 || taken != 7 {
		t.Errorf("%d registered, %d refused", fine, taken)
	}
	if n := count(t, s.pool, `SELECT count(*) FROM users`) + count(t, s.pool, `SELECT count(*) FROM sessions`); n != 2 {
		t.Errorf("%d rows of users and sessions, want one of each", n)
	}
}

func TestIDIsDrawnAgain(t *testing.T) {
	t.Parallel()
	s := newService(t)
	taken := register(t, s, "anna").User.ID
	claims, _ := s.Verify(t.Context(), register(t, s, "bert").AccessToken)
	draws := []id.ID{taken, 42, claims.SessionID, 43}
	s.newID = func() id.ID {
		next := draws[0]
		draws = draws[1:]
		return next
	}
	if g := register(t, s, "carl"); g.User.ID != 42 {
		t.Errorf("user %d", g.User.ID)
	}
	if len(draws) != 0 {
		t.Errorf("%d ids are left", len(draws))
	}
}

// An unknown handle, an account without a password, a wrong password and a
// right one cost one hash each, and the first three answer alike.
func TestLoginTellsNothing(t *testing.T) {
	t.Parallel()
	s := newService(t)
	register(t, s, "anna")
	if _, err := s.CreateUsers(t.Context(), []NewUser{{Handle: "robot"}}, ""); err != nil {
		t.Fatal(err)
	}
	answers := map[string]int{}
	for _, try := range [][2]string{{"nobody", password}, {"robot", password}, {"robot", unusable}, {"anna", "wrong password"}, {"anna", ""}, {"\x00", password}, {"", ""}} {
		before := s.hasher.computed.Load()
		_, err := s.Login(t.Context(), try[0], try[1])
		wantProblem(t, fmt.Sprint(try), err, problem.InvalidCredentials)
		if n := s.hasher.computed.Load() - before; n != 1 {
			t.Errorf("%q cost %d hashes", try, n)
		}
		answers[fmt.Sprintf("%+v", *problem.From(err))]++
	}
	if len(answers) != 1 {
		t.Errorf("answers differ: %v", answers)
	}
	before := s.hasher.computed.Load()
	if _, err := s.Login(t.Context(), "anna", password); err != nil || s.hasher.computed.Load() != before+1 {
		t.Errorf("the right password: %v, %d hashes", err, s.hasher.computed.Load()-before)
	}
	_, err := s.Login(t.Context(), "anna", strings.Repeat("x", 1<<20))
	wantProblem(t, "a password of 1 MiB", err, problem.InvalidCredentials)
}

func TestBannedUser(t *testing.T) {
	t.Parallel()
	s := newService(t)
	g := register(t, s, "anna")
	exec(t, s.pool, `UPDATE users SET banned_at = now()`)
	_, err := s.Login(t.Context(), "anna", password)
	wantProblem(t, "login", err, problem.Banned)
	_, err = s.Login(t.Context(), "anna", "wrong password")
	wantProblem(t, "login with a wrong password", err, problem.InvalidCredentials)
	_, err = s.Refresh(t.Context(), g.RefreshToken)
	wantProblem(t, "refresh", err, problem.Banned)
	exec(t, s.pool, `UPDATE users SET banned_at = NULL`)
	refreshed(t, s, g.RefreshToken) // the ban did not use it up
}

func TestHashIsRenewedAtLogin(t *testing.T) {
	t.Parallel()
	old := newService(t)
	register(t, old, "anna")
	dearer := Argon2{Time: 2, MemoryKiB: 128}
	s := NewService(old.pool, Options{Password: dearer})
	_, err := s.Login(t.Context(), "anna", "wrong password")
	wantProblem(t, "wrong password", err, problem.InvalidCredentials)
	for try, hashes := range []int64{2, 1} { // verified and renewed, then only verified
		before := s.hasher.computed.Load()
		if _, err := s.Login(t.Context(), "anna", password); err != nil {
			t.Fatal(err)
		}
		if n := s.hasher.computed.Load() - before; n != hashes {
			t.Errorf("login %d cost %d hashes", try, n)
		}
	}
	if n := count(t, s.pool, `SELECT count(*) FROM users WHERE password_hash LIKE '$argon2id$v=19$m=128,t=2,p=1$%'`); n != 1 {
		t.Error("the stored hash is the old one")
	}
}
