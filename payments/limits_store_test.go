package payments_test

import (
	"testing"

	"lifecircle/internal/money"
	"lifecircle/internal/problem"
	"lifecircle/payments"
)

func TestLimitsArePersisted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	s := w.scene()
	s.tip(s.payer, s.post, 300)
	l := w.limits(s.payer, payments.LimitsChange{PerTip: amount(200), PerDay: amount(700_000), PerMonth: amount(1_000)})
	if l.PerTip != 200 || l.PerDay != payments.DefaultTipsPerDay || l.PerMonth != 1000 || l.SpentToday != 300 || l.SpentMonth != 300 ||
		l.Next == nil || l.Next.PerDay != 700_000 || l.Next.PerMonth != 1000 || l.NextAt == nil {
		t.Errorf("%+v", l)
	}
	again := w.node().money // as after a restart
	shown, err := again.Wallet(t.Context(), s.payer)
	if err != nil || asJSON(t, shown.Limits) != asJSON(t, l) {
		t.Errorf("after a restart: %+v (%v), want %+v", shown.Limits, err, l)
	}
	_, err = again.Tip(t.Context(), s.payer, s.post, fen(201), "k")
	w.refused(err, problem.TipTooLarge)
	s.tip(s.payer, s.post, 200) // keeps what is set and planned
	shown, err = again.Wallet(t.Context(), s.payer)
	if l.SpentToday, l.SpentMonth = 500, 500; err != nil || asJSON(t, shown.Limits) != asJSON(t, l) {
		t.Errorf("after a tip: %+v (%v), want %+v", shown.Limits, err, l)
	}
	w.exec(`UPDATE payers SET next_at = now() WHERE account_id = $1`, s.payer.User) // a day later
	shown, err = again.Wallet(t.Context(), s.payer)
	if err != nil || shown.Limits.PerDay != 700_000 || shown.Limits.Next != nil {
		t.Errorf("a day later: %+v %v", shown.Limits, err)
	}
	if l = w.limits(s.payer, payments.LimitsChange{PerTip: amount(100)}); l.PerDay != 700_000 || l.PerTip != 100 {
		t.Errorf("after another change: %+v", l)
	}
	w.sound()
}

func TestRefusedLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	a := w.people(1, 0)[0]
	w.untouched("refused", func() {
		for name, c := range map[string]struct {
			who  payments.Actor
			in   payments.LimitsChange
			code problem.Code
		}{
			"more than a tip may be": {a, payments.LimitsChange{PerTip: amount(payments.MaxTip + 1)}, problem.LimitUnsuitable},
			"nothing":                {a, payments.LimitsChange{PerTip: amount(100), PerDay: amount(0)}, problem.AmountNotPositive},
			"too much":               {a, payments.LimitsChange{PerMonth: amount(money.Max + 1)}, problem.AmountTooLarge},
			"a guest":                {payments.Actor{}, payments.LimitsChange{PerTip: amount(1)}, problem.Unauthorized},
			"nobody":                 {payments.Actor{User: a.User + 1e6}, payments.LimitsChange{PerTip: amount(1)}, problem.Unauthorized},
		} {
			if _, err := w.money().SetLimits(t.Context(), c.who, c.in); !problem.Has(err, c.code) {
				t.Errorf("%s: %v, want %s", name, err, c.code)
			}
		}
	})
	for _, err := range []error{second(w.money().Wallet(t.Context(), payments.Actor{})), second(w.money().Wallet(t.Context(), payments.Actor{User: a.User + 1e6}))} {
		w.refused(err, problem.Unauthorized)
	}
}

func second[T any](_ T, err error) error { return err }
