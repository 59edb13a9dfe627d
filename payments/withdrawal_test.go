package payments_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lifecircle/internal/groupcommit"
	"lifecircle/internal/id"
	"lifecircle/internal/money"
	"lifecircle/internal/problem"
	"lifecircle/payments"
	"lifecircle/payments/provider"
)

func (w *world) withdraws(a payments.Actor, n int64) payments.Withdrawal {
	w.t.Helper()
	got, err := w.money().Withdraw(w.t.Context(), a, out(n), id.New().String())
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

// became waits until a withdrawal has ended.
func (w *world) became(a payments.Actor, withdrawal id.ID) (got payments.Withdrawal) {
	w.t.Helper()
	w.until("the withdrawal has ended", func() bool {
		var err error
		if got, err = w.money().Withdrawal(w.t.Context(), a, withdrawal); err != nil {
			w.t.Fatal(err)
		}
		return got.Status != payments.Pending
	})
	return got
}

// due has all withdrawals looked at again now.
func (w *world) due() {
	w.t.Helper()
	w.exec(`UPDATE withdrawals SET next_look_at = now() WHERE status = 'pending'`)
}

func TestAWithdrawalIsPaidOut(t *testing.T) {
	t.Parallel()
	till := newTill()
	w := newWorld(t, 2, withTill(till))
	a := w.people(1, 10_000)[0]
	first, err := w.money().Withdraw(t.Context(), a, out(4000), "k")
	if err != nil || first.Status != payments.Pending || first.Destination != "card 7" {
		t.Fatalf("%+v %v", first, err)
	}
	if got := w.became(a, first.ID); got.Status != payments.Paid || got.EndedAt == nil || w.balance(a) != 6000 || w.held(a) != 0 {
		t.Errorf("%+v, %d fen, %d held", got, w.balance(a), w.held(a))
	}
	w.untouched("a repeat", func() {
		again, err := w.nodes[1].money.Withdraw(t.Context(), a, out(4000), "k")
		if err != nil || asJSON(t, again) != asJSON(t, first) {
			t.Errorf("again: %+v %v", again, err)
		}
		_, err = w.money().Withdraw(t.Context(), a, out(4001), "k")
		w.refused(err, problem.IdempotencyKeyReused)
	})
	if till.sent[first.ID.String()] != 4000 || len(till.sent) != 1 || till.called(first.ID.String()) != 1 {
		t.Errorf("sent %v", till.sent)
	}
	w.sound()
}

func TestRefusedWithdrawals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, withTill(newTill()))
	p := w.people(2, 100)
	a, suspended := p[0], p[1]
	w.exec(`UPDATE users SET banned_at = now() WHERE id = $1`, suspended.User)
	nowhere, elsewhere, euro := out(1), out(1), out(1)
	nowhere.Destination, elsewhere.Provider, euro.Currency = " ", "paypal", "EUR"
	w.untouched("refused", func() {
		for name, c := range map[string]struct {
			who  payments.Actor
			in   payments.NewWithdrawal
			key  string
			code problem.Code
		}{
			"more than there is": {a, out(101), "a", problem.InsufficientFunds}, "too much": {a, out(payments.MaxWithdrawal + 1), "b", problem.AmountTooLarge},
			"nothing": {a, out(0), "c", problem.AmountNotPositive}, "nowhere": {a, nowhere, "d", problem.PayoutRefused},
			"elsewhere": {a, elsewhere, "e", problem.ProviderUnknown}, "euros": {a, euro, "f", problem.CurrencyUnsupported},
			"without a key": {a, out(1), "", problem.IdempotencyKeyNeeded}, "a guest": {payments.Actor{}, out(1), "g", problem.Unauthorized},
			"suspended": {suspended, out(1), "h", problem.Banned},
		} {
			if _, err := w.money().Withdraw(t.Context(), c.who, c.in, c.key); !problem.Has(err, c.code) {
				t.Errorf("%s: %v, want %s", name, err, c.code)
			}
		}
	})
	w.gives(a, 1000)
	_, err := w.money().Withdraw(t.Context(), a, out(101), "a")
	w.refused(err, problem.InsufficientFunds) // the key is spent
	mine := w.withdraws(a, 1)
	_, err = w.money().Withdrawal(t.Context(), suspended, mine.ID)
	w.refused(err, problem.PayoutNotFound)
	_, err = w.money().Withdrawal(t.Context(), a, id.New())
	w.refused(err, problem.PayoutNotFound)
	_, err = w.money().Withdrawal(t.Context(), payments.Actor{}, mine.ID)
	w.refused(err, problem.Unauthorized)
	w.became(a, mine.ID)
	w.sound()
}

func TestAPayoutThatFailsAtFirst(t *testing.T) {
	t.Parallel()
	till := newTill()
	var tries atomic.Int32
	till.payout = func(p provider.Payout) (provider.Event, error) {
		if tries.Add(1) == 1 {
			return provider.Event{}, errors.New("connection reset") // it may have been sent, or not
		}
		return provider.Event{State: provider.Paid}, nil
	}
	w := newWorld(t, 1, withTill(till))
	a := w.people(1, 10_000)[0]
	it := w.withdraws(a, 4000)
	w.until("it was tried", func() bool { return till.called(it.ID.String()) == 1 })
	if w.held(a) != 4000 || w.balance(a) != 10_000 {
		t.Errorf("while nobody knows: %d fen, %d held", w.balance(a), w.held(a))
	}
	w.due()
	if got := w.became(a, it.ID); got.Status != payments.Paid || w.balance(a) != 6000 || w.held(a) != 0 {
		t.Errorf("%+v, %d fen, %d held", got, w.balance(a), w.held(a))
	}
	w.sound()
}

func TestAPayoutThatIsRefused(t *testing.T) {
	t.Parallel()
	till := newTill()
	till.payout = func(p provider.Payout) (provider.Event, error) {
		return provider.Event{}, fmt.Errorf("%w: no such card", provider.ErrRefused)
	}
	w := newWorld(t, 1, withTill(till))
	a := w.people(1, 10_000)[0]
	it := w.withdraws(a, 4000)
	if got := w.became(a, it.ID); got.Status != payments.Failed || got.Reason == "" || w.balance(a) != 10_000 || w.held(a) != 0 {
		t.Errorf("%+v, %d fen, %d held", got, w.balance(a), w.held(a))
	}
	if n := w.number(`SELECT count(*) FROM holds WHERE outcome = 'voided'`); n != 1 {
		t.Errorf("%d holds were voided", n)
	}
	w.sound()
}

// What a till says of payouts in whatever order.
func TestNotificationsOfPayouts(t *testing.T) {
	t.Parallel()
	till := newTill()
	till.payout = pendingly
	w := newWorld(t, 1, withTill(till))
	says := func(state provider.State, n int64) provider.Event {
		return provider.Event{Kind: provider.Payoff, Ref: "r", State: state, Amount: money.Fen(n)}
	}
	for name, c := range map[string]struct {
		says          []provider.Event
		code          problem.Code
		status        payments.Status
		balance, held int64
	}{
		"paid":              {[]provider.Event{says(provider.Paid, 4000)}, "", payments.Paid, 6000, 0},
		"paid twice":        {[]provider.Event{says(provider.Paid, 4000), says(provider.Paid, 4000)}, "", payments.Paid, 6000, 0},
		"failed twice":      {[]provider.Event{says(provider.Failed, 0), says(provider.Failed, 0)}, "", payments.Failed, 10_000, 0},
		"pending":           {[]provider.Event{says(provider.Pending, 0)}, "", payments.Pending, 10_000, 4000},
		"paid, pending":     {[]provider.Event{says(provider.Paid, 4000), says(provider.Pending, 0)}, "", payments.Paid, 6000, 0},
		"failed after paid": {[]provider.Event{says(provider.Paid, 4000), says(provider.Failed, 0)}, problem.WebhookMismatch, payments.Paid, 6000, 0},
		"paid after failed": {[]provider.Event{says(provider.Failed, 0), says(provider.Paid, 4000)}, problem.WebhookMismatch, payments.Failed, 10_000, 0},
		"too much":          {[]provider.Event{says(provider.Paid, 4001)}, problem.WebhookMismatch, payments.Pending, 10_000, 4000},
	} {
		a := w.people(1, 10_000)[0]
		it := w.withdraws(a, 4000)
		alarms := w.ears.alarmed("provider_mismatch")
		var err error
		for _, e := range c.says {
			e.ID = it.ID.String()
			err = w.tells(e)
		}
		got, e := w.money().Withdrawal(t.Context(), a, it.ID)
		if e != nil || got.Status != c.status || w.balance(a) != c.balance || w.held(a) != c.held {
			t.Errorf("%s: %+v (%v), %d fen, %d held", name, got, e, w.balance(a), w.held(a))
		}
		if (c.code == "") != (err == nil) || err != nil && (!problem.Has(err, c.code) || w.ears.alarmed("provider_mismatch") == alarms) {
			t.Errorf("%s: %v, want %q and an alarm", name, err, c.code)
		}
	}
	w.sound()
}

// The node dies after the till has paid and before it is booked: another one
// asks, and the money has left once.
func TestACrashBetweenPayoutAndBooking(t *testing.T) {
	t.Parallel()
	till := newTill()
	w := newWorld(t, 1)
	a := w.people(1, 10_000)[0]
	dying := w.waiting(w.pool, groupcommit.Options{Lanes: 1}, withTill(till))
	stop := dying.start()
	paidOut := make(chan struct{})
	till.payout = func(provider.Payout) (provider.Event, error) {
		close(paidOut)
		till.payout = nil // for those who come after
		w.exec(`ALTER TABLE entries RENAME TO unreachable`)
		return provider.Event{State: provider.Paid}, nil
	}
	it, err := dying.Withdraw(t.Context(), a, out(4000), "k")
	if err != nil {
		t.Fatal(err)
	}
	<-paidOut
	stop()
	w.exec(`ALTER TABLE unreachable RENAME TO entries`)
	if w.held(a) != 4000 || till.called(it.ID.String()) != 1 {
		t.Fatalf("%d held after %d calls: this test is wrong", w.held(a), till.called(it.ID.String()))
	}
	w.nodes = append(w.nodes[:0], w.node(withTill(till)))
	w.due()
	if got := w.became(a, it.ID); got.Status != payments.Paid || w.balance(a) != 6000 || till.called(it.ID.String()) != 2 || len(till.sent) != 1 {
		t.Errorf("%+v, %d fen, sent %v in %d calls", got, w.balance(a), till.sent, till.called(it.ID.String()))
	}
	w.sound()
}

// Two nodes share the work: each withdrawal is taken by one of them at a time,
// also when the till is so slow that most have to wait for their turn.
func TestTwoNodesDoNotPayTheSameAtOnce(t *testing.T) {
	t.Parallel()
	till := newTill()
	w := newWorld(t, 2, withTill(till))
	a := w.people(1, 10_000)[0]
	proceed := make(chan struct{})
	till.payout = func(provider.Payout) (provider.Event, error) {
		<-proceed
		return provider.Event{State: provider.Paid}, nil
	}
	var ids []id.ID
	for range 40 {
		ids = append(ids, w.withdraws(a, 10).ID)
	}
	under := func() (n int) {
		till.mu.Lock()
		defer till.mu.Unlock()
		for _, busy := range till.busy {
			if busy {
				n++
			}
		}
		return n
	}
	goOn := sync.OnceFunc(func() { close(proceed) })
	defer goOn()
	w.until("both nodes are busy", func() bool { return under() == 8 })
	if n := w.number(`SELECT count(*) FROM withdrawals WHERE looks > 0`); n != 8 {
		t.Errorf("%d are taken while 8 are under way: the others' time runs out", n)
	}
	goOn()
	for _, withdrawal := range ids {
		w.became(a, withdrawal)
	}
	if till.both != 0 || len(till.sent) != 40 {
		t.Errorf("%d calls at once for the same, %d sent", till.both, len(till.sent))
	}
	for _, withdrawal := range ids {
		if n := till.called(withdrawal.String()); n != 1 {
			t.Errorf("%s: %d calls", withdrawal, n)
		}
	}
	w.sound()
}

// A node that is to end does so at once, though a call is under way, and what
// was under way is not lost.
func TestTheWatchEndsWithItsNode(t *testing.T) {
	t.Parallel()
	till := newTill()
	w := newWorld(t, 1)
	a := w.people(1, 10_000)[0]
	s := w.waiting(w.pool, groupcommit.Options{}, withTill(till))
	stop := s.start()
	var all sync.WaitGroup
	begun := make(chan struct{}, 1)
	till.payout = func(provider.Payout) (provider.Event, error) {
		begun <- struct{}{}
		return provider.Event{}, errors.New("the line is cut")
	}
	it, err := s.Withdraw(t.Context(), a, out(1), "k")
	if err != nil {
		t.Fatal(err)
	}
	<-begun
	begin := time.Now()
	all.Go(stop)
	all.Wait()
	if took := time.Since(begin); took > patience/2 {
		t.Errorf("it took %s", took)
	}
	if got, err := w.money().Withdrawal(t.Context(), a, it.ID); err != nil || got.Status != payments.Pending || w.held(a) != 1 {
		t.Errorf("%+v %v", got, err)
	}
	w.sound()
}

// A withdrawal that stays unpaid, or whose provider is not set up, is told to operators.
func TestAWithdrawalThatIsStuckAlarms(t *testing.T) {
	t.Parallel()
	till := newTill()
	till.payout = func(provider.Payout) (provider.Event, error) { return provider.Event{}, errors.New("down") }
	w := newWorld(t, 1, withTill(till))
	a := w.people(1, 10_000)[0]
	it := w.withdraws(a, 1)
	w.until("it was tried", func() bool { return till.called(it.ID.String()) == 1 })
	if w.ears.alarmed("payout_stuck") != 0 {
		t.Error("alarmed at the first failure")
	}
	w.exec(`UPDATE withdrawals SET looks = 11, next_look_at = now()`)
	w.until("somebody is alarmed", func() bool { return w.ears.alarmed("payout_stuck") == 1 })
	w.exec(`UPDATE withdrawals SET provider = 'alipay', next_look_at = now()`)
	w.node(withTill(till))
	w.until("a node that starts without the provider is alarmed", func() bool { return w.ears.alarmed("payout_stuck") == 2 })
	w.sound()
}
