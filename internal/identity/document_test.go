package identity_test

import (
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"lifecircle/internal/id"
	"lifecircle/internal/identity"
	"lifecircle/internal/identity/verifier"
)

// A thousand accounts have their cases confirmed at the same moment, all with
// one document.
func TestOneDocumentIsOneAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	users := w.people(1000)
	spellings := []string{"11010119900101123x", "110101 19900101 123X", "１１０１０１-19900101-123X"}
	cases := w.applyAll(users)
	var (
		ready sync.WaitGroup
		g     errgroup.Group
		start = make(chan struct{})
	)
	ready.Add(len(users))
	for i, v := range cases {
		g.Go(func() error {
			ready.Done()
			<-start
			return w.authority.Approve(t.Context(), v.String(), person(spellings[i%len(spellings)]))
		})
	}
	ready.Wait()
	close(start)
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := w.count(`SELECT count(*) FROM identities WHERE level > 0`); n != 1 {
		t.Errorf("%d accounts with one document", n)
	}
	if n := w.count(`SELECT count(*) FROM verifications WHERE status = 'refused' AND reason = 'taken'`); n != len(users)-1 {
		t.Errorf("%d of %d were refused for it", n, len(users)-1)
	}
	if n := w.count(`SELECT count(*) FROM documents`); n != 1 {
		t.Errorf("%d documents", n)
	}
	var owner id.ID
	if err := w.pool.QueryRow(t.Context(), `SELECT user_id FROM documents`).Scan(&owner); err != nil {
		t.Fatal(err)
	}
	if v := w.verify(owner, verifier.Identity, person(spellings[0])); v.Status != verifier.Verified {
		t.Errorf("its own account again: %+v", v)
	}
}

// applyAll has each of these people apply, and returns the verifications.
func (w *world) applyAll(users []id.ID) []id.ID {
	w.t.Helper()
	cases := make([]id.ID, len(users))
	var g errgroup.Group
	g.SetLimit(16)
	for i, user := range users {
		g.Go(func() error {
			v, err := w.s.Apply(w.t.Context(), user, identity.Application{Kind: verifier.Identity}, "")
			cases[i] = v.ID
			return err
		})
	}
	if err := g.Wait(); err != nil {
		w.t.Fatal(err)
	}
	return cases
}

func TestOneMailboxIsOneAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	users := w.people(2)
	f := verifier.Facts{Of: "梧桐大学", Mailbox: "zhang@wutong.edu.cn"}
	if v := w.verify(users[0], verifier.Student, f); v.Status != verifier.Verified {
		t.Fatalf("%+v", v)
	}
	if v := w.verify(users[1], verifier.Student, f); v.Reason != string(verifier.Taken) || w.rights(users[1]).StudentOf != "" {
		t.Errorf("another account: %+v", v)
	}
	if v := w.verify(users[0], verifier.Student, f); v.Status != verifier.Verified {
		t.Errorf("its own, a year later: %+v", v)
	}
}

func TestAnAccountStaysOnePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.people(1)[0]
	if err := w.s.Set(t.Context(), []id.ID{ann}, identity.Traits{BirthDate: "1970-01-01"}); err != nil {
		t.Fatal(err)
	}
	if v := w.verify(ann, verifier.Identity, person("A1234")); v.Status != verifier.Verified {
		t.Fatalf("what a developer said stood in the way: %+v", v)
	}
	other := person("B1234")
	if v := w.verify(ann, verifier.Identity, other); v.Status != verifier.Verified {
		t.Errorf("a second document of the same person: %+v", v)
	}
	other.Document, other.BirthDate = "C1234", "1991-01-01"
	if v := w.verify(ann, verifier.Identity, other); v.Status != verifier.Refused || v.Reason != string(verifier.AnotherPerson) {
		t.Errorf("another person's document: %+v", v)
	}
	if n := w.count(`SELECT count(*) FROM documents`); n != 2 {
		t.Errorf("%d documents", n)
	}
}
