package payments

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/money"
	"lifecircle/internal/problem"
	"lifecircle/internal/text"
	"lifecircle/payments/ledger"
)

// Tip moves in.Amount from the actor's wallet to the post's author, the
// circle's partner and the platform, as the contract in force shares it, and
// appends the tip to the circle's log, in one transaction. A repeated key
// returns the first answer, a refusal too, and moves nothing.
//
// It fails with InsufficientFunds, FundsHeld, PostNotFound, Deleted, OwnPost, a
// refusal of the circle's rules, TipAdultsOnly, PhotoUnreviewed, TipTooLarge, TipDayLimit, TipMonthLimit, a
// problem of the key, amount, currency, message or visibility; after each of
// these nothing has changed.
func (s *Service) Tip(ctx context.Context, a Actor, post id.Post, in NewTip, key string) (Tip, error) {
	do, err := in.check(post, a.User)
	if err != nil {
		return Tip{}, err
	}
	req, err := moneyRequest(a, key, "tip", post, in)
	if err != nil {
		return Tip{}, err
	}
	return pay[Tip](ctx, s, a, req, do)
}

// moneyRequest is a key whose answer is kept for ever.
func moneyRequest(a Actor, key, operation string, input ...any) (idempotency.Request, error) {
	req, err := idempotency.NewRequest(a.User, key, operation, input...)
	req.Forever = true
	return req, err
}

func (in NewTip) check(post id.Post, payer id.ID) (tip, error) {
	amount, err := in.Amount.Fen("body.amount")
	if err != nil {
		return tip{}, err
	}
	if err := in.Currency.Check("body.currency"); err != nil {
		return tip{}, err
	}
	if amount > MaxTip {
		return tip{}, tipTooLarge(MaxTip)
	}
	message, err := note("body.message", in.Message)
	if err != nil {
		return tip{}, err
	}
	switch in.Visibility {
	case "":
		in.Visibility = Public
	case Public, Receiver, Anonymous:
	default:
		return tip{}, problem.Invalid(problem.VisibilityUnknown, "body.visibility", "it is public, receiver or anonymous")
	}
	return tip{post: post, payer: payer, amount: amount, message: message, visibility: in.Visibility}, nil
}

// note checks a short text that may be empty.
func note(location, s string) (string, error) {
	if s == "" {
		return "", nil
	}
	return text.Body(location, s, MaxTipMessage)
}

func tipTooLarge(most int64) error {
	return problem.Invalid(problem.TipTooLarge, "body.amount", "a tip is at most %d fen here", most)
}

// tip is the command.
type tip struct {
	post       id.Post
	payer      id.ID
	amount     int64
	message    string
	visibility Visibility
}

func (t tip) lane() id.ID { return t.post.Circle }

func (t tip) want(w *wants, actor id.ID) {
	w.posts = append(w.posts, t.post)
	w.actors = append(w.actors, actor)
	w.contracts.add(t.post.Circle)
	w.payers.add(actor)
}

func (t tip) accounts(b *batch, actor id.ID) []id.ID {
	author, err := b.posts.Author(t.post)
	if err != nil {
		return nil // it will be refused
	}
	ids := []id.ID{actor, author, b.platform(), b.reserve()}
	if c := b.contracts[t.post.Circle]; c.Partner > 0 {
		ids = append(ids, *c.PartnerID)
	}
	return ids
}

func (t tip) decide(b *batch, actor id.ID) (any, error) {
	payer, err := b.posts.Actor(actor)
	if err != nil {
		return nil, err
	}
	if err := b.posts.MayTip(actor, t.post); err != nil {
		return nil, err
	}
	author, err := b.posts.Author(t.post)
	if err != nil {
		return nil, err
	}
	contract := b.contracts[t.post.Circle]
	if t.amount > contract.MaxTip {
		return nil, tipTooLarge(contract.MaxTip)
	}
	spender := b.payers[actor]
	if err := spender.may(t.amount, b.now, b.unlimited); err != nil {
		return nil, err
	}
	row := tipRow{
		post: t.post, payer: actor, author: author, partner: contract.PartnerID, amount: t.amount, parts: contract.split(t.amount),
		message: t.message, visibility: t.visibility, contract: contract.Version, at: b.now,
	}
	name := func() string {
		row.id = b.posts.NextID(t.post, b.now)
		return row.name().String()
	}
	if row.transfer, err = b.transfer("tip", name, actor, row.legs(b)...); err != nil {
		return nil, err
	}
	spender.spend(t.amount, b.now)
	b.newTips = append(b.newTips, row)
	seen := row.seenBy(payer, b.posts.Add(t.post, 1, t.amount))
	event, err := line(seen.public())
	if err != nil {
		return nil, err
	}
	b.posts.Append(t.post, event)
	return seen, nil
}

// parts of a tip: what each receiver gets, in fen.
type parts struct{ author, partner, platform int64 }

func (p parts) of(author id.ID, partner *id.ID) []Part {
	out := []Part{{To: "author", UserID: &author, Amount: p.author}}
	if partner != nil {
		out = append(out, Part{To: "partner", UserID: partner, Amount: p.partner})
	}
	return append(out, Part{To: "platform", Amount: p.platform})
}

// split shares an amount; in a tie of remainders the author comes first.
func (c Contract) split(amount int64) parts {
	p := ledger.Split(amount, int64(c.Author), int64(c.Partner), int64(c.Platform))
	return parts{author: p[0], partner: p[1], platform: p[2]}
}

// legs of the tip's transfer. A part of the platform's goes to the reserve.
func (r tipRow) legs(b *batch) []ledger.Leg {
	reserve := r.parts.platform * reserveShare / ledger.Whole
	legs := []ledger.Leg{
		{Account: r.payer, Amount: -r.amount},
		{Account: r.author, Amount: r.parts.author},
		{Account: b.platform(), Amount: r.parts.platform - reserve},
		{Account: b.reserve(), Amount: reserve},
	}
	if r.partner != nil {
		legs = append(legs, ledger.Leg{Account: *r.partner, Amount: r.parts.partner})
	}
	return legs
}

// seenBy is the tip as its payer sees it.
func (r tipRow) seenBy(payer Person, total int64) Tip {
	return Tip{
		ID: r.name(), PostID: r.post, CircleID: r.post.Circle, Amount: r.amount, Currency: money.CNY, From: &payer, Message: r.message,
		Visibility: r.visibility, Refunded: r.refunded, TipTotal: total, Split: r.parts.of(r.author, r.partner), CreatedAt: r.at,
	}
}

// public is the tip as everybody may see it.
func (t Tip) public() Tip {
	if t.Visibility != Public {
		t.From, t.Message = nil, ""
	}
	return t
}

// seenByAuthor is the tip as the author of the post may see it.
func (t Tip) seenByAuthor() Tip {
	if t.Visibility == Anonymous {
		t.From, t.Message = nil, ""
	}
	return t
}

// line is one line of JSON, as the log keeps it.
func line(t Tip) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // clients show text as text
	if err := enc.Encode(t); err != nil {
		return nil, fmt.Errorf("encode a tip: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Quote tells how a tip of that amount would be shared now. It fails with
// PostNotFound, Deleted, TipTooLarge or a problem of the amount.
func (s *Service) Quote(ctx context.Context, a Actor, post id.Post, amount string) (Quote, error) {
	var in money.Input
	_ = in.UnmarshalJSON([]byte(amount)) // keeps the text, whatever it is
	fen, err := in.Fen("query.amount")
	if err != nil {
		return Quote{}, err
	}
	author, err := s.posts.TipAuthor(ctx, a.User, post)
	if err != nil {
		return Quote{}, err
	}
	c, err := s.contract(ctx, post.Circle)
	if err != nil {
		return Quote{}, outward(err)
	}
	if fen > c.MaxTip {
		return Quote{}, tipTooLarge(c.MaxTip)
	}
	return Quote{Amount: money.Fen(fen), Contract: c.Version, MaxTip: c.MaxTip, Split: c.split(fen).of(author, c.PartnerID)}, nil
}

// Tips returns a page of a post's tips, newest first, each as the actor may see
// it. It fails with PostNotFound, Deleted or BadCursor.
func (s *Service) Tips(ctx context.Context, a Actor, post id.Post, q PageQuery) (Page[Tip], error) {
	list := "tips " + post.String()
	place, err := s.cursors.Open(list, q.Cursor, 1)
	if err != nil {
		return Page[Tip]{}, err
	}
	author, err := s.posts.TipAuthor(ctx, a.User, post)
	if err != nil {
		return Page[Tip]{}, err
	}
	tips, payers, err := s.readTips(ctx, post, place, q.limit())
	if err != nil {
		return Page[Tip]{}, outward(err)
	}
	page := Page[Tip]{Items: tips}
	if len(tips) == q.limit() {
		page.NextCursor = s.cursors.Seal(list, int64(tips[len(tips)-1].ID.Comment))
	}
	for i, t := range tips {
		switch {
		case a.User != 0 && payers[i] == a.User:
		case a.User != 0 && author == a.User:
			tips[i] = t.seenByAuthor()
		default:
			tips[i] = t.public()
		}
	}
	return page, nil
}

// limit bounds the size of a page.
func (q PageQuery) limit() int {
	if q.Limit <= 0 {
		return DefaultPage
	}
	return min(q.Limit, MaxPage)
}
