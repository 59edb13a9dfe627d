package payments_test

import (
	"sync"
	"testing"
	"time"

	"lifecircle/internal/id"
	"lifecircle/internal/problem"
	"lifecircle/payments"
)

func TestHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	s := w.scene()
	hold := func(n int64) (payments.Hold, error) {
		return w.money().PlaceHold(t.Context(), s.payer.User, n, "looked into", nil)
	}
	first, err := hold(6000)
	if err != nil {
		t.Fatal(err)
	}
	_, err = hold(4001)
	w.refused(err, problem.FundsHeld)
	if _, err := hold(4000); err != nil {
		t.Error(err)
	}
	_, err = w.money().Tip(t.Context(), s.payer, s.post, fen(1), "k")
	w.refused(err, problem.FundsHeld)
	w.refused(w.money().SetBalance(t.Context(), s.payer.User, 9999), problem.FundsHeld)
	shown, err := w.money().Wallet(t.Context(), s.payer)
	if err != nil || shown.Balance.Amount != 10_000 || shown.Held != 10_000 || len(shown.Holds) != 2 || shown.Holds[1].Reason != "looked into" || shown.Holds[1].ID != first.ID {
		t.Errorf("the wallet: %+v %v", shown, err)
	}
	for range 2 { // the second changes nothing
		if err := w.money().ReleaseHold(t.Context(), s.payer.User, first.ID); err != nil {
			t.Error(err)
		}
	}
	if w.held(s.payer) != 4000 {
		t.Errorf("%d are held", w.held(s.payer))
	}
	s.tip(s.payer, s.post, 6000)
	poor := w.people(1, 0)[0]
	w.untouched("refused", func() {
		w.refused(w.money().ReleaseHold(t.Context(), s.author.User, first.ID), problem.NotFound)
		w.refused(w.money().ReleaseHold(t.Context(), s.payer.User, id.New()), problem.NotFound)
		for who, code := range map[id.ID]problem.Code{poor.User: problem.InsufficientFunds, s.payer.User + 1e6: problem.UserNotFound, 1: problem.UserNotFound, 21: problem.UserNotFound} {
			_, err := w.money().PlaceHold(t.Context(), who, 1, "", nil)
			w.refused(err, code)
		}
		_, err := hold(0)
		w.refused(err, problem.AmountNotPositive)
	})
	w.sound()
}

// A hold ends once, whoever ends it, and its wallet is told.
func TestAHoldEndsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	s := w.scene()
	hold, err := w.money().PlaceHold(t.Context(), s.payer.User, 5000, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			if err := w.nodes[i%3].money.ReleaseHold(t.Context(), s.payer.User, hold.ID); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if w.held(s.payer) != 0 || w.ears.told(s.payer) != 3 { // of the money, the hold, its end
		t.Errorf("%d are held, told %d times", w.held(s.payer), w.ears.told(s.payer))
	}
	w.sound()
}

// A hold with a date ends by itself, on one of the nodes; others stay.
func TestAHoldEndsByItsDate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	payer := w.people(1, 10_000)[0]
	soon, later := time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
	for range 150 { // more than are looked at in one go
		if _, err := w.money().PlaceHold(t.Context(), payer.User, 10, "", &soon); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := w.money().PlaceHold(t.Context(), payer.User, 7, "", &later)
	if err != nil {
		t.Fatal(err)
	}
	w.node() // looks at once
	w.until("what is due has ended", func() bool { return w.held(payer) == 7 })
	if err := w.money().ReleaseHold(t.Context(), payer.User, kept.ID); err != nil || w.held(payer) != 0 {
		t.Errorf("before its date: %v, %d are held", err, w.held(payer))
	}
	w.sound()
}
