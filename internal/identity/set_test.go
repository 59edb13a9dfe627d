package identity_test

import (
	"testing"
	"time"

	"lifecircle/internal/identity"
	"lifecircle/internal/problem"
)

func TestTraitsAreSet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	users, level, none := w.people(3), 3, 0
	past := time.Now().Add(-time.Second)
	if err := w.s.Set(t.Context(), users, identity.Traits{
		Level: &level, BirthDate: "1990-01-01", Gender: "other", City: "杭州", Student: &identity.Belonging{Of: "ZJU", Until: past}, Employee: &identity.Belonging{Of: "Acme"},
	}); err != nil {
		t.Fatal(err)
	}
	for _, u := range users {
		r := w.rights(u)
		if v := r.At(time.Now()); r.Level != 3 || v.Student || r.StudentOf != "ZJU" || !v.Employee || v.City != "杭州" || v.Gender != "other" || v.Age < 36 || w.changed[u] != 1 {
			t.Errorf("%+v", r)
		}
	}
	if own := w.mine(users[0]); len(own.Levels) != 3 || len(own.Attributes) != 5 || own.Attributes[0].Issuer != identity.IssuerDev || own.Attributes[3].Valid || !own.Attributes[4].Valid {
		t.Errorf("%+v", own)
	}
	if err := w.s.Set(t.Context(), users[:1], identity.Traits{Level: &none}); err != nil {
		t.Fatal(err)
	}
	if r := w.rights(users[0]); r.Level != 0 || r.Gender != "other" || w.rights(users[1]).Level != 3 {
		t.Errorf("%+v", r)
	}
	four := 4
	for _, bad := range []identity.Traits{{Level: &four}, {BirthDate: "soon"}, {Gender: "robot"}, {City: "\x00"}, {Student: &identity.Belonging{}}} {
		if err := w.s.Set(t.Context(), users, bad); problem.From(err) == nil {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if err := identity.Seed(t.Context(), w.pool, []identity.SeedPerson{{User: users[2], Traits: identity.Traits{City: "成都"}}}); err != nil || w.rights(users[2]).City != "成都" {
		t.Errorf("%v", err)
	}
}
