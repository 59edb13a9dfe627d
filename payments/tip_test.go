package payments_test

import (
	"encoding/json"
	"strings"
	"testing"

	"lifecircle/internal/id"
	"lifecircle/payments"
)

func TestATipIsOneTransferAnEventAndANewTotal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	author, post := w.posted()
	payer := w.people(1, 1000)[0]
	in := fen(521)
	in.Message = "for the tea"
	tip, err := w.money().Tip(t.Context(), payer, post, in, "k1")
	if err != nil {
		t.Fatal(err)
	}
	if tip.TipTotal != 521 || tip.From == nil || tip.From.ID != payer.User || tip.Message != "for the tea" || tip.Visibility != payments.Public {
		t.Errorf("%+v", tip)
	}
	if got := []int64{w.balance(payer), w.balance(author)}; got[0] != 479 || got[1] != 469 {
		t.Errorf("balances %v, want 479 and 469 (90 %% of 521, rounded for the author)", got)
	}
	if n := w.number(`SELECT sum(balance)::bigint FROM accounts WHERE kind IN ('platform', 'reserve')`); n != 52 {
		t.Errorf("the platform has %d", n)
	}
	again, err := w.money().Tip(t.Context(), payer, post, in, "k1")
	if a, b := asJSON(t, tip), asJSON(t, again); err != nil || a != b {
		t.Errorf("again: %s (%v), want %s", b, err, a)
	}
	if n := w.number(`SELECT count(*) FROM transfers WHERE kind = 'tip'`); n != 1 {
		t.Errorf("%d transfers", n)
	}
	last := w.ears.events[len(w.ears.events)-1]
	if !strings.Contains(string(last.Data), `"type":"tip.created"`) || !strings.Contains(string(last.Data), `"tip_total":521`) {
		t.Errorf("event %s", last.Data)
	}
	if c := w.ears.counts[post]; c.TipCount != 1 || c.TipTotal != 521 {
		t.Errorf("counts %+v", c)
	}
	if w.ears.wallets[payer.User] < 2 || w.ears.wallets[author.User] != 1 {
		t.Errorf("wallets told: %v", w.ears.wallets)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRefundsNeverExceedTheTip(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	author, post := w.posted()
	payer := w.people(1, 1000)[0]
	tip := w.tip(payer, post, 1000)
	out, err := w.money().Refund(t.Context(), payer, tip.ID, payments.NewRefund{}, id.New().String())
	if err != nil || out.Amount.Amount != 1000 {
		t.Fatalf("%+v %v", out, err)
	}
	if w.balance(payer) != 1000 || w.balance(author) != 0 {
		t.Error("not given back")
	}
}
