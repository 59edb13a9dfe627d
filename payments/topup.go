package payments

import (
	"cmp"
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
	now := time.Now().UTC().Truncate(time.Microsecond)
	row := topUpRow{id: id.New(), account: a.User, provider: p.Name(), amount: fen, status: Pending, at: now, expires: now.Add(TopUpLife)}
	if first, err := s.open(ctx, req, row); first != nil || err != nil {
		return orZero(first), err
	}
	if err := s.checkout(ctx, p, &row); err != nil {
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

// open returns the stored answer of a key without troubling the provider, or
// writes the top-up before the provider hears of it: what is paid at once may
// be told before Checkout returns.
func (s *Service) open(ctx context.Context, req idempotency.Request, row topUpRow) (first *TopUp, err error) {
	var refusal error // committed with its key, as an answer is
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		var lock, write pgx.Batch
		first, refusal = nil, nil
		keys := idempotency.Lock(&lock, []idempotency.Request{req})
		if err := tx.SendBatch(ctx, &lock).Close(); err != nil {
			return fmt.Errorf("lock an idempotency key: %w", err)
		}
		answer, err := keys.First(req)
		if err != nil {
			return err
		}
		if answer != nil {
			first = new(TopUp)
			return answer.Into(first)
		}
		if refusal = requireAccount(ctx, tx, row.account); refusal == nil {
			return insertTopUp(ctx, tx, row)
		}
		if problem.From(refusal) == nil {
			return refusal
		}
		if err := keys.Keep(req, statusCreated, nil, refusal); err != nil {
			return err
		}
		keys.Write(&write)
		return tx.SendBatch(ctx, &write).Close()
	})
	return first, outward(cmp.Or(err, refusal))
}

func orZero(t *TopUp) TopUp {
	if t == nil {
		return TopUp{}
	}
	return *t
}

// checkout opens the payment at the provider. Where that fails the top-up is
// given up; should it be paid all the same, it is credited.
func (s *Service) checkout(ctx context.Context, p provider.Provider, row *topUpRow) error {
	opened, err := p.Checkout(ctx, row.order(s.baseURL))
	if err != nil {
		away := &problem.Problem{Code: problem.Unavailable, Detail: "The payment provider does not answer just now.", RetryAfter: retryLater}
		given := provider.Event{Kind: provider.Payment, ID: row.id.String(), State: provider.Failed, Reason: "the provider did not answer"}
		err = errors.Join(err, s.do(ctx, settleTopUp{row.id, row.account, row.provider, given}))
		return fmt.Errorf("%w: open a payment at %s: %w", away, p.Name(), err)
	}
	row.ref, row.url = opened.Ref, opened.URL
	return nil
}

// order is the top-up as its provider knows it.
func (r topUpRow) order(baseURL string) provider.Order {
	return provider.Order{
		ID: r.id.String(), Ref: r.ref, Amount: money.Fen(r.amount), Title: "Life Circle", ExpiresAt: r.expires,
		ReturnURL: strings.TrimSuffix(baseURL, "/") + "/wallet?topup=" + r.id.String(),
	}
}

// keepTopUp notes where to pay, and the answer under its key.
func (s *Service) keepTopUp(ctx context.Context, req idempotency.Request, row topUpRow) (t TopUp, err error) {
	var refusal error
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		t, refusal, err = withKey(ctx, tx, req, func() (TopUp, error) { return row.shown(), writeCheckout(ctx, tx, row) })
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
