package auth

import (
	"context"
	"fmt"
	"testing"

	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

func people(prefix string, n int) []NewUser {
	all := make([]NewUser, n)
	for i := range all {
		all[i] = NewUser{Handle: fmt.Sprintf("%s_%05d", prefix, i)}
	}
	return all
}

func TestCreateUsers(t *testing.T) {
	t.Parallel()
	s := newService(t)
	anna := register(t, s, "anna").User
	before := s.hasher.computed.Load()
	input := append(people("load", 10), NewUser{Handle: "Anna", DisplayName: "Somebody else"}, NewUser{Handle: "load_00003"}, NewUser{Handle: "berta", DisplayName: " Berta  B "})
	users, err := s.CreateUsers(t.Context(), input, password)
	if err != nil || len(users) != len(input) {
		t.Fatalf("%d users, %v", len(users), err)
	}
	if users[10] != anna || users[11] != users[3] || users[12].DisplayName != "Berta B" || users[0].DisplayName != "load_00000" {
		t.Errorf("users %+v", users[10:])
	}
	if n := s.hasher.computed.Load() - before; n != 1 {
		t.Errorf("%d hashes", n)
	}
	again, err := s.CreateUsers(t.Context(), input, "another password")
	if err != nil || fmt.Sprint(again) != fmt.Sprint(users) {
		t.Errorf("again: %v, %v", again, err)
	}
	for _, handle := range []string{"load_00007", "berta", "anna"} {
		if _, err := s.Login(t.Context(), handle, password); err != nil {
			t.Errorf("login of %s: %v", handle, err)
		}
	}
	if none, err := s.CreateUsers(t.Context(), nil, ""); err != nil || len(none) != 0 {
		t.Errorf("none: %v, %v", none, err)
	}
}

func TestCreateManyUsers(t *testing.T) {
	t.Parallel()
	s := newService(t)
	drawn := 0
	s.newID = func() id.ID { // one in 16 ids is taken
		drawn++
		return id.ID(drawn - drawn/16)
	}
	users, err := s.CreateUsers(t.Context(), people("many", MaxBulk), "")
	if err != nil {
		t.Fatal(err)
	}
	ids := map[id.ID]bool{}
	for i, u := range users {
		ids[u.ID] = true
		if u.Handle != fmt.Sprintf("many_%05d", i) {
			t.Fatalf("user %d is %s", i, u.Handle)
		}
	}
	if len(ids) != MaxBulk || count(t, s.pool, `SELECT count(*) FROM users`) != MaxBulk {
		t.Errorf("%d ids", len(ids))
	}
}

func TestCreateUsersTogether(t *testing.T) {
	t.Parallel()
	s := newService(t)
	errs := together(t.Context(), 4, func(ctx context.Context, i int) error {
		input := people("same", 500)
		for k := range input[:250*(i%2)] { // half of the callers go backwards
			input[k], input[len(input)-1-k] = input[len(input)-1-k], input[k]
		}
		users, err := s.CreateUsers(ctx, input, "")
		if err == nil && len(users) != 500 {
			err = fmt.Errorf("%d users", len(users))
		}
		return err
	})
	tally(t, errs, "")
	if n := count(t, s.pool, `SELECT count(*) FROM users`); n != 500 {
		t.Errorf("%d users", n)
	}
}

func TestCreateUsersRefuses(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for code, input := range map[problem.Code][]NewUser{
		problem.Invalid_:    people("many", MaxBulk+1),
		problem.HandleForm:  {{Handle: "fine"}, {Handle: "not fine"}},
		problem.TextControl: {{Handle: "fine", DisplayName: "\x00"}},
	} {
		_, err := s.CreateUsers(t.Context(), input, "")
		wantProblem(t, "bad input", err, code)
	}
	_, err := s.CreateUsers(t.Context(), people("weak", 1), "short")
	wantProblem(t, "a short password", err, problem.PasswordWeak)
	if n := count(t, s.pool, `SELECT count(*) FROM users`); n != 0 {
		t.Errorf("%d users were made", n)
	}
}
