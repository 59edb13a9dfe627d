package payments

import (
	"context"
	"time"

	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/problem"
	"lifecircle/payments/ledger"
)

// Kinds of holds.
const (
	holdWithdrawal = "withdrawal" // until the provider has paid it out
	holdReview     = "review"     // placed by an operator
)

// PlaceHold sets an amount of a wallet aside, for a reason that its owner
// reads, until ReleaseHold or the given time (nil: only the former). It fails
// with UserNotFound, InsufficientFunds or FundsHeld.
func (s *Service) PlaceHold(ctx context.Context, user id.ID, fen int64, reason string, release *time.Time) (Hold, error) {
	if fen <= 0 {
		return Hold{}, problem.Invalid(problem.AmountNotPositive, "amount", "a hold is at least 1 fen")
	}
	reason, err := note("reason", reason)
	if err != nil {
		return Hold{}, err
	}
	return run[Hold](ctx, s, Actor{}, idempotency.Request{}, placeHold{user: user, id: id.New(), amount: fen, reason: reason, release: release})
}

// ReleaseHold ends a hold that PlaceHold has placed; ending it again changes nothing.
func (s *Service) ReleaseHold(ctx context.Context, user, hold id.ID) error {
	_, err := run[struct{}](ctx, s, Actor{}, idempotency.Request{}, releaseHold{holdKey{user, hold}})
	return err
}

type placeHold struct {
	user, id id.ID
	amount   int64
	reason   string
	release  *time.Time
}

func (h placeHold) lane() id.ID                    { return h.user }
func (placeHold) want(*wants, id.ID)               {}
func (h placeHold) accounts(*batch, id.ID) []id.ID { return []id.ID{h.user} }

func (h placeHold) decide(b *batch, _ id.ID) (any, error) {
	if a := b.book.Account(h.user); a == nil || a.Kind != ledger.Wallet {
		return nil, problem.New(problem.UserNotFound, "There is no such user.")
	}
	if err := b.hold(h.user, h.id, holdReview, h.amount, h.reason, h.release); err != nil {
		return nil, err
	}
	return Hold{ID: h.id, Kind: holdReview, Amount: h.amount, Reason: h.reason, ReleaseAt: h.release, CreatedAt: b.now}, nil
}

// hold books a new hold, the first phase of a transfer.
func (b *batch) hold(account, hold id.ID, kind string, fen int64, reason string, release *time.Time) error {
	if err := b.book.Hold(account, fen); err != nil {
		return refusedFunds(err)
	}
	b.holds[holdKey{account, hold}] = &holdRow{kind: kind, amount: fen, reason: reason, release: release, isNew: true}
	return nil
}

// endHold books the end of an open hold and says how it ended.
func (b *batch) endHold(key holdKey, outcome string) error {
	h := b.holds[key]
	if err := b.book.Release(key.account, h.amount); err != nil {
		return err
	}
	h.outcome, h.changed = outcome, true
	return nil
}

type releaseHold struct{ holdKey }

func (h releaseHold) lane() id.ID                    { return h.account }
func (h releaseHold) want(w *wants, _ id.ID)         { w.holds.add(h.holdKey) }
func (h releaseHold) accounts(*batch, id.ID) []id.ID { return []id.ID{h.account} }

func (h releaseHold) decide(b *batch, _ id.ID) (any, error) {
	row := b.holds[h.holdKey]
	if row == nil || row.kind != holdReview {
		return nil, problem.New(problem.NotFound, "There is no such hold.")
	}
	if row.outcome != "" {
		return struct{}{}, nil
	}
	return struct{}{}, b.endHold(h.holdKey, "released")
}
