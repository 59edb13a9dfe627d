package payments_test

import (
	"strings"
	"sync"
	"testing"

	"lifecircle/internal/id"
	"lifecircle/internal/money"
	"lifecircle/internal/problem"
	"lifecircle/payments"
)

func (w *world) refund(a payments.Actor, tip id.Comment, n int64) (payments.Refund, error) {
	in := payments.NewRefund{Reason: "by mistake"}
	if n > 0 {
		in.Amount, in.Currency = amount(n), money.CNY
	}
	return w.money().Refund(w.t.Context(), a, tip, in, id.New().String())
}

func (w *world) ours() int64 {
	w.t.Helper()
	return w.number(`SELECT sum(balance)::bigint FROM accounts WHERE kind IN ('platform', 'reserve')`)
}

func TestARefundGivesATipBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	for _, by := range []string{"payer", "author"} {
		s := w.scene()
		tip := s.tip(s.payer, s.post, 1000)
		who := map[string]payments.Actor{"payer": s.payer, "author": s.author}[by]
		before := w.ours()
		got, err := w.refund(who, tip.ID, 0)
		if err != nil || got.Amount.Amount != 1000 || got.Refunded != 1000 || got.TipID != tip.ID || got.Reason != "by mistake" {
			t.Fatalf("by the %s: %+v %v", by, got, err)
		}
		if w.balance(s.payer) != 10_000 || w.balance(s.author) != 0 || before-w.ours() != 100 {
			t.Errorf("by the %s: payer %d, author %d, ours %d less", by, w.balance(s.payer), w.balance(s.author), before-w.ours())
		}
		if c := w.ears.counted(s.post); c.TipTotal != 0 || c.TipCount != 0 {
			t.Errorf("counts told: %+v", c)
		}
		page, err := w.money().Tips(t.Context(), payments.Actor{}, s.post, payments.PageQuery{})
		if err != nil || len(page.Items) != 1 || page.Items[0].Refunded != 1000 || page.Items[0].TipTotal != 0 {
			t.Errorf("the list: %+v %v", page.Items, err)
		}
		_, err = w.refund(who, tip.ID, 0)
		w.refused(err, problem.RefundTooLarge)
		_, err = w.refund(who, tip.ID, 1)
		w.refused(err, problem.RefundTooLarge)
	}
	w.sound()
}

func TestRefundsInParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	s := w.scene()
	tip := s.tip(s.payer, s.post, 1000)
	in := payments.NewRefund{Amount: amount(300)}
	first, err := w.money().Refund(t.Context(), s.payer, tip.ID, in, "r")
	if err != nil || first.Refunded != 300 {
		t.Fatalf("%+v %v", first, err)
	}
	if c := w.ears.counted(s.post); c.TipTotal != 700 || c.TipCount != 1 {
		t.Errorf("counts told: %+v", c)
	}
	_, err = w.refund(s.payer, tip.ID, 701)
	w.refused(err, problem.RefundTooLarge)
	w.untouched("a repeat", func() {
		again, err := w.money().Refund(t.Context(), s.payer, tip.ID, in, "r")
		if err != nil || asJSON(t, again) != asJSON(t, first) {
			t.Errorf("again: %+v %v", again, err)
		}
		_, err = w.money().Refund(t.Context(), s.payer, tip.ID, payments.NewRefund{}, "r")
		w.refused(err, problem.IdempotencyKeyReused)
	})
	if rest, err := w.refund(s.author, tip.ID, 0); err != nil || rest.Amount.Amount != 700 {
		t.Errorf("the rest: %+v %v", rest, err)
	}
	if w.balance(s.payer) != 10_000 || w.balance(s.author) != 0 || w.ours() != 0 {
		t.Errorf("payer %d, author %d, ours %d", w.balance(s.payer), w.balance(s.author), w.ours())
	}
	w.sound()
}

// However small the parts, each of the three has given back exactly what he got.
func TestManySmallRefundsAddUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	s := w.scene()
	partner := w.people(1, 0)[0]
	s.contract(s.post.Circle, s.author, partner, 6001, 2998, 1001, 0)
	other := s.tip(s.payer, s.post, 777) // stays
	before := []int64{w.balance(s.author), w.balance(partner), w.ours()}
	tip := s.tip(s.payer, s.post, 101)
	for left := int64(101); left > 0; {
		n := min(left, 1+left%4)
		if _, err := w.refund(s.payer, tip.ID, n); err != nil {
			t.Fatal(err)
		}
		left -= n
	}
	if after := []int64{w.balance(s.author), w.balance(partner), w.ours()}; after[0] != before[0] || after[1] != before[1] || after[2] != before[2] {
		t.Errorf("%v, want %v", after, before)
	}
	if c := w.ears.counted(s.post); c.TipTotal != 777 || c.TipCount != 1 {
		t.Errorf("counts told: %+v (%s)", c, other.ID)
	}
	w.sound()
}

func TestParallelRefundsNeverExceedTheTip(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	s := w.scene()
	tip := s.tip(s.payer, s.post, 1000)
	var all sync.WaitGroup
	errs := make(chan error, 100)
	for i := range cap(errs) {
		all.Go(func() {
			who := []payments.Actor{s.payer, s.author}[i/2%2]
			_, err := w.nodes[i%2].money.Refund(t.Context(), who, tip.ID, payments.NewRefund{Amount: amount(30)}, id.New().String())
			errs <- err
		})
	}
	all.Wait()
	done := 0
	for range cap(errs) {
		if err := <-errs; err == nil {
			done++
		} else {
			w.refused(err, problem.RefundTooLarge)
		}
	}
	if done != 33 || w.balance(s.payer) != 9990 {
		t.Errorf("%d refunds, the payer has %d", done, w.balance(s.payer))
	}
	w.sound()
}

// The author has spent it: the reserve pays, and his wallet is at zero, not below.
func TestTheReservePaysForWhoHasSpentIt(t *testing.T) {
	t.Parallel()
	bank := newTill()
	bank.payout = pendingly
	w := newWorld(t, 1, withTill(bank))
	rich := w.scene()
	rich.gives(rich.payer, 200_000)
	for range 10 {
		rich.tip(rich.payer, rich.post, 20_000) // 200,000: 16,000 are income, 4,000 reserve
	}
	s := w.scene()
	tip := s.tip(s.payer, s.post, 5000)
	if _, err := w.money().Withdraw(t.Context(), s.author, out(4000), "w"); err != nil { // of 4,500; held is as good as gone
		t.Fatal(err)
	}
	before := w.ours()
	if _, err := w.refund(s.payer, tip.ID, 0); err != nil {
		t.Fatal(err)
	}
	if w.balance(s.payer) != 10_000 || w.balance(s.author) != 4000 || w.held(s.author) != 4000 {
		t.Errorf("payer %d, author %d with %d held", w.balance(s.payer), w.balance(s.author), w.held(s.author))
	}
	if n := w.ears.alarmed("reserve_paid"); n != 1 {
		t.Errorf("%d alarms of the reserve paying", n)
	}
	if paid := w.number(`SELECT reserve_paid FROM refunds`); paid != 4000 || before-w.ours() != 4500 {
		t.Errorf("the reserve paid %d, all in all %d", paid, before-w.ours())
	}
	if n := w.number(`SELECT sum(balance)::bigint FROM accounts WHERE kind = 'reserve'`); n > 200 {
		t.Errorf("the reserve has %d left: it pays before income does", n)
	}
	w.sound()
}

func TestARefundThatNobodyCanPay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	s := w.scene()
	tip := s.tip(s.payer, s.post, 5000)
	s.gives(s.author, 10)
	try := func() error {
		_, err := w.money().Refund(t.Context(), s.payer, tip.ID, payments.NewRefund{}, "k")
		return err
	}
	w.untouched("without cover", func() { w.refused(try(), problem.RefundUnfunded) })
	if w.ears.alarmed("refund_unfunded") != 1 {
		t.Error("nobody was told")
	}
	s.gives(s.author, 5000)
	w.untouched("the same key", func() { w.refused(try(), problem.RefundUnfunded) })
	if _, err := w.refund(s.payer, tip.ID, 0); err != nil {
		t.Errorf("another key: %v", err)
	}
	w.sound()
}

func TestRefusedRefunds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	s := w.scene()
	partner, stranger := w.people(1, 0)[0], w.people(1, 0)[0]
	s.contract(s.post.Circle, s.author, partner, 8000, 1000, 1000, 0)
	tip := s.tip(s.payer, s.post, 1000)
	age := func(days string) {
		w.exec(`UPDATE tips SET created_at = now() - interval '` + days + `'`)
	}
	missing := tip.ID
	missing.Comment++
	w.untouched("refused", func() {
		for name, c := range map[string]struct {
			code problem.Code
			who  payments.Actor
			tip  id.Comment
			in   payments.NewRefund
		}{
			"a stranger":       {problem.NotRefundable, stranger, tip.ID, payments.NewRefund{}},
			"the partner":      {problem.NotRefundable, partner, tip.ID, payments.NewRefund{}},
			"a guest":          {problem.Unauthorized, payments.Actor{}, tip.ID, payments.NewRefund{}},
			"no such tip":      {problem.TipNotFound, s.payer, missing, payments.NewRefund{}},
			"no such circle":   {problem.TipNotFound, s.payer, id.Comment{Circle: 1, Post: 2, Comment: 3}, payments.NewRefund{}},
			"too much":         {problem.RefundTooLarge, s.payer, tip.ID, payments.NewRefund{Amount: amount(1001)}},
			"nothing":          {problem.AmountNotPositive, s.payer, tip.ID, payments.NewRefund{Amount: amount(0)}},
			"another currency": {problem.CurrencyUnsupported, s.payer, tip.ID, payments.NewRefund{Currency: "EUR"}},
			"a long reason":    {problem.TextTooLong, s.payer, tip.ID, payments.NewRefund{Reason: strings.Repeat("a", 201)}},
		} {
			if _, err := w.money().Refund(t.Context(), c.who, c.tip, c.in, id.New().String()); !problem.Has(err, c.code) {
				t.Errorf("%s: %v, want %s", name, err, c.code)
			}
		}
		_, err := w.money().Refund(t.Context(), s.payer, tip.ID, payments.NewRefund{}, "")
		w.refused(err, problem.IdempotencyKeyNeeded)
	})
	age("7 days 1 minute")
	_, err := w.refund(s.payer, tip.ID, 1)
	w.refused(err, problem.RefundTooLate)
	if _, err := w.refund(s.author, tip.ID, 1); err != nil {
		t.Errorf("the author, after a week: %v", err)
	}
	age("6 days 23 hours")
	if _, err := w.refund(s.payer, tip.ID, 1); err != nil {
		t.Errorf("the payer, within the week: %v", err)
	}
	age("90 days 1 minute")
	_, err = w.refund(s.author, tip.ID, 1)
	w.refused(err, problem.RefundTooLate)
	w.exec(`UPDATE users SET banned_at = now() WHERE id = $1`, s.author.User)
	_, err = w.refund(s.author, tip.ID, 1)
	w.refused(err, problem.Banned)
	w.sound()
}

// A tip can be given back although its post is gone, and nobody hears of the post again.
func TestRefundsAfterThePostIsDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	s := w.scene()
	tip := s.tip(s.payer, s.post, 1000)
	s.deleted()
	told := w.ears.counted(s.post)
	if _, err := w.refund(s.payer, tip.ID, 400); err != nil {
		t.Fatal(err)
	}
	if w.ears.counted(s.post) != told || w.balance(s.payer) != 9400 {
		t.Errorf("told %+v, the payer has %d", w.ears.counted(s.post), w.balance(s.payer))
	}
	w.sound()
}

// Payer, author and partner may be the same people as those who pay it back.
func TestARefundToAPayerWhoIsThePartner(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	s := w.scene()
	s.contract(s.post.Circle, s.author, s.payer, 5000, 4000, 1000, 0)
	tip := s.tip(s.payer, s.post, 1000)
	if w.balance(s.payer) != 9400 {
		t.Errorf("the payer has %d", w.balance(s.payer))
	}
	if _, err := w.refund(s.author, tip.ID, 0); err != nil {
		t.Fatal(err)
	}
	if w.balance(s.payer) != 10_000 || w.balance(s.author) != 0 || w.ours() != 0 {
		t.Errorf("payer %d, author %d, ours %d", w.balance(s.payer), w.balance(s.author), w.ours())
	}
	w.sound()
}
