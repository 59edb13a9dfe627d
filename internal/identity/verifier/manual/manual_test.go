package manual

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"lifecircle/internal/id"
	"lifecircle/internal/identity/verifier"
	"lifecircle/internal/identity/verifier/verifiertest"
	"lifecircle/internal/pgtest"
	"lifecircle/internal/problem"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func harness(t testing.TB) verifiertest.Harness {
	t.Helper()
	pool := pgtest.New(t)
	keys, err := verifier.LoadKeys(t.Context(), pool, "")
	if err != nil {
		t.Fatal(err)
	}
	d, by := New(pool, keys, nil), id.New()
	return verifiertest.Harness{
		Verifier: d, Pool: pool,
		Claim: func(verifier.Kind) verifier.Claim {
			return verifier.Claim{Name: verifiertest.LegalName, Document: verifiertest.Document, BirthDate: "1990-01-01", Of: "梧桐大学"}
		},
		Confirm: func(ctx context.Context, a verifier.Application) error { return d.Approve(ctx, a.ID, by, time.Time{}) },
		Refuse: func(ctx context.Context, a verifier.Application) error {
			return d.Refuse(ctx, a.ID, by, "cannot be read")
		},
	}
}

func TestContract(t *testing.T) {
	t.Parallel()
	verifiertest.Run(t, func(t *testing.T) verifiertest.Harness { return harness(t) })
}

func TestStaffSeeWhatTheyDecideAndTheListSaysNothing(t *testing.T) {
	t.Parallel()
	h := harness(t)
	d := h.Verifier.(*Desk)
	var list, one bytes.Buffer
	if err := d.List(t.Context(), &list); err != nil || !strings.Contains(list.String(), "Nothing waits") {
		t.Errorf("%q, %v", list.String(), err)
	}
	a := h.New(verifier.Identity)
	if _, err := d.Start(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if err := d.List(t.Context(), &list); err != nil || !strings.Contains(list.String(), a.ID) || strings.Contains(list.String(), verifiertest.LegalName) {
		t.Errorf("%q, %v", list.String(), err)
	}
	if err := d.Show(t.Context(), a.ID, &one); err != nil || !strings.Contains(one.String(), verifiertest.LegalName) || !strings.Contains(one.String(), verifiertest.Document) {
		t.Errorf("%q, %v", one.String(), err)
	}
	if err := h.Refuse(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	one.Reset()
	if err := d.Show(t.Context(), a.ID, &one); err != nil || strings.Contains(one.String(), verifiertest.LegalName) {
		t.Errorf("after the decision: %q, %v", one.String(), err)
	}
	if r, err := d.Result(t.Context(), a.ID); err != nil || r.Note != "cannot be read" || r.DecidedBy == 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestWhatStaffCannotDecide(t *testing.T) {
	t.Parallel()
	h := harness(t)
	for field, change := range map[string]func(*verifier.Application){
		"body.level":      func(a *verifier.Application) { a.Level = 3 },
		"body.name":       func(a *verifier.Application) { a.Claim.Name = "" },
		"body.document":   func(a *verifier.Application) { a.Claim.Document = "" },
		"body.birth_date": func(a *verifier.Application) { a.Claim.BirthDate = "" },
		"body.of":         func(a *verifier.Application) { a.Kind, a.Claim.Of = verifier.Student, "" },
	} {
		a := h.New(verifier.Identity)
		change(&a)
		p := problem.From(h.Verifier.Check(t.Context(), a))
		if p == nil || p.Code != problem.ClaimUnsuitable || p.Fields[0].Location != field {
			t.Errorf("without %s: %v", field, p)
		}
	}
}
