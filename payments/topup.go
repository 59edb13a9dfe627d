package payments

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/money"
	"lifecircle/internal/pg"
	"lifecircle/internal/problem"
	"lifecircle/payments/ledger"
	"lifecircle/payments/provider"
)

// StartTopUp opens a payment at a provider and returns where to pay. The wallet
// has the money once the provider says that it was paid: by a notification, or
// when we ask. A repeated key returns the first answer and opens nothing; on two
// nodes at the same moment it may open one that nobody is shown. It fails with
// ProviderUnknown, AmountTooLarge, Banned or a problem of the key, amount or
// currency, and with Unavailable when the provider does not answer.
func (s *Service) StartTopUp(ctx context.Context, a Actor, in NewTopUp, key string) (TopUp, error) {
	if a.User == 0 {
		return TopUp{}, errSignIn
	}
	fen, p, err := s.checkProvider(in.Amount, in.Currency, in.Provider, MaxTopUp)
	if err != nil {
		return TopUp{}, err
	}
	req, err := moneyRequest(a, key, "top up", in)
	if err != nil {
		return TopUp{}, err
	}
	if !req.Used() {
		return TopUp{}, errKeyMissing
	}
	end, err := s.inProgress.Begin(req)
	if err != nil {
		return TopUp{}, err
	}
	defer end()
	if first, err := s.answered(ctx, req); !errors.Is(err, errNew) {
		return first, err
	}
	row, err := s.checkout(ctx, a.User, p, fen)
	if err != nil {
		return TopUp{}, err
	}
	return s.keepTopUp(ctx, req, row)
}

// checkProvider checks what top-ups and withdrawals have in common.
func (s *Service) checkProvider(amount money.Input, currency money.Currency, name string, most int64) (int64, provider.Provider, error) {
	fen, err := amount.Fen("body.amount")
	if err != nil {
		return 0, nil, err
	}
	if err := currency.Check("body.currency"); err != nil {
		return 0, nil, err
	}
	if fen > most {
		return 0, nil, problem.Invalid(problem.AmountTooLarge, "body.amount", "it is at most %d fen at once", most)
	}
	p := s.providers[name]
	if p == nil {
		return 0, nil, problem.Invalid(problem.ProviderUnknown, "body.provider", "it is one of: %s", strings.Join(s.Providers(), ", "))
	}
	return fen, p, nil
}

// errNew says that nothing stands against a payment that is to be opened.
var errNew = errors.New("the key is new")

// answered returns the stored answer of a key, or refuses, without troubling
// the provider. Else it fails with errNew.
func (s *Service) answered(ctx context.Context, req idempotency.Request) (TopUp, error) {
	return s.underKey(ctx, req, func(tx pgx.Tx) (TopUp, error) {
		if err := requireAccount(ctx, tx, req.User); err != nil {
			return TopUp{}, err
		}
		return TopUp{}, errNew
	})
}

func (s *Service) checkout(ctx context.Context, user id.ID, p provider.Provider, fen int64) (topUpRow, error) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	row := topUpRow{id: id.New(), account: user, provider: p.Name(), amount: fen, status: Pending, at: now, expires: now.Add(TopUpLife)}
	opened, err := p.Checkout(ctx, row.order(s.baseURL))
	if err != nil {
		away := &problem.Problem{Code: problem.Unavailable, Detail: "The payment provider does not answer just now.", RetryAfter: retryLater}
		return row, fmt.Errorf("%w: open a payment at %s: %w", away, p.Name(), err)
	}
	row.ref, row.url = opened.Ref, opened.URL
	return row, nil
}

// order is the top-up as its provider knows it.
func (r topUpRow) order(baseURL string) provider.Order {
	return provider.Order{
		ID: r.id.String(), Ref: r.ref, Amount: money.Fen(r.amount), Title: "Life Circle", ExpiresAt: r.expires,
		ReturnURL: strings.TrimSuffix(baseURL, "/") + "/wallet?topup=" + r.id.String(),
	}
}

func (s *Service) keepTopUp(ctx context.Context, req idempotency.Request, row topUpRow) (TopUp, error) {
	return s.underKey(ctx, req, func(tx pgx.Tx) (TopUp, error) {
		if err := requireAccount(ctx, tx, row.account); err != nil {
			return TopUp{}, err
		}
		return row.shown(), insertTopUp(ctx, tx, row)
	})
}

// underKey answers from the key, or does what is asked and keeps the answer.
func (s *Service) underKey(ctx context.Context, req idempotency.Request, do func(pgx.Tx) (TopUp, error)) (t TopUp, err error) {
	var refusal error
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		t, refusal, err = withKey(ctx, tx, req, func() (TopUp, error) { return do(tx) })
		return err
	})
	if err == nil {
		err = refusal
	}
	return t, outward(err)
}

// TopUp returns one of the actor's top-ups. It fails with TopUpNotFound.
func (s *Service) TopUp(ctx context.Context, a Actor, topup id.ID) (TopUp, error) {
	if a.User == 0 {
		return TopUp{}, errSignIn
	}
	row, err := s.readTopUp(ctx, topup)
	switch {
	case errors.Is(err, pgx.ErrNoRows), err == nil && row.account != a.User:
		return TopUp{}, errTopUpNotFound
	case err != nil:
		return TopUp{}, outward(fmt.Errorf("read top-up %s: %w", topup, err))
	}
	return row.shown(), nil
}

var errTopUpNotFound = problem.New(problem.TopUpNotFound, "There is no such top-up.")

// settleTopUp brings in what a provider says of a payment. Paid is final, and
// so is a payment that comes after we had given it up: the money is there.
type settleTopUp struct {
	id       id.ID
	account  id.ID // of the top-up, read before
	provider string
	event    provider.Event
}

func (t settleTopUp) lane() id.ID            { return t.account }
func (t settleTopUp) want(w *wants, _ id.ID) { w.topups.add(t.id) }
func (t settleTopUp) accounts(*batch, id.ID) []id.ID {
	return []id.ID{t.account, accountOf[t.provider]}
}

func (t settleTopUp) decide(b *batch, _ id.ID) (any, error) {
	row := b.topups[t.id]
	switch {
	case row == nil || row.provider != t.provider:
		return nil, problem.New(problem.WebhookForeign, "There is no such payment of ours.")
	case row.status == Paid || t.event.State == provider.Pending || t.event.State == provider.Failed && row.status == Failed:
		return struct{}{}, nil // heard before, or older than what we know
	case t.event.State == provider.Failed:
		row.end(Failed, t.event, b.now)
		return struct{}{}, nil
	case t.event.Amount != money.Fen(row.amount):
		return nil, problem.New(problem.WebhookMismatch, "Another amount or currency was paid than asked for.")
	}
	if _, err := b.transfer("topup", row.id.String, accountOf[row.provider],
		ledger.Leg{Account: accountOf[row.provider], Amount: -row.amount}, ledger.Leg{Account: row.account, Amount: row.amount}); err != nil {
		return nil, err
	}
	row.end(Paid, t.event, b.now)
	return struct{}{}, nil
}
