package payments_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"lifecircle/internal/groupcommit"
	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/problem"
	"lifecircle/payments"
)

// A key moves money once; its answer is the same to the byte, on every node, for ever.
func TestAKeyIsAnsweredTheSameForEver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	s := w.scene()
	partner := w.people(1, 0)[0]
	s.contract(s.post.Circle, s.author, partner, 8000, 1000, 1000, 0)
	in := fen(333)
	in.Message, in.Visibility = "<b>\"茶\" & \u2028 \t👍🏽</b>", payments.Receiver
	first, err := w.money().Tip(t.Context(), s.payer, s.post, in, "k")
	if err != nil {
		t.Fatal(err)
	}
	s.tip(s.payer, s.post, 100) // the totals go on
	w.exec(`UPDATE users SET display_name = 'Somebody else' WHERE id = $1`, s.payer.User)
	w.exec(`UPDATE idempotency_keys SET created_at = now() - interval '10 years'`)
	if err := idempotency.SweepOnce(t.Context(), w.pool); err != nil {
		t.Fatal(err)
	}
	w.exec(`DELETE FROM idempotency_keys WHERE created_at < now() - interval '1 day'`) // as an older binary sweeps
	w.untouched("repeats", func() {
		for _, n := range w.nodes {
			again, err := n.money.Tip(t.Context(), s.payer, s.post, in, "k")
			if a, b := asJSON(t, first), asJSON(t, again); err != nil || a != b {
				t.Errorf("again: %s (%v), want %s", b, err, a)
			}
			for what, other := range map[string]payments.NewTip{
				"amount":     {Amount: fen(334).Amount, Currency: in.Currency, Message: in.Message, Visibility: in.Visibility},
				"message":    {Amount: in.Amount, Currency: in.Currency, Message: "tea", Visibility: in.Visibility},
				"visibility": {Amount: in.Amount, Currency: in.Currency, Message: in.Message},
			} {
				if _, err := n.money.Tip(t.Context(), s.payer, s.post, other, "k"); !problem.Has(err, problem.IdempotencyKeyReused) {
					t.Errorf("another %s: %v", what, err)
				}
			}
			_, err = n.money.Tip(t.Context(), s.payer, s.another(), in, "k")
			w.refused(err, problem.IdempotencyKeyReused)
			_, err = n.money.Refund(t.Context(), s.payer, first.ID, payments.NewRefund{}, "k")
			w.refused(err, problem.IdempotencyKeyReused)
		}
	})
	other := w.people(1, 1000)[0] // has keys of his own
	if tip, err := w.money().Tip(t.Context(), other, s.post, in, "k"); err != nil || tip.ID == first.ID {
		t.Errorf("another payer with the same key: %+v %v", tip, err)
	}
	w.sound()
}

// another is a post that the digest need not know.
func (s *scene) another() id.Post { return id.Post{Circle: s.post.Circle, Post: s.post.Post + 1} }

func TestAKeyInProgressIsRefusedWithoutWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	s := w.scene()
	here := w.waiting(w.pool, groupcommit.Options{Lanes: 1})
	there := w.nodes[0].money
	tip := func(on *payments.Service) error {
		_, err := on.Tip(t.Context(), s.payer, s.post, s.in, "k")
		return err
	}
	done := here.queue(func() {
		if err := tip(here.Service); err != nil {
			t.Error(err)
		}
	})
	w.refused(tip(here.Service), problem.IdempotencyBusy)

	// Its batch has the key, and waits for a lock that somebody else has.
	holder, err := w.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := holder.Exec(t.Context(), `SELECT FROM accounts WHERE id = $1 FOR UPDATE`, s.payer.User); err != nil {
		t.Fatal(err)
	}
	here.start()
	w.until("the batch has the key", func() bool {
		return w.number(`SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`) == 1
	})
	w.refused(tip(there), problem.IdempotencyBusy)
	if err := holder.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	done()
	if err := tip(there); err != nil {
		t.Errorf("afterwards, elsewhere: %v", err)
	}
	if n := w.number(`SELECT count(*) FROM transfers WHERE kind = 'tip'`); n != 1 {
		t.Errorf("%d transfers", n)
	}
	w.sound()
}

// TestARetryInTheBatchOfItsFirstTry: the first caller goes away and comes again
// with his key while his command waits.
func TestARetryInTheBatchOfItsFirstTry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	s := w.scene()
	here := w.waiting(w.pool, groupcommit.Options{Lanes: 1})
	ctx, leave := context.WithCancel(t.Context())
	gone := here.queue(func() {
		if _, err := here.Tip(ctx, s.payer, s.post, s.in, "k"); !errors.Is(err, context.Canceled) {
			t.Errorf("the caller who left: %v", err)
		}
	})
	leave()
	gone()
	done := here.queue(func() {
		if tip, err := here.Tip(t.Context(), s.payer, s.post, s.in, "k"); err != nil || tip.TipTotal != 100 {
			t.Errorf("the retry: %+v %v", tip, err)
		}
	})
	here.start()
	done()
	if w.balance(s.payer) != 9900 {
		t.Errorf("%d fen are left", w.balance(s.payer))
	}
	w.sound()
}

// Many at once with few keys, on several nodes: each key moves money once, and
// whoever is not told to wait is told the same.
func TestManyRepeatsMoveMoneyOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	s := w.scene()
	const keys, repeats = 10, 30
	var (
		mu      sync.Mutex
		answers = map[string]map[string]int{}
		again   []int // who was told to come again
	)
	try := func(i int) {
		key := string(rune('a' + i%keys))
		tip, err := w.nodes[i%3].money.Tip(t.Context(), s.payer, s.post, fen(int64(1+i%keys)), key)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case problem.Has(err, problem.IdempotencyBusy):
			again = append(again, i)
		case err != nil:
			t.Error(err)
		default:
			if answers[key] == nil {
				answers[key] = map[string]int{}
			}
			answers[key][asJSON(t, tip)]++
		}
	}
	for i := range keys * repeats {
		again = append(again, i)
	}
	for len(again) > 0 {
		var all sync.WaitGroup
		now := again
		again = nil
		for _, i := range now {
			all.Go(func() { try(i) })
		}
		all.Wait()
	}
	for key, told := range answers {
		if len(told) != 1 { // each by all that asked
			t.Errorf("key %s has %d answers: %v", key, len(told), told)
		}
	}
	if n := w.number(`SELECT count(*) FROM transfers WHERE kind = 'tip'`); n != keys || w.balance(s.payer) != 10_000-55 {
		t.Errorf("%d transfers, %d fen are left", n, w.balance(s.payer))
	}
	w.sound()
}
