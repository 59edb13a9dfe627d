package providertest

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"lifecircle/internal/money"
	"lifecircle/payments/provider"
)

// Run plays the contract. Each part gets a harness of its own.
func Run(t *testing.T, harness func(t *testing.T) Harness) {
	for name, part := range map[string]func(*testing.T, Harness){
		"a checkout repeated opens nothing new": checkoutRepeated,
		"nothing under an unknown id":           unknown,
		"a payment becomes paid":                becomesPaid,
		"what was really paid":                  otherAmount,
		"a payment is cancelled":                becomesFailed,
		"a notification tells of a payment":     notifies,
		"a notification not by the bank":        forged,
		"a notification altered":                altered,
		"a notification out of time":            stale,
		"a notification for somebody else":      foreign,
		"noise is no notification":              noise,
		"a payout is sent once":                 payoutOnce,
		"a payout may fail":                     payoutFails,
		"a payout may wait":                     payoutWaits,
		"a refund is given once":                refundOnce,
		"refunds never exceed the payment":      refundTooMuch,
		"the book":                              book,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			part(t, harness(t))
		})
	}
}

func checkoutRepeated(t *testing.T, h Harness) {
	o := NewOrder(52_001)
	first := h.checkout(t, &o)
	var g errgroup.Group
	for range 4 {
		g.Go(func() error {
			again, err := h.Provider.Checkout(t.Context(), o)
			if err == nil && again.Ref != first.Ref {
				t.Errorf("the second checkout is %q, not %q", again.Ref, first.Ref)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatalf("Checkout again: %v", err)
	}
	if u, err := url.Parse(first.URL); err != nil || !u.IsAbs() && u.Path[:1] != "/" {
		t.Errorf("the payer is sent to %q", first.URL)
	}
	h.Pay(t, o, first, o.Amount)
	if lines := linesOf(t, h, provider.Payment, o.ID); len(lines) != 1 {
		t.Errorf("%d payments of one order: %v", len(lines), lines)
	}
}

func unknown(t *testing.T, h Harness) {
	o := NewOrder(100)
	if e, err := h.Provider.Payment(t.Context(), o); !errors.Is(err, provider.ErrUnknown) {
		t.Errorf("an unknown payment is %+v, %v", e, err)
	}
	if e, err := h.Provider.Refund(t.Context(), provider.Refund{ID: NewID(), Order: o, Amount: o.Amount}); !errors.Is(err, provider.ErrUnknown) {
		t.Errorf("a refund of an unknown payment is %+v, %v", e, err)
	}
}

func becomesPaid(t *testing.T, h Harness) {
	o := NewOrder(1_234_567)
	c := h.checkout(t, &o)
	if e := h.payment(t, o); e.State != provider.Pending || e.Amount != money.Fen(0) {
		t.Errorf("before it is paid: %+v", e)
	}
	start := time.Now()
	h.Pay(t, o, c, o.Amount)
	e := h.payment(t, o)
	checkPaid(t, e, provider.Payment, o.ID, o.Amount)
	if e.At.Before(start.Add(-2*time.Second)) || e.At.After(time.Now().Add(2*time.Second)) {
		t.Errorf("paid at %s, it is %s", e.At, time.Now())
	}
	if again := h.payment(t, o); !again.At.Equal(e.At) || again.Ref != e.Ref {
		t.Errorf("asked again: %+v, not %+v", again, e)
	}
	o.Ref = "" // a server that died before it wrote the reference down
	checkPaid(t, h.payment(t, o), provider.Payment, o.ID, o.Amount)
}

func otherAmount(t *testing.T, h Harness) {
	o := NewOrder(5_000)
	h.Pay(t, o, h.checkout(t, &o), money.Fen(4_999))
	checkPaid(t, h.payment(t, o), provider.Payment, o.ID, money.Fen(4_999))
	events, err := h.read(h.Notice(t, o, time.Now(), Bank))
	if err != nil || len(events) != 1 {
		t.Fatalf("Notification: %v, %v", events, err)
	}
	checkPaid(t, events[0], provider.Payment, o.ID, money.Fen(4_999))
}

func becomesFailed(t *testing.T, h Harness) {
	o := NewOrder(5_000)
	h.Cancel(t, o, h.checkout(t, &o))
	if e := h.payment(t, o); e.State != provider.Failed || e.Amount != money.Fen(0) {
		t.Errorf("after it was cancelled: %+v", e)
	}
	events, err := h.read(h.Notice(t, o, time.Now(), Bank))
	if err != nil || len(events) != 1 || events[0].State != provider.Failed || events[0].ID != o.ID {
		t.Errorf("Notification: %+v, %v", events, err)
	}
	if lines := linesOf(t, h, provider.Payment, o.ID); len(lines) != 0 {
		t.Errorf("in the book: %v", lines)
	}
}

func (h Harness) payment(t testing.TB, o provider.Order) provider.Event {
	t.Helper()
	e, err := h.Provider.Payment(t.Context(), o)
	if err != nil {
		t.Fatalf("Payment: %v", err)
	}
	if e.Kind != provider.Payment || e.ID != o.ID {
		t.Fatalf("asked for payment %s: %+v", o.ID, e)
	}
	return e
}

func checkPaid(t testing.TB, e provider.Event, kind provider.Kind, id string, amount money.Amount) {
	t.Helper()
	if e.Kind != kind || e.ID != id || e.State != provider.Paid || e.Amount != amount || e.Ref == "" || e.At.IsZero() {
		t.Errorf("%+v, want %s %s paid with %d fen, a reference and a time", e, kind, id, amount.Amount)
	}
}
