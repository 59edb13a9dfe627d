package sandbox

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"lifecircle/internal/money"
	"lifecircle/internal/pgtest"
	"lifecircle/payments/provider"
	"lifecircle/payments/provider/providertest"
)

const patience = 20 * time.Second // on a busy machine

// webhook is our side: it reads notifications as they come.
type webhook struct {
	bank   *Bank
	events chan provider.Event

	mu     sync.Mutex // guards refuse
	refuse int        // as many deliveries fail
}

func (w *webhook) deliver(_ context.Context, header http.Header, body []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refuse > 0 {
		w.refuse--
		return errors.New("not now")
	}
	events, err := w.bank.Notification(header, body, time.Now())
	for _, e := range events {
		w.events <- e
	}
	return err
}

func (w *webhook) next(t testing.TB) provider.Event {
	t.Helper()
	select {
	case e := <-w.events:
		return e
	case <-time.After(patience):
		t.Fatal("no notification came")
		return provider.Event{}
	}
}

// start runs a bank with a webhook until the test ends.
func start(t *testing.T, pool *pgxpool.Pool, o Options) (*Bank, *webhook) {
	t.Helper()
	w := &webhook{events: make(chan provider.Event, 1000)}
	o.Deliver, o.Log = w.deliver, slog.New(slog.DiscardHandler)
	b, err := New(t.Context(), pool, o)
	must(t, err)
	b.poll, w.bank = 20*time.Millisecond, b
	ctx, cancel := context.WithCancel(t.Context())
	var g errgroup.Group
	g.Go(func() error { return b.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		if err := g.Wait(); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return b, w
}

func checkout(t testing.TB, b *Bank, fen int64) (provider.Order, provider.Checkout) {
	t.Helper()
	o := providertest.NewOrder(fen)
	c, err := b.Checkout(t.Context(), o)
	must(t, err)
	return o, c
}

func TestBehaviours(t *testing.T) {
	t.Parallel()
	for behaviour, want := range map[Behaviour][]provider.State{
		Manual:   {},
		AtOnce:   {provider.Paid},
		Slow:     {provider.Paid},
		Twice:    {provider.Paid, provider.Paid},
		Disorder: {provider.Paid, provider.Pending},
		Never:    {},
	} {
		t.Run(string(behaviour), func(t *testing.T) {
			t.Parallel()
			b, w := start(t, pgtest.New(t), Options{Behaviour: behaviour, Delay: 50 * time.Millisecond})
			o, _ := checkout(t, b, 700)
			for i, state := range want {
				if e := w.next(t); e.State != state || e.ID != o.ID {
					t.Errorf("notification %d is %+v, want %s", i, e, state)
				}
			}
			e, err := b.Payment(t.Context(), o)
			must(t, err)
			if paid := e.State == provider.Paid; paid == (behaviour == Manual) {
				t.Errorf("the payment is %s", e.State)
			}
			if n := waiting(t, b); len(want) == 0 && n > 0 {
				t.Errorf("%d notices wait", n)
			}
		})
	}
}

func waiting(t testing.TB, b *Bank) (n int) {
	t.Helper()
	must(t, b.pool.QueryRow(t.Context(), `SELECT count(*) FROM sandbox_notices`).Scan(&n))
	return n
}

func TestADeliveryRefusedIsTriedAgain(t *testing.T) {
	t.Parallel()
	b, w := start(t, pgtest.New(t), Options{Behaviour: AtOnce})
	w.mu.Lock()
	w.refuse = 1
	w.mu.Unlock()
	o, _ := checkout(t, b, 700)
	if e := w.next(t); e.ID != o.ID || e.State != provider.Paid {
		t.Errorf("after a refusal: %+v", e)
	}
}

func TestANoticeIsDroppedAfterManyRefusals(t *testing.T) {
	t.Parallel()
	b := newBank(t, Options{Behaviour: AtOnce, Deliver: func(context.Context, http.Header, []byte) error { return errors.New("never") }})
	checkout(t, b, 700)
	for i := range maxAttempts {
		if n := waiting(t, b); n != 1 {
			t.Fatalf("%d notices wait after %d refusals", n, i)
		}
		if _, err := b.pool.Exec(t.Context(), `UPDATE sandbox_notices SET due_at = now()`); err != nil {
			t.Fatal(err)
		}
		if n, err := b.step(t.Context()); err != nil || n != 1 {
			t.Fatalf("step: %d, %v", n, err)
		}
	}
	if n := waiting(t, b); n != 0 {
		t.Errorf("%d notices wait at the end", n)
	}
}

func TestPausesGrowAndEnd(t *testing.T) {
	t.Parallel()
	for attempts, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 10: 512 * time.Second, 11: lastRetry, 1000: lastRetry} {
		if got := pause(attempts); got != want {
			t.Errorf("after %d attempts: %s, want %s", attempts, got, want)
		}
	}
}

// TestNodesShareTheWork: each notice reaches one of them, once.
func TestNodesShareTheWork(t *testing.T) {
	t.Parallel()
	const orders = 60
	pool := pgtest.New(t)
	first, here := start(t, pool, Options{Behaviour: AtOnce})
	_, there := start(t, pool, Options{Behaviour: AtOnce})
	seen := map[string]int{}
	for range orders {
		o, _ := checkout(t, first, 700)
		seen[o.ID] = 0
	}
	for range orders {
		select {
		case e := <-here.events:
			seen[e.ID]++
		case e := <-there.events:
			seen[e.ID]++
		case <-time.After(patience):
			t.Fatal("not all notifications came")
		}
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("order %s was told of %d times", id, n)
		}
	}
}

// TestANodeThatDiedLosesNothing: its lease ends, and another delivers.
func TestANodeThatDiedLosesNothing(t *testing.T) {
	t.Parallel()
	b := newBank(t, Options{Behaviour: AtOnce, Deliver: func(context.Context, http.Header, []byte) error { return nil }})
	checkout(t, b, 700)
	taken, err := b.take(t.Context())
	if err != nil || len(taken) != 1 {
		t.Fatalf("take: %v, %v", taken, err)
	}
	if again, err := b.take(t.Context()); err != nil || len(again) != 0 {
		t.Fatalf("a notice under way was taken again: %v, %v", again, err)
	}
	if _, err := b.pool.Exec(t.Context(), `UPDATE sandbox_notices SET due_at = due_at - $1 * interval '1 microsecond'`, lease.Microseconds()); err != nil {
		t.Fatal(err)
	}
	if again, err := b.take(t.Context()); err != nil || len(again) != 1 || again[0].attempts != 2 {
		t.Fatalf("after the lease: %v, %v", again, err)
	}
}

func TestSlowPayoutIsToldOf(t *testing.T) {
	t.Parallel()
	b, w := start(t, pgtest.New(t), Options{Delay: 50 * time.Millisecond})
	p := provider.Payout{ID: providertest.NewID(), Amount: money.Fen(500), To: " Slow "}
	if e, err := b.Payout(t.Context(), p); err != nil || e.State != provider.Pending {
		t.Fatalf("Payout: %+v, %v", e, err)
	}
	if e := w.next(t); e.Kind != provider.Payoff || e.ID != p.ID || e.State != provider.Paid || e.Amount != p.Amount {
		t.Errorf("told of %+v", e)
	}
}

func TestAPaymentExpires(t *testing.T) {
	t.Parallel()
	b, w := start(t, pgtest.New(t), Options{})
	o := providertest.NewOrder(700)
	o.ExpiresAt = time.Now().Add(-time.Second)
	_, err := b.Checkout(t.Context(), o)
	must(t, err)
	if e := w.next(t); e.State != provider.Failed || e.Reason != expired || e.ID != o.ID {
		t.Errorf("told of %+v", e)
	}
	if err := b.Pay(t.Context(), o.ID, o.Amount, 0); !errors.Is(err, ErrDecided) {
		t.Errorf("paid when its time was over: %v", err)
	}
}

// TestOneDecision: of many who decide at once, one does.
func TestOneDecision(t *testing.T) {
	t.Parallel()
	b := newBank(t, Options{Deliver: func(context.Context, http.Header, []byte) error { return nil }})
	o, _ := checkout(t, b, 700)
	var g errgroup.Group
	done := make(chan error, 8)
	for i := range 8 {
		g.Go(func() error {
			if i%2 == 0 {
				done <- b.Pay(t.Context(), o.ID, o.Amount, 0)
			} else {
				done <- b.Cancel(t.Context(), o.ID)
			}
			return nil
		})
	}
	_ = g.Wait()
	close(done)
	decided := 0
	for err := range done {
		if err == nil {
			decided++
		} else if !errors.Is(err, ErrDecided) {
			t.Error(err)
		}
	}
	if n := waiting(t, b); decided != 1 || n != 1 {
		t.Errorf("%d decisions, %d notices", decided, n)
	}
}

// TestNodesDoNotWaitForEachOther: what another node has locked is left to it,
// and the rest is done.
func TestNodesDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	b := newBank(t, Options{Behaviour: Slow, Delay: time.Microsecond, Deliver: func(context.Context, http.Header, []byte) error { return nil }})
	for range 2 {
		checkout(t, b, 700)
		_, err := b.Payout(t.Context(), provider.Payout{ID: providertest.NewID(), Amount: money.Fen(500), To: SlowAccount})
		must(t, err)
	}
	_, err := b.pool.Exec(t.Context(), `INSERT INTO sandbox_notices (body, due_at) VALUES ('a', now()), ('b', now())`)
	must(t, err)
	for table, work := range map[string]func(context.Context) (int, error){
		"sandbox_payments": b.settleDue,
		"sandbox_payouts":  b.settleDuePayouts,
		"sandbox_notices": func(ctx context.Context) (int, error) {
			taken, err := b.take(ctx)
			return min(len(taken), 1), err // others are due by now, too
		},
	} {
		tx, err := b.pool.Begin(t.Context())
		must(t, err)
		_, err = tx.Exec(t.Context(), `SELECT 1 FROM `+table+` ORDER BY id LIMIT 1 FOR UPDATE`)
		must(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		if n, err := work(ctx); err != nil || n != 1 {
			t.Errorf("%s: %d, %v", table, n, err)
		}
		cancel()
		must(t, tx.Rollback(t.Context()))
	}
}
