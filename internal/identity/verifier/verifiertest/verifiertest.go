// Package verifiertest holds the contract that every verifier passes: Run plays
// it against a verifier and those who decide behind it.
package verifiertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"lifecircle/internal/id"
	"lifecircle/internal/identity/verifier"
)

// What must not be found anywhere it has no business.
const (
	LegalName = "Zhang Wuji 张无忌"
	Document  = "110101199001011234"
)

// Harness is a verifier and the levers of those who decide.
type Harness struct {
	Verifier verifier.Verifier
	Pool     *pgxpool.Pool // where it keeps its cases; nil: elsewhere

	// Claim is one of the kind that can be confirmed.
	Claim func(kind verifier.Kind) verifier.Claim
	// Confirm and Refuse decide; the error is that of the one who decides.
	Confirm func(ctx context.Context, a verifier.Application) error
	Refuse  func(ctx context.Context, a verifier.Application) error
}

// Run plays the contract. Each test gets a harness of its own.
func Run(t *testing.T, open func(t *testing.T) Harness) {
	for name, test := range map[string]func(*testing.T, Harness){
		"what it is":             describes,
		"unknown":                unknown,
		"started once":           startsOnce,
		"confirmed for good":     confirmed,
		"refused for good":       refused,
		"forgotten":              forgotten,
		"over":                   over,
		"nothing can be read":    sealed,
		"decided once, by many":  decidedOnce,
		"checked without a mark": checked,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// New returns an application that can be confirmed.
func (h Harness) New(kind verifier.Kind) verifier.Application {
	a := verifier.Application{ID: id.New().String(), User: id.New(), Handle: "zhang", Kind: kind, Claim: h.Claim(kind), ExpiresAt: time.Now().Add(h.Verifier.Life())}
	if kind == verifier.Identity {
		a.Level = 2
	}
	return a
}

func (h Harness) start(t testing.TB, kind verifier.Kind) verifier.Application {
	t.Helper()
	a := h.New(kind)
	if _, err := h.Verifier.Start(t.Context(), a); err != nil {
		t.Fatalf("Start: %v", err)
	}
	return a
}

func (h Harness) result(t testing.TB, a verifier.Application) verifier.Result {
	t.Helper()
	r, err := h.Verifier.Result(t.Context(), a.ID)
	if err != nil {
		t.Fatalf("Result: %v", err)
	}
	return r
}

func describes(t *testing.T, h Harness) {
	if h.Verifier.Name() == "" || len(h.Verifier.Kinds()) == 0 || h.Verifier.Life() < time.Minute {
		t.Errorf("%q verifies %v within %s", h.Verifier.Name(), h.Verifier.Kinds(), h.Verifier.Life())
	}
}

func unknown(t *testing.T, h Harness) {
	if r, err := h.Verifier.Result(t.Context(), id.New().String()); !errors.Is(err, verifier.ErrUnknown) {
		t.Errorf("an unknown application is %v, %v", r.State, err)
	}
	if err := h.Verifier.Forget(t.Context(), id.New().String()); err != nil {
		t.Errorf("Forget: %v", err)
	}
}

func startsOnce(t *testing.T, h Harness) {
	for _, kind := range h.Verifier.Kinds() {
		a := h.start(t, kind)
		first, err := h.Verifier.Start(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		var g errgroup.Group
		for range 8 {
			g.Go(func() error {
				again, err := h.Verifier.Start(t.Context(), a)
				if err == nil && again != first {
					err = fmt.Errorf("one goes on at %q, another at %q", first, again)
				}
				return err
			})
		}
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
		if r := h.result(t, a); r.State != verifier.Pending || r.Facts != (verifier.Facts{}) {
			t.Errorf("before a decision: %v", r.State)
		}
		other, err := h.Verifier.Start(t.Context(), h.New(kind))
		if err != nil || first != "" && other == first {
			t.Errorf("two applications go on at %q: %v", first, err)
		}
	}
}

func confirmed(t *testing.T, h Harness) {
	for _, kind := range h.Verifier.Kinds() {
		a := h.start(t, kind)
		if err := h.Confirm(t.Context(), a); err != nil {
			t.Fatalf("confirm: %v", err)
		}
		r := h.result(t, a)
		if r.State != verifier.Verified || r.Facts.Issuer == "" || r.Reason != "" {
			t.Fatalf("%s: %v by %q", kind, r.State, r.Facts.Issuer)
		}
		if kind == verifier.Identity && (r.Facts.Level < 1 || r.Facts.Level > 1 && (r.Facts.Document == "" || r.Facts.BirthDate == "")) {
			t.Errorf("identity of level %d without a document or birth date", r.Facts.Level)
		}
		if kind != verifier.Identity && r.Facts.Of == "" {
			t.Errorf("%s of nothing", kind)
		}
		if err := h.Refuse(t.Context(), a); !errors.Is(err, verifier.ErrDecided) {
			t.Errorf("refused afterwards: %v", err)
		}
		if _, err := h.Verifier.Start(t.Context(), a); err != nil {
			t.Errorf("started afterwards: %v", err)
		}
		if again := h.result(t, a); again.State != r.State || again.Facts != r.Facts {
			t.Errorf("%s: then %v", kind, again.State)
		}
	}
}

func refused(t *testing.T, h Harness) {
	for _, kind := range h.Verifier.Kinds() {
		a := h.start(t, kind)
		if err := h.Refuse(t.Context(), a); err != nil {
			t.Fatalf("refuse: %v", err)
		}
		if err := h.Confirm(t.Context(), a); !errors.Is(err, verifier.ErrDecided) {
			t.Errorf("confirmed afterwards: %v", err)
		}
		if r := h.result(t, a); r.State != verifier.Refused || r.Reason == "" || r.Facts != (verifier.Facts{}) {
			t.Errorf("%s: %v, %q", kind, r.State, r.Reason)
		}
	}
}

func forgotten(t *testing.T, h Harness) {
	for _, kind := range h.Verifier.Kinds() {
		a := h.start(t, kind)
		if err := h.Confirm(t.Context(), a); err != nil {
			t.Fatalf("confirm: %v", err)
		}
		for range 2 {
			if err := h.Verifier.Forget(t.Context(), a.ID); err != nil {
				t.Fatalf("Forget: %v", err)
			}
		}
		if r, err := h.Verifier.Result(t.Context(), a.ID); !errors.Is(err, verifier.ErrUnknown) {
			t.Errorf("what was forgotten is %v, %v", r.State, err)
		}
	}
	if h.Pool == nil {
		return
	}
	var left int
	if err := h.Pool.QueryRow(t.Context(), `SELECT count(*) FROM verifier_cases`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d cases are left: %v", left, err)
	}
}

func over(t *testing.T, h Harness) {
	a := h.New(h.Verifier.Kinds()[0])
	a.ExpiresAt = time.Now().Add(-time.Second)
	if _, err := h.Verifier.Start(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if err := h.Confirm(t.Context(), a); !errors.Is(err, verifier.ErrDecided) {
		t.Errorf("confirmed too late: %v", err)
	}
	if r := h.result(t, a); r.State != verifier.Refused || r.Reason != verifier.Expired {
		t.Errorf("too late: %v, %q", r.State, r.Reason)
	}
}

func sealed(t *testing.T, h Harness) {
	a := h.start(t, h.Verifier.Kinds()[0])
	texts := fmt.Sprintf("%v %+v %#v", a, a, a)
	if h.Pool != nil {
		var rows string
		if err := h.Pool.QueryRow(t.Context(), `SELECT string_agg(encode(sealed, 'escape') || c::text, ' ') FROM verifier_cases c`).Scan(&rows); err != nil {
			t.Fatal(err)
		}
		texts += rows
	}
	for _, secret := range []string{LegalName, Document, a.Claim.Email} {
		if secret != "" && strings.Contains(texts, secret) {
			t.Errorf("%q can be read", secret)
		}
	}
}

func decidedOnce(t *testing.T, h Harness) {
	a := h.start(t, h.Verifier.Kinds()[0])
	errs := make(chan error, 8)
	for i := range cap(errs) {
		go func() {
			if i%2 == 0 {
				errs <- h.Confirm(t.Context(), a)
			} else {
				errs <- h.Refuse(t.Context(), a)
			}
		}()
	}
	decided := 0
	for range cap(errs) {
		switch err := <-errs; {
		case err == nil:
			decided++
		case !errors.Is(err, verifier.ErrDecided):
			t.Errorf("decide: %v", err)
		}
	}
	if decided != 1 {
		t.Errorf("decided %d times", decided)
	}
}

func checked(t *testing.T, h Harness) {
	for _, kind := range h.Verifier.Kinds() {
		a := h.New(kind)
		if err := h.Verifier.Check(t.Context(), a); err != nil {
			t.Errorf("Check of a good %s: %v", kind, err)
		}
		if _, err := h.Verifier.Result(t.Context(), a.ID); !errors.Is(err, verifier.ErrUnknown) {
			t.Errorf("Check has left something: %v", err)
		}
	}
}
