package payments

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/money"
	"lifecircle/internal/problem"
	"lifecircle/internal/text"
	"lifecircle/payments/ledger"
	"lifecircle/payments/provider"
)

// Withdraw sends money out of the actor's wallet. The amount is held at once,
// and leaves the wallet when the provider has paid it, or is free again when
// the provider has refused. A repeated key returns the first answer. It fails
// with InsufficientFunds, FundsHeld, ProviderUnknown, AmountTooLarge or a
// problem of the key, amount, currency or destination.
func (s *Service) Withdraw(ctx context.Context, a Actor, in NewWithdrawal, key string) (Withdrawal, error) {
	fen, p, err := s.checkProvider(in.Amount, in.Currency, in.Provider, MaxWithdrawal)
	if err != nil {
		return Withdrawal{}, err
	}
	to := in.Destination
	if to != "" || p.Name() != sandboxName { // the sandbox pays whom it likes
		if to, err = text.Name("body.destination", to, MaxDestination); err != nil {
			return Withdrawal{}, problem.Invalid(problem.PayoutRefused, "body.destination", "your account at the provider: 1 to %d characters", MaxDestination)
		}
	}
	req, err := moneyRequest(a, key, "withdraw", in)
	if err != nil {
		return Withdrawal{}, err
	}
	out, err := pay[Withdrawal](ctx, s, a, req, startWithdrawal{user: a.User, id: id.New(), provider: p.Name(), amount: fen, to: to})
	if err == nil {
		s.lookSoon()
	}
	return out, err
}

const sandboxName = "sandbox"

// Withdrawal returns one of the actor's withdrawals. It fails with PayoutNotFound.
func (s *Service) Withdrawal(ctx context.Context, a Actor, withdrawal id.ID) (Withdrawal, error) {
	if a.User == 0 {
		return Withdrawal{}, errSignIn
	}
	row, err := s.readWithdrawal(ctx, withdrawal)
	switch {
	case errors.Is(err, pgx.ErrNoRows), err == nil && row.account != a.User:
		return Withdrawal{}, problem.New(problem.PayoutNotFound, "There is no such withdrawal.")
	case err != nil:
		return Withdrawal{}, outward(fmt.Errorf("read withdrawal %s: %w", withdrawal, err))
	}
	return row.shown(), nil
}

type startWithdrawal struct {
	user, id     id.ID
	provider, to string
	amount       int64
}

func (w startWithdrawal) lane() id.ID                    { return w.user }
func (startWithdrawal) want(w *wants, actor id.ID)       { w.actors = append(w.actors, actor) }
func (w startWithdrawal) accounts(*batch, id.ID) []id.ID { return []id.ID{w.user} }

func (w startWithdrawal) decide(b *batch, actor id.ID) (any, error) {
	if _, err := b.posts.Actor(actor); err != nil {
		return nil, err
	}
	if err := b.hold(actor, w.id, holdWithdrawal, w.amount, "withdrawal", nil); err != nil {
		return nil, err
	}
	row := &withdrawalRow{id: w.id, account: actor, provider: w.provider, amount: w.amount, to: w.to, status: Pending, at: b.now, isNew: true}
	b.withdrawals[w.id] = row
	return row.shown(), nil
}

// settleWithdrawal brings in what a provider says of a payout: the second phase.
type settleWithdrawal struct {
	id       id.ID
	account  id.ID // of the withdrawal, read before
	provider string
	event    provider.Event
}

func (w settleWithdrawal) lane() id.ID { return w.account }

func (w settleWithdrawal) want(n *wants, _ id.ID) {
	n.withdrawals.add(w.id)
	n.holds.add(holdKey{w.account, w.id})
}

func (w settleWithdrawal) accounts(*batch, id.ID) []id.ID {
	return []id.ID{w.account, accountOf[w.provider]}
}

func (w settleWithdrawal) decide(b *batch, _ id.ID) (any, error) {
	row, key := b.withdrawals[w.id], holdKey{w.account, w.id}
	switch {
	case row == nil || row.provider != w.provider || b.holds[key] == nil:
		return nil, problem.New(problem.WebhookForeign, "There is no such payout of ours.")
	case w.event.State == provider.Pending || row.status == Paid && w.event.State == provider.Paid || row.status == Failed && w.event.State == provider.Failed:
		return struct{}{}, nil // heard before, or nothing new
	case row.status != Pending:
		return nil, problem.New(problem.WebhookMismatch, "The provider says %s of a payout that it had called %s.", w.event.State, row.status)
	case w.event.State == provider.Failed:
		row.end(Failed, w.event, b.now)
		return struct{}{}, b.endHold(key, "voided")
	case w.event.Amount != money.Fen(row.amount):
		return nil, problem.New(problem.WebhookMismatch, "Another amount or currency was paid out than asked for.")
	}
	if err := b.endHold(key, "posted"); err != nil {
		return nil, err
	}
	row.end(Paid, w.event, b.now)
	_, err := b.transfer("withdrawal", row.id.String, row.account,
		ledger.Leg{Account: row.account, Amount: -row.amount}, ledger.Leg{Account: accountOf[row.provider], Amount: row.amount})
	return struct{}{}, err
}
