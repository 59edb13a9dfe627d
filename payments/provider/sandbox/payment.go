package sandbox

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/money"
	"lifecircle/internal/pg"
	"lifecircle/payments/provider"
)

const tokenBytes = 24 // random, of a checkout page's address

// Reasons of failures.
const (
	expired   = "expired"
	cancelled = "cancelled by the payer"
)

// ErrDecided is returned for a payment that is paid or failed already.
var ErrDecided = errors.New("the payment is decided already")

// payment is a row of sandbox_payments.
type payment struct {
	ID             string
	Token          string
	Amount, Paid   int64 // fen
	Title          string
	ReturnURL      string
	State          provider.State
	Reason         string
	Created        time.Time
	SettleAt       time.Time
	SettleAs       provider.State
	Settled        *time.Time
	sinceItsSettle bool // the database's clock is past SettleAt
}

func (p payment) event() provider.Event {
	e := provider.Event{Kind: provider.Payment, ID: p.ID, Ref: ref(p.ID), State: p.State, Amount: money.Fen(p.Paid), At: p.Created, Reason: p.Reason}
	if p.Settled != nil {
		e.At = *p.Settled
	}
	return e
}

// opened is what a notification said before the payment was decided.
func (p payment) opened() provider.Event {
	return provider.Event{Kind: provider.Payment, ID: p.ID, Ref: ref(p.ID), State: provider.Pending, Amount: money.Fen(0), At: p.Created}
}

func ref(id string) string { return "sb-" + id }

// Checkout implements provider.Provider.
func (b *Bank) Checkout(ctx context.Context, o provider.Order) (provider.Checkout, error) {
	if err := checkAmount(o.Amount); err != nil {
		return provider.Checkout{}, fmt.Errorf("open payment %s: %w", o.ID, err)
	}
	var p payment
	err := pg.InTx(ctx, b.pool, func(tx pgx.Tx) (err error) {
		var isNew bool
		if isNew, err = insertPayment(ctx, tx, o, newToken(), b.settleAfter(), openFor); err != nil {
			return err
		}
		if p, err = lockPayment(ctx, tx, o.ID); err != nil {
			return err
		}
		if !isNew || !b.paysAtCheckout() {
			return nil
		}
		return b.decide(ctx, tx, p, provider.Paid, p.Amount, "", 0)
	})
	switch {
	case pg.Constraint(err) != "":
		return provider.Checkout{}, fmt.Errorf("open payment %q: %w: %w", o.ID, provider.ErrRefused, err)
	case err != nil:
		return provider.Checkout{}, fmt.Errorf("open payment %s: %w", o.ID, err)
	case p.Amount != o.Amount.Amount:
		return provider.Checkout{}, fmt.Errorf("open payment %s: %w: a payment of another amount", o.ID, provider.ErrIDTaken)
	}
	b.signal()
	return provider.Checkout{URL: checkoutPath + p.ID + "?" + url.Values{"token": {p.Token}}.Encode(), Ref: ref(p.ID)}, nil
}

func newToken() string {
	token := make([]byte, tokenBytes)
	_, _ = rand.Read(token) // never fails, see crypto/rand
	return base64.RawURLEncoding.EncodeToString(token)
}

func (p payment) opensWith(token string) bool {
	return subtle.ConstantTimeCompare([]byte(p.Token), []byte(token)) == 1
}

func (b *Bank) paysAtCheckout() bool { return b.o.Behaviour != Manual && b.o.Behaviour != Slow }

// settleAfter is when a payment is paid by itself; 0: never.
func (b *Bank) settleAfter() time.Duration {
	if b.o.Behaviour == Slow {
		return b.o.Delay
	}
	return 0
}

// Payment implements provider.Provider.
func (b *Bank) Payment(ctx context.Context, o provider.Order) (provider.Event, error) {
	p, err := readPayment(ctx, b.pool, o.ID)
	if err != nil {
		return provider.Event{}, fmt.Errorf("ask for payment %s: %w", o.ID, err)
	}
	return p.event(), nil
}

// Pay is the payer who pays amount, which a careless one may get wrong. The
// notification is due after late. It fails with provider.ErrUnknown or
// ErrDecided, also when the time of the payment is over.
func (b *Bank) Pay(ctx context.Context, id string, amount money.Amount, late time.Duration) error {
	if err := checkAmount(amount); err != nil {
		return fmt.Errorf("pay %s: %w", id, err)
	}
	return b.settle(ctx, id, provider.Paid, amount.Amount, "", late)
}

// Cancel is the payer who will not pay; it fails as Pay does.
func (b *Bank) Cancel(ctx context.Context, id string) error {
	return b.settle(ctx, id, provider.Failed, 0, cancelled, 0)
}

func (b *Bank) settle(ctx context.Context, id string, as provider.State, paid int64, reason string, late time.Duration) error {
	err := pg.InTx(ctx, b.pool, func(tx pgx.Tx) error {
		p, err := lockPayment(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case p.State != provider.Pending || p.SettleAs == provider.Failed && p.sinceItsSettle:
			return ErrDecided
		}
		return b.decide(ctx, tx, p, as, paid, reason, late)
	})
	if err != nil {
		return fmt.Errorf("decide payment %s: %w", id, err)
	}
	b.signal()
	return nil
}

// decide ends a pending payment that tx has locked.
func (b *Bank) decide(ctx context.Context, tx pgx.Tx, p payment, as provider.State, paid int64, reason string, late time.Duration) error {
	p.State, p.Paid, p.Reason = as, paid, reason
	if err := updatePayment(ctx, tx, &p); err != nil {
		return err
	}
	return b.announce(ctx, tx, p.opened(), p.event(), late)
}

// settleDue decides payments whose time has come, a batch at most, and returns
// how many.
func (b *Bank) settleDue(ctx context.Context) (n int, err error) {
	err = pg.InTx(ctx, b.pool, func(tx pgx.Tx) error {
		due, err := lockDuePayments(ctx, tx, settleBatch)
		if err != nil {
			return err
		}
		for _, p := range due {
			paid, reason := int64(0), expired
			if p.SettleAs == provider.Paid {
				paid, reason = p.Amount, ""
			}
			if err := b.decide(ctx, tx, p, p.SettleAs, paid, reason, 0); err != nil {
				return err
			}
		}
		n = len(due)
		return nil
	})
	return n, err
}
