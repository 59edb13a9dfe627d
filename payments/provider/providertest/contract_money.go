package providertest

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"lifecircle/internal/money"
	"lifecircle/payments/provider"
)

// around is a period that everything of a test falls into.
const around = time.Hour

func linesOf(t testing.TB, h Harness, kind provider.Kind, id string) (lines []provider.Line) {
	t.Helper()
	all, err := h.Provider.Book(t.Context(), time.Now().Add(-around), time.Now().Add(around))
	if err != nil {
		t.Fatalf("Book: %v", err)
	}
	for _, l := range all {
		if l.Kind == kind && l.ID == id {
			lines = append(lines, l)
		}
	}
	return lines
}

func (h Harness) payout(state provider.State) provider.Payout {
	return provider.Payout{ID: NewID(), Amount: money.Fen(30_01), To: h.Accounts[state], Title: "提现"}
}

func payoutOnce(t *testing.T, h Harness) {
	h.paid(t, 90_000) // what is sent out has come in
	p := h.payout(provider.Paid)
	var g errgroup.Group
	for range 4 {
		g.Go(func() error {
			e, err := h.Provider.Payout(t.Context(), p)
			if err == nil {
				checkPaid(t, e, provider.Payoff, p.ID, p.Amount)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatalf("Payout: %v", err)
	}
	if lines := linesOf(t, h, provider.Payoff, p.ID); len(lines) != 1 || lines[0].Amount != p.Amount {
		t.Errorf("in the book: %+v", lines)
	}
	p.Amount.Amount++
	// ErrRefused would say that nothing was sent.
	if e, err := h.Provider.Payout(t.Context(), p); !errors.Is(err, provider.ErrIDTaken) || errors.Is(err, provider.ErrRefused) {
		t.Errorf("the same id with another amount: %+v, %v", e, err)
	}
}

func payoutFails(t *testing.T, h Harness) {
	h.paid(t, 90_000)
	p := h.payout(provider.Failed)
	for range 2 {
		if e, err := h.Provider.Payout(t.Context(), p); err != nil || e.State != provider.Failed || e.ID != p.ID || e.Kind != provider.Payoff || e.Reason == "" {
			t.Errorf("Payout to one who cannot take it: %+v, %v", e, err)
		}
	}
	if lines := linesOf(t, h, provider.Payoff, p.ID); len(lines) != 0 {
		t.Errorf("in the book: %+v", lines)
	}
}

func payoutWaits(t *testing.T, h Harness) {
	if h.Settle == nil {
		return // this bank says at once what becomes of a payout
	}
	h.paid(t, 90_000)
	p := h.payout(provider.Pending)
	if e, err := h.Provider.Payout(t.Context(), p); err != nil || e.State != provider.Pending {
		t.Fatalf("Payout: %+v, %v", e, err)
	}
	h.Settle(t, p)
	e, err := h.Provider.Payout(t.Context(), p)
	if err != nil {
		t.Fatalf("Payout: %v", err)
	}
	checkPaid(t, e, provider.Payoff, p.ID, p.Amount)
}

func refundOnce(t *testing.T, h Harness) {
	o := h.paid(t, 10_000)
	r := provider.Refund{ID: NewID(), Order: o, Amount: money.Fen(2_500)}
	for range 3 {
		e, err := h.Provider.Refund(t.Context(), r)
		if err != nil {
			t.Fatalf("Refund: %v", err)
		}
		checkPaid(t, e, provider.Return, r.ID, r.Amount)
	}
	if lines := linesOf(t, h, provider.Return, r.ID); len(lines) != 1 || lines[0].Amount != r.Amount {
		t.Errorf("in the book: %+v", lines)
	}
	other := r
	other.Amount.Amount--
	if e, err := h.Provider.Refund(t.Context(), other); !errors.Is(err, provider.ErrIDTaken) || errors.Is(err, provider.ErrRefused) {
		t.Errorf("the same id with another amount: %+v, %v", e, err)
	}
	if e := h.payment(t, o); e.State != provider.Paid || e.Amount != o.Amount {
		t.Errorf("the payment after a refund: %+v", e)
	}
}

func refundTooMuch(t *testing.T, h Harness) {
	o := h.paid(t, 10_000)
	for _, c := range []struct {
		fen  int64
		want error
	}{{4_000, nil}, {6_001, provider.ErrRefused}, {6_000, nil}, {1, provider.ErrRefused}} {
		_, err := h.Provider.Refund(t.Context(), provider.Refund{ID: NewID(), Order: o, Amount: money.Fen(c.fen)})
		if !errors.Is(err, c.want) {
			t.Errorf("a refund of %d fen: %v, want %v", c.fen, err, c.want)
		}
	}
	if e := h.payment(t, o); e.State != provider.Paid || e.Amount != o.Amount {
		t.Errorf("the payment after it was given back: %+v", e)
	}
}

// book fills more than two pages and looks for each line once.
func book(t *testing.T, h Harness) {
	want := map[provider.Line]int{}
	for range 2*h.Page + 1 {
		o := h.paid(t, 1_000)
		want[provider.Line{Kind: provider.Payment, ID: o.ID, Amount: o.Amount}]++
	}
	waiting := NewOrder(1_000)
	h.checkout(t, &waiting)
	r := provider.Refund{ID: NewID(), Order: h.paid(t, 999), Amount: money.Fen(99)}
	want[provider.Line{Kind: provider.Payment, ID: r.Order.ID, Amount: r.Order.Amount}]++
	if _, err := h.Provider.Refund(t.Context(), r); err != nil {
		t.Fatalf("Refund: %v", err)
	}
	want[provider.Line{Kind: provider.Return, ID: r.ID, Amount: r.Amount}]++

	lines, err := h.Provider.Book(t.Context(), time.Now().Add(-around), time.Now().Add(around))
	if err != nil {
		t.Fatalf("Book: %v", err)
	}
	var last time.Time
	for _, l := range lines {
		want[provider.Line{Kind: l.Kind, ID: l.ID, Amount: l.Amount}]--
		if l.Ref == "" || l.At.After(time.Now().Add(around)) || l.At.Before(time.Now().Add(-around)) {
			t.Errorf("a line without a reference or at another time: %+v", l)
		}
		if l.At.After(last) {
			last = l.At
		}
	}
	for l, n := range want {
		if n != 0 {
			t.Errorf("%+v is in the book %d times too rarely", l, n)
		}
	}
	bookBorders(t, h, last, len(lines))
}

// bookBorders: a period has its beginning and not its end.
func bookBorders(t *testing.T, h Harness, last time.Time, all int) {
	t.Helper()
	before, err := h.Provider.Book(t.Context(), last.Add(-around), last)
	if err != nil {
		t.Fatalf("Book: %v", err)
	}
	from, err := h.Provider.Book(t.Context(), last, last.Add(around))
	if err != nil {
		t.Fatalf("Book: %v", err)
	}
	if len(from) == 0 || len(before)+len(from) != all {
		t.Errorf("%d lines before %s and %d from then on, of %d", len(before), last, len(from), all)
	}
}
