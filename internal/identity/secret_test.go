package identity_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"lifecircle/internal/identity"
	"lifecircle/internal/identity/verifier"
)

// Names and numbers are nowhere: not in the database, the log or an answer.
func TestNoNameAndNoNumberStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const name, document, of = "Zhang Wuji", "110101199001011234", "Secret School"
	users := w.people(4)
	var answers strings.Builder
	in := identity.Application{Kind: verifier.Identity, Name: name, Document: document, BirthDate: "1990-01-01", Note: name}
	fmt.Fprintf(&answers, "%v %+v %#v", in, in, in)
	dump := func(when string) {
		t.Helper()
		for _, user := range users {
			own, err := json.Marshal(w.mine(user))
			if err != nil {
				t.Fatal(err)
			}
			answers.Write(own)
		}
		all := w.dump() + w.log.String() + answers.String()
		for _, secret := range []string{name, document, "Wuji", "011234", strings.ToUpper(name)} {
			if i := strings.Index(all, secret); i >= 0 {
				t.Errorf("%s: %q is in %.200q", when, secret, all[max(0, i-100):])
			}
		}
	}
	for i, by := range []string{"sandbox", "manual", "sandbox", "manual"} {
		in.Verifier = by
		v, err := w.s.Apply(t.Context(), users[i], in, "key")
		if err != nil {
			t.Fatal(err)
		}
		dump("while " + by + " decides")
		switch i {
		case 0:
			err = w.authority.Approve(t.Context(), v.ID.String(), person(document))
		case 1: // taken by now
			err = w.desk.Approve(t.Context(), v.ID.String(), users[0], time.Time{})
		case 2:
			err = w.authority.Refuse(t.Context(), v.ID.String())
		case 3:
			err = w.desk.Refuse(t.Context(), v.ID.String(), users[0], "not to be read")
		}
		if err != nil {
			t.Fatal(err)
		}
		dump("after " + by + " has decided")
	}
	if v := w.mine(users[3]).Items[0]; v.Status != verifier.Refused || v.Note != "not to be read" {
		t.Errorf("%+v", v)
	}
	if v := w.mine(users[1]).Items[0]; v.Reason != string(verifier.Taken) {
		t.Errorf("%+v", v)
	}
	if _, err := w.s.Apply(t.Context(), users[0], identity.Application{Kind: verifier.Identity, Document: document, Gender: of}, ""); err == nil || strings.Contains(err.Error(), document) {
		t.Errorf("%v", err)
	}
}

// dump returns every row of every table, bytes as text.
func (w *world) dump() string {
	w.t.Helper()
	conn, err := w.pool.Acquire(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Release()
	var names []string
	if err := conn.QueryRow(w.t.Context(), `SELECT array_agg(table_name::text), set_config('bytea_output', 'escape', false) IS NULL
		FROM information_schema.tables WHERE table_schema = 'public'`).Scan(&names, new(bool)); err != nil {
		w.t.Fatal(err)
	}
	var all strings.Builder
	for _, n := range names {
		var text *string
		if err := conn.QueryRow(w.t.Context(), `SELECT string_agg(t::text, E'\n') FROM `+n+` t`).Scan(&text); err != nil {
			w.t.Fatal(err)
		}
		if text != nil {
			all.WriteString(*text)
		}
	}
	if !strings.Contains(all.String(), "user_1") {
		w.t.Fatal("the dump is empty")
	}
	return all.String()
}
