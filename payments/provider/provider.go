// Package provider is the other side of money: what banks and payment
// companies do for us, behind one small interface. The packages below it speak
// to one each; provider/providertest holds the contract that all of them pass.
//
// A provider promises that a repeated call with the same ID does nothing new,
// that Notification returns nothing that the provider did not sign, and that
// amounts are whole fen. It decides nothing about our books: payments does.
package provider

import (
	"context"
	"errors"
	"net/http"
	"time"

	"lifecircle/internal/money"
)

// Provider is one of them. Its methods may be called from many goroutines, take
// as long as the network does and end with ctx.
type Provider interface {
	// Name is what it is called in requests and paths, such as "sandbox".
	Name() string

	// Checkout opens a payment and returns where the payer pays. Repeating it
	// with the same ID opens no second one.
	Checkout(ctx context.Context, o Order) (Checkout, error)

	// Payment returns what became of the payment of an order, ErrUnknown if
	// the provider has none: some have one only once its payer saw the page.
	Payment(ctx context.Context, o Order) (Event, error)

	// Payout sends money out, once for each ID however often it is called, and
	// returns what has become of it: Paid, Failed (nothing was and nothing will
	// be sent) or Pending. ErrRefused says the same as Failed. Any other error
	// says that nobody knows: ask again.
	Payout(ctx context.Context, p Payout) (Event, error)

	// Refund gives a payment back, whole or in part, once for each ID.
	Refund(ctx context.Context, r Refund) (Event, error)

	// Notification reads a webhook. It fails with ErrSignature (not signed by
	// the provider, or altered), ErrStale (signed more than MaxSkew from now)
	// or ErrForeign (meant for another merchant). A notification that says
	// nothing to us gives no events.
	Notification(header http.Header, body []byte, now time.Time) ([]Event, error)

	// Received is what the provider wants to read when a notification was
	// taken, and its content type.
	Received() (contentType, body string)

	// Book returns what the provider has booked from the one time to before
	// the other, for reconciliation.
	Book(ctx context.Context, from, to time.Time) ([]Line, error)
}

// MaxSkew is how far the time of a notification may be from ours.
const MaxSkew = 5 * time.Minute

// What can be wrong; other errors are those of the network or the provider's
// own, and a later try may go well.
var (
	ErrUnknown   = errors.New("the provider has nothing under this id")
	ErrSignature = errors.New("the notification is not signed by the provider")
	ErrStale     = errors.New("the notification was signed at another time")
	ErrForeign   = errors.New("the notification is meant for somebody else")
	ErrRefused   = errors.New("the provider refuses this for good")
	ErrIDTaken   = errors.New("the provider has something else under this id") // what became of that, nobody asked
)

// Order is a payment that we ask for.
type Order struct {
	ID        string // ours, of the top-up; 1 to 32 characters a-z, 0-9
	Ref       string // the provider's, once Checkout has returned it
	Amount    money.Amount
	Title     string // what the payer reads
	ExpiresAt time.Time
	ReturnURL string // where the payer goes afterwards; absolute
}

// Checkout is a payment that waits for its payer.
type Checkout struct {
	URL string // a page; absolute, or a path of our own site
	Ref string // the provider's id, if it has one already
}

// Payout is money to send out.
type Payout struct {
	ID     string // ours, of the withdrawal; 1 to 32 characters a-z, 0-9
	Amount money.Amount
	To     string // the account at the provider, as the owner wrote it
	Title  string
}

// Refund is a payment to give back.
type Refund struct {
	ID     string // ours, of the refund; 1 to 32 characters a-z, 0-9
	Order  Order
	Amount money.Amount // at most what is left of the payment
}

// Kind says what a provider speaks of.
type Kind string

// The kinds.
const (
	Payment Kind = "payment"
	Payoff  Kind = "payout"
	Return  Kind = "refund"
)

// State of a payment, payout or refund. Paid and Failed are final.
type State string

// The states.
const (
	Pending State = "pending"
	Paid    State = "paid"
	Failed  State = "failed" // expired, cancelled, refused
)

// Event is what a provider says of one payment, payout or refund of ours.
type Event struct {
	Kind   Kind
	ID     string // ours
	Ref    string // the provider's
	State  State
	Amount money.Amount // what was really paid; zero unless State is Paid
	At     time.Time    // by the provider's clock; zero if it does not say
	Reason string       // of a failure, for people; may be empty
}

// Line is one booking of a provider. Paid money only.
type Line struct {
	Kind   Kind
	ID     string // ours, empty if the provider has none
	Ref    string
	Amount money.Amount // never negative: Kind says in which direction; in whatever currency it was
	At     time.Time
}
