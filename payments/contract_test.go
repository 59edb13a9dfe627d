package payments_test

import (
	"math"
	"sync"
	"testing"

	"lifecircle/feed"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
	"lifecircle/payments"
)

// council is a circle with an owner, two partners and a moderator.
type council struct {
	*world
	circle                          id.ID
	owner, partner, other, moderate payments.Actor
}

func (w *world) council() *council {
	w.t.Helper()
	p := w.people(4, 0)
	c := &council{world: w, owner: p[0], partner: p[1], other: p[2], moderate: p[3]}
	c.circle = w.circle(c.owner)
	for who, role := range map[payments.Actor]string{c.partner: "partner", c.other: "partner", c.moderate: "moderator"} {
		if _, err := w.nodes[0].feed.SetMember(w.t.Context(), feed.Actor(c.owner), c.circle, who.User, role); err != nil {
			w.t.Fatal(err)
		}
	}
	return c
}

func terms(author, partner, platform int, with ...payments.Actor) payments.NewContract {
	in := payments.NewContract{Shares: payments.Shares{Author: author, Partner: partner, Platform: platform}}
	if len(with) > 0 {
		in.PartnerID = &with[0].User
	}
	return in
}

func (c *council) signs(a payments.Actor, in payments.NewContract) payments.Contract {
	c.t.Helper()
	signed, err := c.money().SignContract(c.t.Context(), a, c.circle, in, "")
	if err != nil {
		c.t.Fatal(err)
	}
	return signed
}

func (c *council) shown() payments.Contracts {
	c.t.Helper()
	all, err := c.money().Contracts(c.t.Context(), c.circle)
	if err != nil {
		c.t.Fatal(err)
	}
	return all
}

func TestContractsAreInForceOnceAllHaveSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	for _, ownerFirst := range []bool{true, false} {
		c := w.council()
		if s := c.shown(); s.Current.Version != 0 || s.Current.Shares != payments.StandardShares || s.Pending != nil || len(s.History) != 0 {
			t.Errorf("at first: %+v", s)
		}
		alone := c.signs(c.owner, terms(9500, 0, 500))
		if alone.InForceAt == nil || alone.Version != 1 || alone.MaxTip != payments.MaxTip {
			t.Errorf("the owner alone: %+v", alone)
		}
		in := terms(7000, 2000, 1000, c.partner)
		one, two := c.owner, c.partner
		if !ownerFirst {
			one, two = two, one
		}
		first := c.signs(one, in)
		again := c.signs(one, in)
		if first.InForceAt != nil || first.Version != 2 || asJSON(t, again) != asJSON(t, first) {
			t.Errorf("one of two: %+v, again %+v", first, again)
		}
		if s := c.shown(); s.Current.Version != 1 || s.Pending == nil || s.Pending.Version != 2 {
			t.Errorf("while it waits: %+v", s)
		}
		second := c.signs(two, in)
		if second.InForceAt == nil || second.Version != 2 || second.OwnerSignedAt == nil || second.PartnerSignedAt == nil {
			t.Errorf("both: %+v", second)
		}
		if s := c.shown(); asJSON(t, s.Current) != asJSON(t, second) || s.Pending != nil || len(s.History) != 2 {
			t.Errorf("afterwards: %+v", s)
		}
	}
}

func TestOtherTermsTakeThePlaceOfThoseThatWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	c := w.council()
	in := terms(7000, 2000, 1000, c.partner)
	c.signs(c.owner, in)
	lower := terms(7000, 2000, 1000, c.partner)
	lower.MaxTip = 500
	for i, other := range []payments.NewContract{lower, terms(6000, 3000, 1000, c.partner), terms(7000, 2000, 1000, c.other), in} {
		if s := c.signs(c.owner, other); s.Version != i+2 || s.InForceAt != nil {
			t.Errorf("terms %d: %+v", i, s)
		}
	}
	// The partner signs what was replaced: it is new, and waits for the owner.
	if s := c.signs(c.partner, lower); s.Version != 6 || s.InForceAt != nil || s.OwnerSignedAt != nil {
		t.Errorf("%+v", s)
	}
	if s := c.signs(c.owner, lower); s.Version != 6 || s.InForceAt == nil || s.MaxTip != 500 {
		t.Errorf("%+v", s)
	}
	if s := c.shown(); s.Current.Version != 6 || s.Pending != nil {
		t.Errorf("%+v", s)
	}
}

// However many terms wait: what is in force stays in force.
func TestTheContractInForceIsFoundBehindManyThatWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	c := w.council()
	c.signs(c.owner, terms(9999, 0, 1))
	for i := range 60 {
		c.signs(c.owner, terms(8000-i, 1000+i, 1000, c.partner))
	}
	if s := c.shown(); s.Current.Version != 1 || s.Pending == nil || s.Pending.Version != 61 || len(s.History) != 50 {
		t.Errorf("current %+v, pending %+v, %d in the history", s.Current, s.Pending, len(s.History))
	}
}

func TestRefusedContracts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	c := w.council()
	stranger := w.people(1, 0)[0]
	high := terms(9000, 0, 1000)
	high.MaxTip = payments.MaxTip + 1
	negative := terms(9000, 0, 1000)
	negative.MaxTip = -1
	w.untouched("refused", func() {
		for name, r := range map[string]struct {
			who  payments.Actor
			in   payments.NewContract
			code problem.Code
		}{
			"too little":              {c.owner, terms(9000, 0, 999), problem.SharesUnsuitable},
			"too much":                {c.owner, terms(9000, 1000, 1000, c.partner), problem.SharesUnsuitable},
			"a negative share":        {c.owner, terms(11_000, 0, -1000), problem.SharesUnsuitable},
			"shares that wrap around": {c.owner, terms(math.MaxInt, math.MaxInt, 10_002, c.partner), problem.SharesUnsuitable},
			"a share for nobody":      {c.owner, terms(8000, 1000, 1000), problem.PartnerUnsuitable},
			"too high tips":           {c.owner, high, problem.SharesUnsuitable},
			"tips below nothing":      {c.owner, negative, problem.SharesUnsuitable},
			"for no partner":          {c.owner, terms(8000, 1000, 1000, stranger), problem.PartnerUnsuitable},
			"for a moderator":         {c.owner, terms(8000, 1000, 1000, c.moderate), problem.PartnerUnsuitable},
			"by a moderator":          {c.moderate, terms(9000, 0, 1000), problem.RoleRequired},
			"by the partner alone":    {c.partner, terms(9000, 0, 1000), problem.RoleRequired},
			"by another partner":      {c.other, terms(8000, 1000, 1000, c.partner), problem.RoleRequired},
			"by a stranger":           {stranger, terms(8000, 1000, 1000, stranger), problem.RoleRequired},
			"by a guest":              {payments.Actor{}, terms(9000, 0, 1000), problem.Unauthorized},
		} {
			if _, err := w.money().SignContract(t.Context(), r.who, c.circle, r.in, ""); !problem.Has(err, r.code) {
				t.Errorf("%s: %v, want %s", name, err, r.code)
			}
		}
		_, err := w.money().SignContract(t.Context(), c.owner, c.circle+1, terms(9000, 0, 1000), "")
		w.refused(err, problem.CircleNotFound)
		_, err = w.money().Contracts(t.Context(), c.circle+1)
		w.refused(err, problem.CircleNotFound)
	})
	// Who has left signs nothing more, nor is anything signed with him.
	in := terms(8000, 1000, 1000, c.partner)
	c.signs(c.owner, in)
	if err := w.nodes[0].feed.RemoveMember(t.Context(), feed.Actor(c.owner), c.circle, c.partner.User); err != nil {
		t.Fatal(err)
	}
	_, err := w.money().SignContract(t.Context(), c.partner, c.circle, in, "")
	w.refused(err, problem.RoleRequired)
	_, err = w.money().SignContract(t.Context(), c.owner, c.circle, in, "")
	w.refused(err, problem.PartnerUnsuitable)
}

func TestSigningIsIdempotent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	c := w.council()
	in := terms(8000, 1000, 1000, c.partner)
	sign := func(node int, in payments.NewContract) (payments.Contract, error) {
		return w.nodes[node].money.SignContract(t.Context(), c.owner, c.circle, in, "k")
	}
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			if _, err := sign(i%2, in); err != nil {
				w.refused(err, problem.IdempotencyBusy)
			}
		})
	}
	all.Wait()
	first, err := sign(0, in)
	if err != nil || first.Version != 1 {
		t.Fatalf("%+v %v", first, err)
	}
	c.signs(c.partner, in)
	w.untouched("a repeat", func() {
		if again, err := sign(1, in); err != nil || asJSON(t, again) != asJSON(t, first) {
			t.Errorf("again: %+v (%v), want %+v", again, err, first)
		}
		_, err := sign(1, terms(9000, 0, 1000))
		w.refused(err, problem.IdempotencyKeyReused)
	})
	_, err = w.money().SignContract(t.Context(), c.moderate, c.circle, in, "k")
	w.refused(err, problem.RoleRequired)
	if _, err := w.nodes[0].feed.SetMember(t.Context(), feed.Actor(c.owner), c.circle, c.moderate.User, "owner"); err != nil {
		t.Fatal(err)
	}
	_, err = w.money().SignContract(t.Context(), c.moderate, c.circle, in, "k")
	w.refused(err, problem.RoleRequired) // the key's answer stays
}

// A tip is shared by what is in force when it is committed, and says so for ever.
func TestATipKnowsItsContract(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	c := w.council()
	post, payer := w.post(c.owner, c.circle), w.people(1, 10_000)[0]
	in := terms(5000, 4000, 1000, c.partner)
	version := func() int64 { return w.number(`SELECT contract_version FROM tips ORDER BY id DESC LIMIT 1`) }
	w.tip(payer, post, 1000)
	if v := version(); v != 0 {
		t.Errorf("standard: version %d", v)
	}
	c.signs(c.owner, in)
	w.tip(payer, post, 1000)
	if v := version(); v != 0 || w.balance(c.partner) != 0 {
		t.Errorf("while it waits: version %d, the partner has %d", v, w.balance(c.partner))
	}
	c.signs(c.partner, in)
	shared := w.tip(payer, post, 1000)
	if v := version(); v != 1 || w.balance(c.partner) != 400 {
		t.Errorf("in force: version %d, the partner has %d", v, w.balance(c.partner))
	}
	c.signs(c.owner, terms(9000, 0, 1000))
	if _, err := w.refund(payer, shared.ID, 0); err != nil { // by its own shares
		t.Fatal(err)
	}
	if w.balance(c.partner) != 0 || w.balance(c.owner) != 1800 {
		t.Errorf("the partner has %d, the owner %d", w.balance(c.partner), w.balance(c.owner))
	}
	w.sound()
}
