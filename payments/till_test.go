package payments_test

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"lifecircle/internal/money"
	"lifecircle/payments"
	"lifecircle/payments/provider"
)

// till is a provider of which a test decides what it answers. A payout that it
// says yes to is paid once for each id, as providers promise.
type till struct {
	checkout func(provider.Order) error
	payment  func(provider.Order) (provider.Event, error)
	payout   func(provider.Payout) (provider.Event, error) // nil: paid at once

	mu     sync.Mutex
	orders []provider.Order
	calls  map[string]int   // of Payout, by id
	sent   map[string]int64 // fen, by id
	busy   map[string]bool  // calls of Payout under way
	both   int              // calls while another one was under way for the same id
}

func newTill() *till {
	return &till{calls: map[string]int{}, sent: map[string]int64{}, busy: map[string]bool{}}
}

func withTill(t *till) func(*payments.Options) {
	return func(o *payments.Options) { o.Providers = []provider.Provider{t} }
}

func (*till) Name() string { return "stripe" }

func (t *till) Checkout(_ context.Context, o provider.Order) (provider.Checkout, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.orders = append(t.orders, o)
	if t.checkout != nil {
		if err := t.checkout(o); err != nil {
			return provider.Checkout{}, err
		}
	}
	return provider.Checkout{URL: "https://till.test/" + o.ID, Ref: "ref-" + o.ID}, nil
}

func (t *till) Payment(_ context.Context, o provider.Order) (provider.Event, error) {
	if t.payment == nil {
		return provider.Event{}, provider.ErrUnknown
	}
	return t.payment(o)
}

func (t *till) Payout(_ context.Context, p provider.Payout) (provider.Event, error) {
	t.mu.Lock()
	if t.busy[p.ID] {
		t.both++
	}
	t.calls[p.ID]++
	t.busy[p.ID] = true
	t.mu.Unlock()
	defer func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.busy[p.ID] = false
	}()
	if t.payout != nil {
		if e, err := t.payout(p); err != nil || e.State != provider.Paid {
			return e, err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent[p.ID] = p.Amount.Amount
	return t.paidOut(p), nil
}

func (*till) paidOut(p provider.Payout) provider.Event {
	return provider.Event{Kind: provider.Payoff, ID: p.ID, Ref: "out-" + p.ID, State: provider.Paid, Amount: p.Amount, At: time.Now()}
}

// pendingly is a payout that takes its time.
func pendingly(p provider.Payout) (provider.Event, error) {
	return provider.Event{Kind: provider.Payoff, ID: p.ID, State: provider.Pending}, nil
}

func (t *till) called(id string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.calls[id]
}

func (*till) Refund(context.Context, provider.Refund) (provider.Event, error) {
	return provider.Event{}, provider.ErrRefused
}

// Notification reads what tells has written; nothing else is signed.
func (*till) Notification(_ http.Header, body []byte, _ time.Time) ([]provider.Event, error) {
	var events []provider.Event
	switch string(body) {
	case "forged":
		return nil, provider.ErrSignature
	case "old":
		return nil, provider.ErrStale
	case "foreign":
		return nil, provider.ErrForeign
	}
	err := json.Unmarshal(body, &events)
	return events, err
}

func (*till) Received() (contentType, body string) { return "text/plain", "thanks" }

func (*till) Book(context.Context, time.Time, time.Time) ([]provider.Line, error) { return nil, nil }

// tells brings in a notification of the till's.
func (w *world) tells(events ...provider.Event) error {
	w.t.Helper()
	body, err := json.Marshal(events)
	if err != nil {
		w.t.Fatal(err)
	}
	_, _, err = w.money().Webhook(w.t.Context(), "stripe", nil, body)
	return err
}

func out(n int64) payments.NewWithdrawal {
	return payments.NewWithdrawal{Amount: money.In(n), Currency: money.CNY, Provider: "stripe", Destination: "card 7"}
}

func into(n int64) payments.NewTopUp {
	return payments.NewTopUp{Amount: money.In(n), Currency: money.CNY, Provider: "stripe"}
}
