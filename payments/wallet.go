package payments

import (
	"context"
	"fmt"

	"lifecircle/internal/id"
	"lifecircle/internal/problem"
	"lifecircle/payments/ledger"
)

// Wallet returns what the actor has. It fails with Unauthorized.
func (s *Service) Wallet(ctx context.Context, a Actor) (Wallet, error) {
	if a.User == 0 {
		return Wallet{}, errSignIn
	}
	w, err := s.readWallet(ctx, a.User)
	return w, outward(err)
}

// SetBalance gives a user to test with so much, or takes it, by a transfer with
// the test account; dev and demo only. It fails with UserNotFound, or with
// FundsHeld when more is held than would be left.
func (s *Service) SetBalance(ctx context.Context, user id.ID, fen int64) error {
	if fen < 0 {
		return problem.Invalid(problem.AmountNotPositive, "body.balance", "a wallet is never below zero")
	}
	return s.do(ctx, setBalance{user, fen})
}

type setBalance struct {
	user id.ID
	fen  int64
}

func (t setBalance) lane() id.ID                    { return t.user }
func (setBalance) want(*wants, id.ID)               {}
func (t setBalance) accounts(*batch, id.ID) []id.ID { return []id.ID{t.user, testAccount} }

func (t setBalance) decide(b *batch, _ id.ID) (any, error) {
	a := b.book.Account(t.user)
	if a == nil || a.Kind != ledger.Wallet {
		return nil, problem.New(problem.UserNotFound, "There is no such user.")
	}
	change := t.fen - a.Balance
	if change == 0 {
		return struct{}{}, nil
	}
	source := func() string { return fmt.Sprintf("%s-%d", t.user, a.Version) } // which is new by then
	_, err := b.transfer("test", source, testAccount,
		ledger.Leg{Account: testAccount, Amount: -change}, ledger.Leg{Account: t.user, Amount: change})
	return struct{}{}, err
}
