package identity_test

import (
	"testing"

	"lifecircle/internal/identity"
	"lifecircle/internal/identity/verifier"
	"lifecircle/internal/problem"
)

func TestAKeyAppliesOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.people(1)[0]
	in := identity.Application{Kind: verifier.Identity, Document: "11010119900101"}
	first, err := w.s.Apply(t.Context(), ann, in, "k")
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.s.Apply(t.Context(), ann, in, "k")
	if err != nil || again != first {
		t.Errorf("%+v, %v; first %+v", again, err, first)
	}
	in.Document += "2"
	if _, err := w.s.Apply(t.Context(), ann, in, "k"); !problem.Has(err, problem.IdempotencyKeyReused) {
		t.Errorf("another body: %v", err)
	}
	if n := w.count(`SELECT count(*) FROM verifications`); n != 1 {
		t.Errorf("%d verifications", n)
	}
	newer := w.apply(ann, in)
	if v := w.find(ann, first.ID); v.Status != verifier.Refused || v.Reason != string(verifier.Replaced) {
		t.Errorf("the older one: %+v", v)
	}
	if err := w.authority.Approve(t.Context(), first.ID.String(), person("A1234")); err != nil {
		t.Fatal(err)
	}
	if r := w.rights(ann); r.Level != 0 || w.find(ann, newer.ID).Status != verifier.Pending {
		t.Errorf("a replaced one was granted: %+v", r)
	}
	w.exec(`UPDATE users SET banned_at = now()`)
	for range 2 {
		if _, err := w.s.Apply(t.Context(), ann, in, "banned"); !problem.Has(err, problem.Banned) {
			t.Errorf("suspended: %v", err)
		}
	}
	if _, err := w.s.Apply(t.Context(), 77, in, ""); !problem.Has(err, problem.Unauthorized) {
		t.Errorf("nobody: %v", err)
	}
}
