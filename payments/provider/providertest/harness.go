package providertest

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"lifecircle/internal/money"
	"lifecircle/payments/provider"
)

// Notice is a notification as it travels.
type Notice struct {
	Header http.Header
	Body   []byte
}

// Signer says how a notice is signed.
type Signer int

// The signers.
const (
	Bank     Signer = iota // as the bank does
	Forger                 // with a key that is not the bank's
	Stranger               // by the bank, for another merchant
)

// Harness is a provider and the levers of the bank behind it. The levers fail
// the test when they cannot do their work.
type Harness struct {
	Provider provider.Provider

	// Open is the payer who looks at the checkout page and does nothing yet.
	Open func(t testing.TB, o provider.Order, c provider.Checkout)
	// Pay is the payer who pays an amount, which may be another than asked for.
	Pay func(t testing.TB, o provider.Order, c provider.Checkout, amount money.Amount)
	// Cancel is the payer who will not pay, or the time that is over.
	Cancel func(t testing.TB, o provider.Order, c provider.Checkout)

	// Notice is what the bank says of the order now, sent at a time.
	Notice func(t testing.TB, o provider.Order, at time.Time, by Signer) Notice

	// Accounts are accounts at the bank, by what becomes of a payout at once.
	// A state that this bank does not know is missing.
	Accounts map[provider.State]string
	// Settle pays a pending payout; nil where none is ever pending.
	Settle func(t testing.TB, p provider.Payout)

	// Page is how many payments the bank's book has on a page.
	Page int
}

// NewOrder returns an order of an amount, with an id of its own.
func NewOrder(fen int64) provider.Order {
	return provider.Order{
		ID: NewID(), Amount: money.Fen(fen), Title: "充值 Life Circle & more", ExpiresAt: time.Now().Add(time.Hour).Truncate(time.Second),
		ReturnURL: "https://circle.example/wallet?topup=1",
	}
}

// NewID returns an id that nothing has yet.
func NewID() string { return strings.ToLower(rand.Text()) }

// checkout opens the payment of an order.
func (h Harness) checkout(t testing.TB, o *provider.Order) provider.Checkout {
	t.Helper()
	c, err := h.Provider.Checkout(t.Context(), *o)
	if err != nil {
		t.Fatalf("Checkout: %v", err)
	}
	o.Ref = c.Ref
	h.Open(t, *o, c)
	return c
}

// paid returns an order that was paid as asked.
func (h Harness) paid(t testing.TB, fen int64) provider.Order {
	t.Helper()
	o := NewOrder(fen)
	h.Pay(t, o, h.checkout(t, &o), o.Amount)
	return h.asked(t, o)
}

// asked returns o with the bank's reference, as payments has it later.
func (h Harness) asked(t testing.TB, o provider.Order) provider.Order {
	t.Helper()
	if c, err := h.Provider.Checkout(t.Context(), o); err != nil {
		t.Fatalf("Checkout again: %v", err)
	} else if c.Ref != "" {
		o.Ref = c.Ref
	}
	return o
}
