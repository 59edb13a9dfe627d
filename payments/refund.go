package payments

import (
	"context"

	"lifecircle/internal/id"
	"lifecircle/internal/money"
	"lifecircle/internal/problem"
	"lifecircle/payments/ledger"
)

// Refund gives a tip back to its payer, whole or in part. The payer may take it
// back for RefundWindow, the author may give it back for RefundWindowAuthor.
// Author, partner and platform pay back in the proportion of what they have
// kept of it. What is no longer in a wallet is paid by the reserve, so that
// nobody goes below zero. A repeated key returns the first answer.
//
// It fails with TipNotFound, NotRefundable, RefundTooLate, RefundTooLarge,
// RefundUnfunded, or a problem of the key, amount, currency or reason; after
// each of these nothing has changed.
func (s *Service) Refund(ctx context.Context, a Actor, tip id.Comment, in NewRefund, key string) (Refund, error) {
	do, err := in.check(tip)
	if err != nil {
		return Refund{}, err
	}
	req, err := moneyRequest(a, key, "refund", tip, in)
	if err != nil {
		return Refund{}, err
	}
	out, err := pay[Refund](ctx, s, a, req, do)
	if problem.Has(err, problem.RefundUnfunded) {
		s.raise(alarmRefundUnfunded, "a refund is not covered by wallets and the reserve", "tip", tip)
	}
	return out, err
}

func (in NewRefund) check(tip id.Comment) (refund, error) {
	r := refund{tip: tip}
	var err error
	if in.Amount != nil {
		if r.amount, err = in.Amount.Fen("body.amount"); err != nil {
			return r, err
		}
	}
	if in.Currency != "" {
		if err := in.Currency.Check("body.currency"); err != nil {
			return r, err
		}
	}
	r.reason, err = note("body.reason", in.Reason)
	return r, err
}

// refund is the command.
type refund struct {
	tip    id.Comment
	amount int64 // 0: all that is left
	reason string
}

func (r refund) lane() id.ID { return r.tip.Circle }

func (r refund) want(w *wants, actor id.ID) {
	w.posts = append(w.posts, r.tip.PostID())
	w.actors = append(w.actors, actor)
	w.tips.add(r.tip)
}

func (r refund) accounts(b *batch, _ id.ID) []id.ID {
	t := b.tips[r.tip]
	if t == nil {
		return nil
	}
	ids := append(ourAccounts(), t.payer, t.author)
	if t.partner != nil {
		ids = append(ids, *t.partner)
	}
	return ids
}

func (r refund) decide(b *batch, actor id.ID) (any, error) {
	if _, err := b.posts.Actor(actor); err != nil {
		return nil, err
	}
	t := b.tips[r.tip]
	if t == nil {
		return nil, errTipNotFound
	}
	if err := t.refundableBy(actor, b); err != nil {
		return nil, err
	}
	left := t.amount - t.refunded
	amount := r.amount
	if amount == 0 {
		amount = left
	}
	if amount > left || left == 0 {
		return nil, problem.New(problem.RefundTooLarge, "Of this tip %d of %d fen are left to give back.", left, t.amount)
	}
	row := refundRow{tip: r.tip, amount: amount, parts: t.share(amount), reason: r.reason, by: actor}
	legs, err := row.legs(b, t)
	if err != nil {
		return nil, err
	}
	name := func() string {
		row.id = b.posts.NextID(t.post, b.now)
		return r.tip.String() + row.id.String()
	}
	if row.transfer, err = b.transfer("refund", name, t.author, legs...); err != nil {
		return nil, err
	}
	t.giveBack(row)
	b.newRefunds = append(b.newRefunds, row)
	ended := int64(0)
	if t.refunded == t.amount {
		ended = 1
	}
	b.posts.Add(t.post, -ended, -amount)
	return Refund{ID: row.id, TipID: r.tip, Amount: money.Fen(amount), Refunded: t.refunded, Reason: r.reason, CreatedAt: b.now}, nil
}

func (r *tipRow) refundableBy(actor id.ID, b *batch) error {
	age := b.now.Sub(r.at)
	switch {
	case actor == r.payer && age <= RefundWindow, actor == r.author && age <= RefundWindowAuthor:
		return nil
	case actor == r.payer, actor == r.author:
		return problem.New(problem.RefundTooLate, "This tip is too old to be given back.")
	default:
		return refusal(problem.NotRefundable, "Only who paid a tip may take it back, and only the author of the post may give it back.",
			problem.Clause{Clause: "tip", Have: "somebody else's", Need: "who paid it, or the author of the post", How: "ask the author"})
	}
}

// share splits a refund by what each receiver has kept of the tip, so that
// refunds of all parts sum to the parts.
func (r *tipRow) share(amount int64) parts {
	p := ledger.Split(amount, r.parts.author-r.returned.author, r.parts.partner-r.returned.partner, r.parts.platform-r.returned.platform)
	return parts{author: p[0], partner: p[1], platform: p[2]}
}

func (r *tipRow) giveBack(row refundRow) {
	r.refunded += row.amount
	r.returned.author += row.parts.author
	r.returned.partner += row.parts.partner
	r.returned.platform += row.parts.platform
	r.changed = true
}

// legs of the refund's transfer, and how much of it the reserve pays.
func (r *refundRow) legs(b *batch, t *tipRow) ([]ledger.Leg, error) {
	d := drawing{book: b.book, taken: map[id.ID]int64{}}
	missing := r.parts.author - d.take(r.parts.author, t.author)
	if t.partner != nil {
		missing += r.parts.partner - d.take(r.parts.partner, *t.partner)
	}
	r.reservePaid = missing
	income, reserve := platformAccounts(), reserveAccounts()
	if d.take(missing, reserve...) < missing ||
		d.take(r.parts.platform, append(income, reserve...)...) < r.parts.platform {
		return nil, problem.New(problem.RefundUnfunded, "This cannot be given back at the moment. We have been told and look after it.")
	}
	legs := append(make([]ledger.Leg, 0, len(d.taken)+1), ledger.Leg{Account: t.payer, Amount: r.amount})
	for _, account := range sortedKeys(d.taken) {
		legs = append(legs, ledger.Leg{Account: account, Amount: -d.taken[account]})
	}
	return legs, nil
}

// drawing takes from accounts what they have, before anything is booked.
type drawing struct {
	book  *ledger.Book
	taken map[id.ID]int64
}

// take takes at most the amount, from the accounts in their order, and returns
// how much it got.
func (d drawing) take(amount int64, from ...id.ID) (got int64) {
	for _, account := range from {
		some := min(amount-got, d.book.Account(account).Available()-d.taken[account])
		if some > 0 {
			d.taken[account] += some
			got += some
		}
	}
	return got
}
