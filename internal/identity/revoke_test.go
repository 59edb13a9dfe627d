package identity_test

import (
	"encoding/json"
	"strings"
	"testing"

	"lifecircle/internal/id"
	"lifecircle/internal/identity"
	"lifecircle/internal/identity/verifier"
	"lifecircle/internal/problem"
)

func TestARevokedIdentityIsGoneAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	users := w.people(2)
	ann, bob := users[0], users[1]
	w.verify(ann, verifier.Identity, person("A1234"))
	w.verify(ann, verifier.Student, verifier.Facts{Of: "梧桐大学"})
	pending := w.apply(ann, identity.Application{Kind: verifier.Employment})
	told := w.changed[ann]
	if err := w.s.Revoke(t.Context(), identity.Revocation{User: ann, Reason: "The document was lent.", By: bob}); err != nil {
		t.Fatal(err)
	}
	if r := w.rights(ann); r.Level != 0 || r.Gender != "" || r.City != "" || r.StudentOf != "" || !r.BirthDate.IsZero() || w.changed[ann] != told+1 {
		t.Errorf("revoked: %+v, told %d times", r, w.changed[ann]-told)
	}
	own := w.mine(ann)
	if own.Level != 0 || len(own.Attributes) != 0 || own.Revoked == nil || own.Revoked.Reason != "The document was lent." || own.Revoked.At.IsZero() {
		t.Errorf("%+v", own)
	}
	if w.count(`SELECT count(*) FROM revocations WHERE user_id = $1 AND decided_by = $2`, ann, bob) != 1 {
		t.Error("who did it is not kept")
	}
	if err := w.authority.Approve(t.Context(), pending.ID.String(), verifier.Facts{Of: "Acme"}); err != nil {
		t.Fatal(err)
	}
	if v := w.find(ann, pending.ID); v.Reason != string(verifier.NotConfirmed) || v.Note != "The document was lent." || w.rights(ann).EmployeeOf != "" {
		t.Errorf("what was pending came in: %+v", v)
	}
	if err := w.s.Look(t.Context()); err != nil || w.count(`SELECT count(*) FROM verifier_cases`)+w.count(`SELECT count(*) FROM verifications WHERE open`) != 0 {
		t.Errorf("something is left of it: %v", err)
	}
	if v := w.verify(bob, verifier.Identity, person("A1234")); v.Reason != string(verifier.Taken) {
		t.Errorf("the document is free: %+v", v)
	}
	if v := w.verify(ann, verifier.Identity, person("A1234")); v.Status != verifier.Verified || w.mine(ann).Revoked != nil {
		t.Errorf("its owner again: %+v", v)
	}
	if raw, err := json.Marshal(w.mine(bob)); err != nil || strings.Contains(string(raw), "revoked") {
		t.Errorf("somebody else: %s, %v", raw, err)
	}
	for code, r := range map[problem.Code]identity.Revocation{
		problem.UserNotFound: {User: 77, Reason: "x"}, problem.TextEmpty: {User: ann, Reason: " "}, problem.TextTooLong: {User: ann, Reason: strings.Repeat("x", identity.MaxNote+1)},
	} {
		if err := w.s.Revoke(t.Context(), r); !problem.Has(err, code) {
			t.Errorf("%s: %v", code, err)
		}
	}
	if w.rights(ann).Level != 2 {
		t.Error("a refused revocation took something")
	}
}

func TestAPersonIsFoundByHandleOrID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.people(1)[0]
	w.exec(`INSERT INTO users (id, handle, display_name, password_hash) VALUES (5000, $1, 'Twin', '')`, ann.String())
	for ref, want := range map[string]id.ID{"user_1": ann, "@user_1": ann, id.ID(5000).String(): 5000, "@" + ann.String(): 5000} {
		if got, err := w.s.Person(t.Context(), ref); err != nil || got != want {
			t.Errorf("%s: %s, %v", ref, got, err)
		}
	}
	for _, bad := range []string{"nobody", "@" + id.ID(5000).String(), "", "\xff", ann.String()} {
		if got, err := w.s.Person(t.Context(), bad); err == nil {
			t.Errorf("%q is %s", bad, got)
		}
	}
}
