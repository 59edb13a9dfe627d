package identity_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lifecircle/internal/id"
	"lifecircle/internal/identity"
	"lifecircle/internal/identity/verifier"
	"lifecircle/internal/identity/verifier/manual"
)

func TestAnIdentityIsVerified(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.people(1)[0]
	v := w.apply(ann, identity.Application{Kind: verifier.Identity, Name: "Ann", Gender: "male", City: "Mars", BirthDate: "1980-01-01"})
	if v.Status != verifier.Pending || v.Level != 2 || v.Verifier != "sandbox" || !strings.HasPrefix(v.URL, "/sandbox/authority/"+v.ID.String()+"?token=") {
		t.Fatalf("%+v", v)
	}
	if r := w.rights(ann); r.Level != 0 || r.Gender != "" || r.City != "" || !r.BirthDate.IsZero() {
		t.Errorf("what an applicant says counts: %+v", r)
	}
	if err := w.authority.Approve(t.Context(), v.ID.String(), person("11010119900101")); err != nil {
		t.Fatal(err)
	}
	r := w.rights(ann)
	if r.Level != 2 || r.Gender != "female" || r.City != "上海" || !r.BirthDate.Equal(day("1990-01-01")) {
		t.Errorf("%+v", r)
	}
	own := w.mine(ann)
	if own.Level != 2 || len(own.Levels) != 2 || own.Levels[1].Issuer != "sandbox" || own.Levels[1].VerifiedAt.IsZero() || len(own.Attributes) != 3 {
		t.Errorf("%+v", own)
	}
	if got := own.Items[0]; got.Status != verifier.Verified || got.URL != "" || got.EndedAt == nil {
		t.Errorf("%+v", got)
	}
	if w.changed[ann] != 1 || w.count(`SELECT count(*) FROM verifier_cases`) != 0 || w.count(`SELECT count(*) FROM verifications WHERE open`) != 0 {
		t.Errorf("told %d times; something is left", w.changed[ann])
	}
	if again, err := w.s.Settle(t.Context(), v.ID); err != nil || again.Status != verifier.Verified || w.changed[ann] != 1 {
		t.Errorf("settled again: %+v, %v", again, err)
	}
}

func TestStudentsAndEmployeesHaveAnEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Now()
	year := now.AddDate(1, 0, 0)
	for i, c := range []struct {
		until, want time.Time // want zero: refused
	}{
		{time.Time{}, year}, {now.AddDate(2, 0, 0), year}, {now.Add(48 * time.Hour), now.Add(48 * time.Hour)}, {now.Add(-time.Second), time.Time{}},
	} {
		for j, kind := range []identity.Kind{verifier.Student, verifier.Employment} {
			user := id.ID(2000 + 10*i + j)
			w.exec(`INSERT INTO users (id, handle, display_name, password_hash) VALUES ($1, $2, 'x', '')`, user, fmt.Sprintf("p_%d", user))
			v := w.verify(user, kind, verifier.Facts{Of: " 梧桐大学 ", Until: c.until})
			r := w.rights(user)
			of, until := r.StudentOf, r.StudentUntil
			if kind == verifier.Employment {
				of, until = r.EmployeeOf, r.EmployeeUntil
			}
			switch {
			case c.want.IsZero():
				if v.Status != verifier.Refused || v.Reason != string(verifier.Expired) || of != "" {
					t.Errorf("%s that has ended: %+v", kind, v)
				}
			case v.Status != verifier.Verified || of != "梧桐大学" || until.Sub(c.want).Abs() > time.Minute:
				t.Errorf("%s until %s: %s of %q until %s", kind, c.until, v.Status, of, until)
			}
		}
	}
}

func TestWhatVerifiersFindIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.people(1)[0]
	for name, f := range map[string]verifier.Facts{
		"no level": {}, "level 4": {Level: 4, Document: "A1234", BirthDate: "1990-01-01"}, "no document": {Level: 2, BirthDate: "1990-01-01"},
		"marks only": {Level: 2, Document: "- - -", BirthDate: "1990-01-01"}, "no birth date": {Level: 2, Document: "A1234"},
		"not born": {Level: 2, Document: "A1234", BirthDate: "2190-01-01"}, "too old": {Level: 2, Document: "A1234", BirthDate: "1790-01-01"},
	} {
		if v := w.verify(ann, verifier.Identity, f); v.Status != verifier.Refused || v.Reason != string(verifier.Unusable) {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if n := w.count(`SELECT count(*) FROM documents`) + w.count(`SELECT count(*) FROM attributes`); n != 0 {
		t.Errorf("%d rows", n)
	}
	if v := w.verify(ann, verifier.Identity, verifier.Facts{Level: 1}); v.Status != verifier.Verified || w.rights(ann).Level != 1 {
		t.Errorf("a phone: %+v", v)
	}
	best := person("A1234")
	best.Level = 3
	if v := w.verify(ann, verifier.Identity, best); v.Status != verifier.Verified || w.rights(ann).Level != 3 {
		t.Errorf("a bank: %+v", v)
	}
}

func TestAServerFinishesWhatACommandDecided(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	users := w.people(2)
	v := w.apply(users[0], identity.Application{Kind: verifier.Student, Verifier: "manual", Of: "梧桐大学"})
	beside := manual.New(w.pool, w.keys, nil) // another process, which has no sockets
	command := identity.New(w.pool, w.keys, identity.Options{Verifiers: []verifier.Verifier{beside}})
	if err := beside.Approve(t.Context(), v.ID.String(), users[1], time.Time{}); err != nil {
		t.Fatal(err)
	}
	if got, err := command.Settle(t.Context(), v.ID); err != nil || got.Status != verifier.Verified {
		t.Fatalf("%+v, %v", got, err)
	}
	if r := w.rights(users[0]); r.StudentOf != "梧桐大学" || w.count(`SELECT count(*) FROM verifier_cases`) != 0 {
		t.Errorf("%+v", r)
	}
	late := w.apply(users[1], identity.Application{Kind: verifier.Identity})
	w.exec(`UPDATE verifications SET expires_at = now(), look_at = now() WHERE id = $1`, late.ID)
	lost := w.apply(users[0], identity.Application{Kind: verifier.Identity})
	w.exec(`DELETE FROM verifier_cases WHERE id = $1`, lost.ID.String())
	w.exec(`UPDATE verifications SET created_at = created_at - interval '2 minutes', look_at = now() WHERE id = $1`, lost.ID)
	if err := w.s.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w.changed[users[0]] != 1 || w.count(`SELECT count(*) FROM verifications WHERE open`) != 0 {
		t.Errorf("told %d times", w.changed[users[0]])
	}
	if v := w.find(users[1], late.ID); v.Reason != string(verifier.Expired) {
		t.Errorf("too late: %+v", v)
	}
	if v := w.find(users[0], lost.ID); v.Reason != string(verifier.Failed) {
		t.Errorf("lost: %+v", v)
	}
}
