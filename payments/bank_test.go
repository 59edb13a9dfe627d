package payments_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"lifecircle/internal/id"
	"lifecircle/internal/money"
	"lifecircle/internal/problem"
	"lifecircle/payments"
	"lifecircle/payments/provider"
)

// bank is a provider in memory that does and books what a test tells it to.
type bank struct {
	mu     sync.Mutex
	states map[string]provider.Event // of payments and payouts, by our id
	book   []provider.Line
	away   bool        // its books cannot be read
	asked  int         // for its books
	payout chan string // ids of payouts that it has answered; what nobody takes is dropped
}

func newBank() *bank {
	return &bank{states: map[string]provider.Event{}, payout: make(chan string, 100)}
}

func (*bank) Name() string { return "sandbox" }

func (b *bank) Checkout(_ context.Context, o provider.Order) (provider.Checkout, error) {
	return provider.Checkout{URL: "https://bank.test/" + o.ID, Ref: "ref-" + o.ID}, nil
}

func (b *bank) state(id string) provider.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.states[id]
}

func (b *bank) Payment(_ context.Context, o provider.Order) (provider.Event, error) {
	if e := b.state(o.ID); e.ID != "" {
		return e, nil
	}
	return provider.Event{}, provider.ErrUnknown
}

func (b *bank) Payout(_ context.Context, p provider.Payout) (provider.Event, error) {
	defer func() {
		select {
		case b.payout <- p.ID:
		default:
		}
	}()
	if e := b.state(p.ID); e.ID != "" {
		return e, nil
	}
	return provider.Event{Kind: provider.Payoff, ID: p.ID, State: provider.Pending}, nil
}

func (*bank) Refund(context.Context, provider.Refund) (provider.Event, error) {
	return provider.Event{}, provider.ErrRefused
}

func (*bank) Notification(_ http.Header, body []byte, _ time.Time) ([]provider.Event, error) {
	var e provider.Event
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, err
	}
	return []provider.Event{e}, nil
}

func (*bank) Received() (contentType, body string) { return "text/plain", "ok" }

var errAway = errors.New("the bank is closed")

func (b *bank) Book(_ context.Context, from, to time.Time) (out []provider.Line, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	if b.away {
		return nil, errAway
	}
	for _, l := range b.book {
		if !l.At.Before(from) && l.At.Before(to) {
			out = append(out, l)
		}
	}
	return out, nil
}

// happened is what the bank did; money that moved is booked.
func (b *bank) happened(e provider.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.states[e.ID] = e
	if e.State == provider.Paid {
		b.book = append(b.book, provider.Line{Kind: e.Kind, ID: e.ID, Ref: e.Ref, Amount: e.Amount, At: e.At})
	}
}

// told has the bank do something and tell us.
func (w *world) told(b *bank, e provider.Event) {
	w.t.Helper()
	b.happened(e)
	body, err := json.Marshal(e)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, _, err := w.money().Webhook(w.t.Context(), b.Name(), nil, body); err != nil {
		w.t.Fatalf("the bank tells %+v: %v", e, err)
	}
}

func paid(kind provider.Kind, what id.ID, fen int64) provider.Event {
	return provider.Event{Kind: kind, ID: what.String(), Ref: "ref-" + what.String(), State: provider.Paid, Amount: money.Fen(fen), At: time.Now()}
}

func failed(kind provider.Kind, what id.ID) provider.Event {
	return provider.Event{Kind: kind, ID: what.String(), State: provider.Failed, Reason: "no", At: time.Now()}
}

// topUp has a wallet topped up, as far as the bank's being told.
func (w *world) topUp(a payments.Actor, n int64) payments.TopUp {
	w.t.Helper()
	t, err := w.money().StartTopUp(w.t.Context(), a, payments.NewTopUp{Amount: money.In(n), Currency: money.CNY, Provider: "sandbox"}, id.New().String())
	if err != nil {
		w.t.Fatal(err)
	}
	return t
}

func (w *world) withdraw(a payments.Actor, n int64) (payments.Withdrawal, error) {
	return w.money().Withdraw(w.t.Context(), a, payments.NewWithdrawal{Amount: money.In(n), Currency: money.CNY, Provider: "sandbox", Destination: "card"}, id.New().String())
}

// town is a world in which money moves at random.
type town struct {
	*world
	bank   *bank
	rnd    *rand.Rand
	people []payments.Actor
	posts  []id.Post
	tips   []id.Comment
	holds  map[id.ID]id.ID // of whom
}

// newTown lets so many random things happen. One of its circles shares with a
// partner, who tips there, too.
func newTown(t *testing.T, things int) *town {
	t.Helper()
	seed := rand.Uint64() //nolint:gosec // a test
	t.Logf("seed %d", seed)
	b := newBank()
	w := &town{
		world: newWorld(t, 1, func(o *payments.Options) { o.Providers = []provider.Provider{b} }),
		bank:  b, rnd: rand.New(rand.NewPCG(seed, 0)), holds: map[id.ID]id.ID{}, //nolint:gosec // a test
	}
	w.people = w.world.people(6, 30_000)
	plain, shared := w.circle(w.people[0]), w.circle(w.people[1])
	w.exec(`INSERT INTO contracts (circle_id, version, author_share, partner_share, platform_share, partner_id, max_tip, owner_signed_at, partner_signed_at, in_force_at, created_by, created_at)
		VALUES ($1, 1, 7000, 2000, 1000, $2, 20000, now(), now(), now(), $3, now())`, shared, w.people[2].User, w.people[1].User)
	for _, author := range []int{0, 1, 2} {
		w.posts = append(w.posts, w.post(w.people[author], plain), w.post(w.people[author], shared))
	}
	for range things {
		w.something()
	}
	return w
}

func (w *town) anybody() payments.Actor { return w.people[w.rnd.IntN(len(w.people))] }

// something happens, or is refused for a reason.
func (w *town) something() {
	w.t.Helper()
	var err error
	switch n := w.rnd.IntN(20); {
	case n < 10:
		err = w.anyTip()
	case n < 13 && len(w.tips) > 0:
		err = w.anyRefund()
	case n < 15:
		w.anyTopUp()
	case n < 17:
		err = w.anyWithdrawal()
	case n < 18:
		err = w.money().SetBalance(w.t.Context(), w.anybody().User, w.rnd.Int64N(40_000))
	default:
		err = w.anyHold()
	}
	if err != nil && problem.From(err) == nil {
		w.t.Fatal(err)
	}
}

func (w *town) anyTip() error {
	in := fen(1 + w.rnd.Int64N(3000))
	in.Visibility = []payments.Visibility{payments.Public, payments.Receiver, payments.Anonymous}[w.rnd.IntN(3)]
	in.Message = "thank you"
	t, err := w.money().Tip(w.t.Context(), w.anybody(), w.posts[w.rnd.IntN(len(w.posts))], in, id.New().String())
	if err == nil {
		w.tips = append(w.tips, t.ID)
	}
	return err
}

func (w *town) anyRefund() error {
	in := payments.NewRefund{Reason: "by mistake"}
	if w.rnd.IntN(2) == 0 {
		some := money.In(1 + w.rnd.Int64N(1000))
		in.Amount = &some
	}
	_, err := w.money().Refund(w.t.Context(), w.anybody(), w.tips[w.rnd.IntN(len(w.tips))], in, id.New().String())
	return err
}

func (w *town) anyTopUp() {
	w.t.Helper()
	n := 1 + w.rnd.Int64N(10_000)
	switch t := w.topUp(w.anybody(), n); w.rnd.IntN(4) {
	case 0: // stays pending
	case 1:
		w.told(w.bank, failed(provider.Payment, t.ID))
	default:
		w.told(w.bank, paid(provider.Payment, t.ID, n))
	}
}

func (w *town) anyWithdrawal() error {
	n := 1 + w.rnd.Int64N(5000)
	out, err := w.withdraw(w.anybody(), n)
	if err != nil {
		return err
	}
	switch w.rnd.IntN(4) {
	case 0: // stays pending
	case 1:
		w.told(w.bank, failed(provider.Payoff, out.ID))
	default:
		w.told(w.bank, paid(provider.Payoff, out.ID, n))
	}
	return nil
}

func (w *town) anyHold() error {
	for hold, of := range w.holds {
		delete(w.holds, hold)
		return w.money().ReleaseHold(w.t.Context(), of, hold)
	}
	a := w.anybody()
	h, err := w.money().PlaceHold(w.t.Context(), a.User, 1+w.rnd.Int64N(500), "looked into", nil)
	if err == nil {
		w.holds[h.ID] = a.User
	}
	return err
}
