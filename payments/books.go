package payments

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"lifecircle/internal/id"
	"lifecircle/internal/money"
	"lifecircle/payments/provider"
)

// books are two sides of a day: a provider's lines, and what of ours may be
// meant by them or must be among them.
type books struct {
	from, to time.Time
	lines    []provider.Line // of the day
	before   []provider.Line // of the day before, as far as it was looked at
	after    []provider.Line // and of the day after
	ours     []booking
}

// booking is a top-up or withdrawal of ours.
type booking struct {
	kind   provider.Kind
	id     id.ID
	ref    string
	amount int64 // fen
	status Status
	ended  time.Time // zero: pending
}

// index finds bookings by our id, or else by theirs.
type index map[indexKey]*booking

type indexKey struct {
	kind    provider.Kind
	id, ref string
}

func (b *books) index() index {
	x := make(index, 2*len(b.ours))
	for i := range b.ours {
		o := &b.ours[i]
		x[indexKey{kind: o.kind, id: o.id.String()}] = o
		if o.ref != "" {
			x[indexKey{kind: o.kind, ref: o.ref}] = o
		}
	}
	return x
}

func (x index) of(l provider.Line) *booking {
	if o := x[indexKey{kind: l.Kind, id: l.ID}]; o != nil && l.ID != "" {
		return o
	}
	if l.ID != "" || l.Ref == "" {
		return nil
	}
	return x[indexKey{kind: l.Kind, ref: l.Ref}]
}

// booked counts the lines of each booking.
func (x index) booked(lines ...[]provider.Line) map[*booking]int {
	n := map[*booking]int{}
	for _, some := range lines {
		for _, l := range some {
			if o := x.of(l); o != nil {
				n[o]++
			}
		}
	}
	return n
}

func (b *books) within(t time.Time) bool { return !t.Before(b.from) && t.Before(b.to) }

// looksAround tells whether the days before and after have to be looked at:
// something of ours is not in their day, and something of theirs is of an
// earlier day of ours, on which they may have booked it, too.
func (b *books) looksAround() (before, after bool) {
	x := b.index()
	today := x.booked(b.lines)
	for i := range b.ours {
		o := &b.ours[i]
		missing := today[o] == 0 && o.status == Paid && b.within(o.ended)
		earlier := today[o] > 0 && o.status == Paid && o.ended.Before(b.from)
		before, after = before || missing || earlier, after || missing
	}
	return before, after
}

// compare finds all differences, sorted by kind and id. It is pure.
func (b *books) compare() (matched int64, found []Difference) {
	x := b.index()
	seen := x.booked(b.before)
	for _, l := range b.lines {
		o := x.of(l)
		d := judge(l, o, seen[o])
		if o != nil {
			seen[o]++
		}
		if d == nil {
			matched++
			continue
		}
		found = append(found, *d)
	}
	for o, n := range x.booked(b.after) {
		seen[o] += n
	}
	for i := range b.ours {
		o := &b.ours[i]
		if o.status == Paid && b.within(o.ended) && seen[o] == 0 {
			found = append(found, o.difference(MissingThere, provider.Line{}, "We have booked a %s of %d fen, and they have not.", called(o.kind), o.amount))
		}
	}
	slices.SortStableFunc(found, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Ref, b.Ref))
	})
	return matched, found
}

// judge says what is different between a line and what it means of ours (nil:
// nothing), of which they had so many lines before. Nil: nothing is.
func judge(l provider.Line, o *booking, before int) *Difference {
	var d Difference
	switch {
	case l.Kind == provider.Return:
		d = o.difference(RefundedThere, l, "They have given a payment back: %s. Our books know nothing of it.", theirs(l))
	case o == nil:
		d = o.difference(UnknownID, l, "They have booked a %s of %s that is none of ours.", called(l.Kind), theirs(l))
	case before > 0:
		d = o.difference(TwiceThere, l, "They have booked the same %s of %s again.", called(l.Kind), theirs(l))
	case l.Amount != money.Fen(o.amount):
		d = o.difference(AmountDiffers, l, "They have booked a %s of %s, we know it with %d fen and as %s.", called(l.Kind), theirs(l), o.amount, o.status)
	case o.status == Paid:
		return nil
	case l.Kind == provider.Payoff && o.status == Failed:
		d = o.difference(StatusDiffers, l, "They have paid out %s, which we call failed: the wallet has the money, too.", theirs(l))
	default:
		d = o.difference(MissingHere, l, "They have booked a %s of %s, which we called %s.", called(l.Kind), theirs(l), o.status)
	}
	return &d
}

func called(k provider.Kind) string {
	switch k {
	case provider.Payment:
		return "payment"
	case provider.Payoff:
		return "payout"
	default:
		return "refund"
	}
}

// difference is one between a booking (nil: none) and a line (without kind: none).
func (o *booking) difference(c Code, l provider.Line, cause string, args ...any) Difference {
	d := Difference{Code: c, Kind: l.Kind, ID: l.ID, Ref: l.Ref, Cause: fmt.Sprintf(cause, args...)}
	if l.Kind != "" {
		d.Theirs = &l.Amount.Amount
	}
	if o == nil {
		return d
	}
	d.Kind, d.ID = o.kind, o.id.String()
	if d.Ref == "" {
		d.Ref = o.ref
	}
	if o.status == Paid {
		d.Ours = &o.amount
	}
	return d
}
