package payments_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"lifecircle/internal/id"
	"lifecircle/internal/money"
	"lifecircle/internal/problem"
	"lifecircle/payments"
	"lifecircle/payments/provider"
)

// said is what the till says of a payment.
func said(state provider.State, what id.ID, n int64) provider.Event {
	return provider.Event{Kind: provider.Payment, ID: what.String(), Ref: "paid-" + what.String(), State: state, Amount: money.Fen(n), At: time.Now()}
}

// order is a world with a till and somebody's open top-up of 5,000 fen.
func (w *world) order(a payments.Actor) payments.TopUp {
	w.t.Helper()
	t, err := w.money().StartTopUp(w.t.Context(), a, into(5000), id.New().String())
	if err != nil {
		w.t.Fatal(err)
	}
	return t
}

func (w *world) status(a payments.Actor, topup id.ID) payments.Status {
	w.t.Helper()
	t, err := w.money().TopUp(w.t.Context(), a, topup)
	if err != nil {
		w.t.Fatal(err)
	}
	return t.Status
}

// What a till may say in whatever order, and what is true afterwards.
func TestNotificationsInAnyOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, withTill(newTill()))
	const wrong = problem.WebhookMismatch
	for name, c := range map[string]struct {
		says    []provider.Event
		code    problem.Code // of the last
		status  payments.Status
		balance int64
		alarm   string
	}{
		"paid":              {[]provider.Event{said(provider.Paid, 0, 5000)}, "", payments.Paid, 5000, ""},
		"paid twice":        {[]provider.Event{said(provider.Paid, 0, 5000), said(provider.Paid, 0, 5000)}, "", payments.Paid, 5000, ""},
		"failed":            {[]provider.Event{said(provider.Failed, 0, 0)}, "", payments.Failed, 0, ""},
		"failed twice":      {[]provider.Event{said(provider.Failed, 0, 0), said(provider.Failed, 0, 0)}, "", payments.Failed, 0, ""},
		"pending":           {[]provider.Event{said(provider.Pending, 0, 0)}, "", payments.Pending, 0, ""},
		"pending, paid":     {[]provider.Event{said(provider.Pending, 0, 0), said(provider.Paid, 0, 5000)}, "", payments.Paid, 5000, ""},
		"paid, pending":     {[]provider.Event{said(provider.Paid, 0, 5000), said(provider.Pending, 0, 0)}, "", payments.Paid, 5000, ""},
		"failed, pending":   {[]provider.Event{said(provider.Failed, 0, 0), said(provider.Pending, 0, 0)}, "", payments.Failed, 0, ""},
		"failed after paid": {[]provider.Event{said(provider.Paid, 0, 5000), said(provider.Failed, 0, 0)}, "", payments.Paid, 5000, ""},
		"paid after failed": {[]provider.Event{said(provider.Failed, 0, 0), said(provider.Paid, 0, 5000)}, "", payments.Paid, 5000, "payment_after_failure"},
		"too little":        {[]provider.Event{said(provider.Paid, 0, 4999)}, wrong, payments.Pending, 0, "provider_mismatch"},
		"too much":          {[]provider.Event{said(provider.Paid, 0, 5001)}, wrong, payments.Pending, 0, "provider_mismatch"},
		"nothing":           {[]provider.Event{said(provider.Paid, 0, 0)}, wrong, payments.Pending, 0, "provider_mismatch"},
		"another currency": {
			[]provider.Event{{Kind: provider.Payment, State: provider.Paid, Amount: money.Amount{Amount: 5000, Currency: "USD"}}},
			wrong,
			payments.Pending, 0, "provider_mismatch",
		},
		"too little, then all": {[]provider.Event{said(provider.Paid, 0, 1), said(provider.Paid, 0, 5000)}, "", payments.Paid, 5000, "provider_mismatch"},
	} {
		a := w.people(1, 0)[0]
		topup := w.order(a)
		alarms := w.ears.alarmed(c.alarm)
		var err error
		for _, e := range c.says {
			e.ID = topup.ID.String()
			err = w.tells(e)
		}
		if c.code == "" && err != nil || c.code != "" && !problem.Has(err, c.code) {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
		if got := w.status(a, topup.ID); got != c.status || w.balance(a) != c.balance {
			t.Errorf("%s: %s, %d fen", name, got, w.balance(a))
		}
		if c.alarm != "" && w.ears.alarmed(c.alarm) == alarms {
			t.Errorf("%s: nobody is alarmed", name)
		}
		if c.balance > 0 && w.ears.told(a) != 1 {
			t.Errorf("%s: told %d times", name, w.ears.told(a))
		}
	}
	w.sound()
}

func TestAPaymentThatManyTellOfIsCreditedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3, withTill(newTill()))
	a := w.people(1, 0)[0]
	topup := w.order(a)
	body := []byte(asJSON(t, []provider.Event{said(provider.Paid, topup.ID, 5000), said(provider.Paid, topup.ID, 5000)}))
	var all sync.WaitGroup
	for i := range 30 {
		all.Go(func() {
			contentType, reply, err := w.nodes[i%3].money.Webhook(t.Context(), "stripe", nil, body)
			if err != nil || contentType != "text/plain" || reply != "thanks" {
				t.Errorf("%s %s %v", contentType, reply, err)
			}
		})
	}
	all.Wait()
	if w.balance(a) != 5000 {
		t.Errorf("%d fen", w.balance(a))
	}
	w.sound()
}

func TestNotificationsThatAreNotOurs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, withTill(newTill()))
	a := w.people(1, 0)[0]
	topup := w.order(a)
	w.exec(`UPDATE topups SET provider = 'alipay' WHERE id = $1`, topup.ID) // another's
	w.untouched("refused", func() {
		for name, e := range map[string]provider.Event{
			"no id of ours":     {Kind: provider.Payment, ID: "order 7", State: provider.Paid, Amount: money.Fen(1)},
			"an unknown id":     said(provider.Paid, id.New(), 5000),
			"another's":         said(provider.Paid, topup.ID, 5000),
			"an unknown payout": {Kind: provider.Payoff, ID: id.New().String(), State: provider.Paid, Amount: money.Fen(1)},
			"a user's id":       said(provider.Paid, a.User, 5000),
		} {
			if err := w.tells(e); !problem.Has(err, problem.WebhookForeign) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for body, code := range map[string]problem.Code{
			"forged": problem.WebhookSignature, "old": problem.WebhookStale, "foreign": problem.WebhookForeign, "{": problem.WebhookMalformed,
		} {
			_, _, err := w.money().Webhook(t.Context(), "stripe", payments.Header{"x-signature": {"1"}}, []byte(body))
			w.refused(err, code)
		}
		_, _, err := w.money().Webhook(t.Context(), "paypal", nil, nil)
		w.refused(err, problem.NotFound)
	})
	if w.ears.alarmed("webhook_refused") != 8 || w.ears.alarmed("provider_mismatch") != 1 {
		t.Errorf("alarms: %d and %d", w.ears.alarmed("webhook_refused"), w.ears.alarmed("provider_mismatch"))
	}
}

func TestCheckouts(t *testing.T) {
	t.Parallel()
	till := newTill()
	w := newWorld(t, 2, withTill(till), func(o *payments.Options) { o.BaseURL = "https://circle.test/" })
	p := w.people(2, 0)
	a, suspended := p[0], p[1]
	w.exec(`UPDATE users SET banned_at = now() WHERE id = $1`, suspended.User)
	till.checkout = func(provider.Order) error { return errors.New("connection refused") }
	_, err := w.money().StartTopUp(t.Context(), a, into(5000), "k")
	if w.refused(err, problem.Unavailable); problem.From(err).RetryAfter <= 0 {
		t.Errorf("%+v", problem.From(err))
	}
	till.checkout = nil
	first, err := w.money().StartTopUp(t.Context(), a, into(5000), "k") // the key is fresh
	if err != nil || first.Status != payments.Pending || first.CheckoutURL != "https://till.test/"+first.ID.String() || !first.ExpiresAt.Equal(first.CreatedAt.Add(payments.TopUpLife)) {
		t.Fatalf("%+v %v", first, err)
	}
	orders := len(till.orders)
	if o := till.orders[orders-1]; o.ID != first.ID.String() || o.Amount != money.Fen(5000) || o.ReturnURL != "https://circle.test/wallet?topup="+first.ID.String() {
		t.Errorf("ordered %+v", o)
	}
	w.untouched("repeats", func() {
		for _, n := range w.nodes {
			again, err := n.money.StartTopUp(t.Context(), a, into(5000), "k")
			if err != nil || asJSON(t, again) != asJSON(t, first) {
				t.Errorf("again: %+v %v", again, err)
			}
			_, err = n.money.StartTopUp(t.Context(), a, into(5001), "k")
			w.refused(err, problem.IdempotencyKeyReused)
		}
		other := into(5000)
		other.Provider = "paypal"
		euro := into(5000)
		euro.Currency = "EUR"
		for name, c := range map[string]struct {
			who  payments.Actor
			in   payments.NewTopUp
			key  string
			code problem.Code
		}{
			"too much": {a, into(payments.MaxTopUp + 1), "x", problem.AmountTooLarge}, "nothing": {a, into(0), "x", problem.AmountNotPositive},
			"elsewhere": {a, other, "x", problem.ProviderUnknown}, "euros": {a, euro, "x", problem.CurrencyUnsupported},
			"without a key": {a, into(1), "", problem.IdempotencyKeyNeeded}, "a guest": {payments.Actor{}, into(1), "x", problem.Unauthorized},
			"nobody": {payments.Actor{User: a.User + 1e6}, into(1), "x", problem.Unauthorized}, "suspended": {suspended, into(1), "x", problem.Banned},
		} {
			if _, err := w.money().StartTopUp(t.Context(), c.who, c.in, c.key); !problem.Has(err, c.code) {
				t.Errorf("%s: %v, want %s", name, err, c.code)
			}
		}
		_, err := w.money().TopUp(t.Context(), suspended, first.ID)
		w.refused(err, problem.TopUpNotFound)
		_, err = w.money().TopUp(t.Context(), payments.Actor{}, first.ID)
		w.refused(err, problem.Unauthorized)
	})
	if len(till.orders) != orders {
		t.Errorf("%d payments were opened for those who may not, or have one", len(till.orders)-orders)
	}
	w.exec(`UPDATE users SET banned_at = NULL`)
	_, err = w.money().StartTopUp(t.Context(), suspended, into(1), "x")
	w.refused(err, problem.Banned) // the key is spent
	w.sound()
}

// Nobody told us, so we ask: of what was paid, of what failed, of what nobody
// paid for a day; and not of what the till does not know yet.
func TestWeAskAfterPaymentsOfWhichNobodyTold(t *testing.T) {
	t.Parallel()
	till := newTill()
	var mu sync.Mutex
	answers := map[string]func(provider.Order) (provider.Event, error){}
	till.payment = func(o provider.Order) (provider.Event, error) {
		mu.Lock()
		defer mu.Unlock()
		if f := answers[o.ID]; f != nil {
			return f(o)
		}
		return provider.Event{}, provider.ErrUnknown
	}
	w := newWorld(t, 2, withTill(till))
	a := w.people(1, 0)[0]
	paid, failed, open, old, away := w.order(a), w.order(a), w.order(a), w.order(a), w.order(a)
	mu.Lock()
	answers[paid.ID.String()] = func(o provider.Order) (provider.Event, error) {
		if !strings.HasPrefix(o.Ref, "ref-") {
			t.Errorf("asked for %+v", o)
		}
		return said(provider.Paid, paid.ID, o.Amount.Amount), nil
	}
	answers[failed.ID.String()] = func(provider.Order) (provider.Event, error) { return said(provider.Failed, failed.ID, 0), nil }
	answers[away.ID.String()] = func(provider.Order) (provider.Event, error) { return provider.Event{}, errors.New("down") }
	mu.Unlock()
	w.exec(`UPDATE topups SET expires_at = now() - interval '25 hours' WHERE id = ANY ($1)`, []id.ID{old.ID, away.ID})
	w.exec(`UPDATE topups SET next_look_at = now()`)
	w.until("all were asked after", func() bool {
		return w.number(`SELECT count(*) FROM topups WHERE looks = 1`) == 5 && w.number(`SELECT count(*) FROM topups WHERE status = 'pending'`) == 2
	})
	for topup, want := range map[id.ID]payments.Status{paid.ID: payments.Paid, failed.ID: payments.Failed, old.ID: payments.Failed, open.ID: payments.Pending, away.ID: payments.Pending} {
		if got := w.status(a, topup); got != want {
			t.Errorf("%s is %s, want %s", topup, got, want)
		}
	}
	if w.balance(a) != 5000 {
		t.Errorf("%d fen", w.balance(a))
	}
	w.sound()
}
