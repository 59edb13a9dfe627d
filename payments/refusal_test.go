package payments_test

import (
	"strings"
	"testing"

	"lifecircle/feed"
	"lifecircle/internal/id"
	"lifecircle/internal/money"
	"lifecircle/internal/problem"
	"lifecircle/payments"
)

// contract puts terms in force for a circle.
func (w *world) contract(circle id.ID, owner, partner payments.Actor, author, share, platform int, most int64) {
	w.t.Helper()
	if partner.User != 0 {
		if _, err := w.nodes[0].feed.SetMember(w.t.Context(), feed.Actor(owner), circle, partner.User, "partner"); err != nil {
			w.t.Fatal(err)
		}
	}
	in := payments.NewContract{Shares: payments.Shares{Author: author, Partner: share, Platform: platform}, MaxTip: most}
	signers := []payments.Actor{owner}
	if partner.User != 0 {
		in.PartnerID, signers = &partner.User, append(signers, partner)
	}
	for _, a := range signers {
		if _, err := w.money().SignContract(w.t.Context(), a, circle, in, ""); err != nil {
			w.t.Fatal(err)
		}
	}
}

// scene is a payer with 10,000 fen before somebody's post, all unknown to the other scenes.
type scene struct {
	*world
	author, payer payments.Actor
	post          id.Post
	in            payments.NewTip
}

func (w *world) scene() *scene {
	s := &scene{world: w, payer: w.people(1, 10_000)[0], in: fen(100)}
	s.author, s.post = w.posted()
	return s
}

func (s *scene) limit(column string, fen int64) {
	s.exec(`INSERT INTO payers (account_id, `+column+`) VALUES ($1, $2) ON CONFLICT (account_id) DO UPDATE SET `+column+` = excluded.`+column, s.payer.User, fen)
}

// The refusals that are decided with the books open. Each changes nothing, has
// the same answer under its key for ever, even when the cause is gone, and the
// key is spent: for another tip, it is used already.
func TestRefusedTipsStayRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	for name, c := range map[string]struct {
		code    problem.Code
		arrange func(s *scene)
		cure    func(s *scene)
	}{
		"own post":                     {problem.OwnPost, func(s *scene) { s.payer = s.author; s.gives(s.author, 1000) }, nil},
		"deleted post":                 {problem.Deleted, (*scene).deleted, nil},
		"no such post":                 {problem.PostNotFound, func(s *scene) { s.post.Post += 1000 }, nil},
		"no such circle":               {problem.PostNotFound, func(s *scene) { s.post.Circle += 1000 }, nil},
		"the author's account is gone": {problem.PostNotFound, func(s *scene) { s.exec(`DELETE FROM users WHERE id = $1`, s.author.User) }, nil},
		"suspended": {
			problem.Banned, func(s *scene) { s.exec(`UPDATE users SET banned_at = now() WHERE id = $1`, s.payer.User) },
			func(s *scene) { s.exec(`UPDATE users SET banned_at = NULL WHERE id = $1`, s.payer.User) },
		},
		"more than the wallet has": {problem.InsufficientFunds, func(s *scene) { s.gives(s.payer, 99) }, func(s *scene) { s.gives(s.payer, 5000) }},
		"the wallet is empty":      {problem.InsufficientFunds, func(s *scene) { s.gives(s.payer, 0) }, func(s *scene) { s.gives(s.payer, 5000) }},
		"the wallet is held": {
			problem.FundsHeld, func(s *scene) {
				if _, err := s.money().PlaceHold(t.Context(), s.payer.User, 9901, "looked into", nil); err != nil {
					t.Fatal(err)
				}
			}, func(s *scene) { s.gives(s.payer, 50_000) },
		},
		"more than the contract":               {problem.TipTooLarge, func(s *scene) { s.contract(s.post.Circle, s.author, payments.Actor{}, 9000, 0, 1000, 99) }, nil},
		"more than one's own limit":            {problem.TipTooLarge, func(s *scene) { s.limit("per_tip", 99) }, func(s *scene) { s.limit("per_tip", 1000) }},
		"more than one's own limit of a day":   {problem.TipDayLimit, func(s *scene) { s.limit("per_day", 99) }, func(s *scene) { s.limit("per_day", 1000) }},
		"the day's limit with what was tipped": {problem.TipDayLimit, func(s *scene) { s.tip(s.payer, s.post, 50); s.limit("per_day", 149) }, func(s *scene) { s.limit("per_day", 1000) }},
		"the month's limit":                    {problem.TipMonthLimit, func(s *scene) { s.tip(s.payer, s.post, 50); s.limit("per_month", 149) }, func(s *scene) { s.limit("per_month", 1000) }},
	} {
		t.Run(name, func(t *testing.T) {
			s := w.scene()
			c.arrange(s)
			try := func(in payments.NewTip) error {
				_, err := s.money().Tip(t.Context(), s.payer, s.post, in, "k")
				return err
			}
			var first error
			s.untouched(name, func() { first = try(s.in) })
			s.refused(first, c.code)
			if c.cure != nil {
				c.cure(s)
			}
			s.untouched(name+", again", func() {
				if again := try(s.in); again == nil || first == nil || asJSON(t, problem.From(again)) != asJSON(t, problem.From(first)) {
					t.Errorf("again: %v, want %v", again, first)
				}
				s.refused(try(fen(1)), problem.IdempotencyKeyReused)
			})
			if c.cure != nil {
				s.tip(s.payer, s.post, 100) // a new key is a new attempt
			}
		})
	}
	w.sound()
}

func (s *scene) deleted() {
	if err := s.nodes[0].feed.DeletePost(s.t.Context(), feed.Actor(s.author), s.post); err != nil {
		s.t.Fatal(err)
	}
}

// What is wrong in itself is refused before anything else, and spends no key.
func TestTipsThatAreWrongSpendNoKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	s := w.scene()
	var written money.Input
	_ = written.UnmarshalJSON([]byte("5.0"))
	for name, c := range map[string]struct {
		code  problem.Code
		alter func(in *payments.NewTip)
	}{
		"nothing":                 {problem.AmountNotPositive, func(in *payments.NewTip) { in.Amount = money.In(0) }},
		"less than nothing":       {problem.AmountNotPositive, func(in *payments.NewTip) { in.Amount = money.In(-5) }},
		"no amount":               {problem.AmountMalformed, func(in *payments.NewTip) { in.Amount = money.Input{} }},
		"a fraction":              {problem.AmountMalformed, func(in *payments.NewTip) { in.Amount = written }},
		"beyond what counts":      {problem.AmountTooLarge, func(in *payments.NewTip) { in.Amount = money.In(money.Max + 1) }},
		"more than any tip":       {problem.TipTooLarge, func(in *payments.NewTip) { in.Amount = money.In(payments.MaxTip + 1) }},
		"no currency":             {problem.CurrencyUnsupported, func(in *payments.NewTip) { in.Currency = "" }},
		"another currency":        {problem.CurrencyUnsupported, func(in *payments.NewTip) { in.Currency = "USD" }},
		"a long message":          {problem.TextTooLong, func(in *payments.NewTip) { in.Message = strings.Repeat("茶", 201) }},
		"a blank message":         {problem.TextEmpty, func(in *payments.NewTip) { in.Message = " \n" }},
		"a control character":     {problem.TextControl, func(in *payments.NewTip) { in.Message = "a\x00b" }},
		"no UTF-8":                {problem.TextControl, func(in *payments.NewTip) { in.Message = "a\xffb" }},
		"an unknown audience":     {problem.VisibilityUnknown, func(in *payments.NewTip) { in.Visibility = "friends" }},
		"an audience in capitals": {problem.VisibilityUnknown, func(in *payments.NewTip) { in.Visibility = "Public" }},
	} {
		in := s.in
		c.alter(&in)
		s.untouched(name, func() {
			_, err := s.money().Tip(t.Context(), s.payer, s.post, in, "k")
			s.refused(err, c.code)
		})
	}
	s.untouched("keys and guests", func() {
		for key, code := range map[string]problem.Code{"": problem.IdempotencyKeyNeeded, "a\nb": problem.IdempotencyKeyBad, strings.Repeat("k", 256): problem.IdempotencyKeyBad} {
			_, err := s.money().Tip(t.Context(), s.payer, s.post, s.in, key)
			s.refused(err, code)
		}
		for _, who := range []payments.Actor{{}, {User: s.payer.User + 1e6}} { // a guest, and one whose account is gone
			_, err := s.money().Tip(t.Context(), who, s.post, s.in, "k")
			s.refused(err, problem.Unauthorized)
		}
	})
	in := fen(payments.MaxTip / 2)
	in.Message = strings.Repeat("茶", 200)
	if tip, err := s.money().Tip(t.Context(), s.payer, s.post, in, "k"); err != nil || tip.Message != in.Message {
		t.Errorf("with the same key: %v", err)
	}
	s.sound()
}

// The day's standard limit holds for all tips of the day together, on whatever
// node and post, and is lifted for load tests only.
func TestStandardLimitsOfADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	payer := w.people(1, 1_000_000)[0]
	_, one := w.posted()
	_, two := w.posted()
	w.exec(`INSERT INTO payers (account_id, day, day_spent, month, month_spent) SELECT $1, d, 470000, date_trunc('month', d)::date, 470000
		FROM (SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date AS d) today`, payer.User)
	done := make(chan error, 8)
	for i := range cap(done) {
		go func() {
			_, err := w.nodes[i%2].money.Tip(t.Context(), payer, []id.Post{one, two}[i/2%2], fen(10_000), id.New().String())
			done <- err
		}()
	}
	var took int
	for range cap(done) {
		if err := <-done; err == nil {
			took++
		} else {
			w.refused(err, problem.TipDayLimit)
		}
	}
	if took != 3 || w.balance(payer) != 970_000 {
		t.Errorf("%d tips were taken, %d fen are left", took, w.balance(payer))
	}
	free := w.node(func(o *payments.Options) { o.Unlimited = true })
	if _, err := free.money.Tip(t.Context(), payer, one, fen(10_000), "k"); err != nil {
		t.Errorf("where limits are lifted: %v", err)
	}
	w.limits(payer, payments.LimitsChange{PerDay: amount(300_000)})
	_, err := free.money.Tip(t.Context(), payer, one, fen(10_000), "k2")
	w.refused(err, problem.TipDayLimit) // one's own holds there, too
	w.sound()
}

func amount(n int64) *money.Input { in := money.In(n); return &in }

func (w *world) limits(a payments.Actor, in payments.LimitsChange) payments.Limits {
	w.t.Helper()
	l, err := w.money().SetLimits(w.t.Context(), a, in)
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}
