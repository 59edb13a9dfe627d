package payments

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/problem"
	"lifecircle/payments/provider"
)

// Header is that of an HTTP request.
type Header map[string][]string

// Webhook takes a provider's notification: its signature is checked on the raw
// body, repeated ones and ones out of order change nothing. It returns what the
// provider wants to read. It fails with ProviderUnknown, WebhookSignature,
// WebhookStale, WebhookForeign, WebhookMismatch or WebhookMalformed.
func (s *Service) Webhook(ctx context.Context, name string, header Header, body []byte) (contentType, reply string, err error) {
	p := s.providers[name]
	if p == nil {
		return "", "", problem.New(problem.NotFound, "There is no such provider.")
	}
	events, err := p.Notification(canonical(header), body, time.Now())
	if err != nil {
		return "", "", s.refuseWebhook(name, err)
	}
	for _, e := range events {
		if err := s.settle(ctx, name, e); err != nil {
			return "", "", err
		}
	}
	contentType, reply = p.Received()
	return contentType, reply, nil
}

func canonical(h Header) map[string][]string {
	out := make(map[string][]string, len(h))
	for name, values := range h {
		out[textproto.CanonicalMIMEHeaderKey(name)] = values
	}
	return out
}

func (s *Service) refuseWebhook(name string, err error) error {
	p := problem.New(problem.WebhookMalformed, "The notification cannot be read.")
	switch {
	case errors.Is(err, provider.ErrSignature):
		p = problem.New(problem.WebhookSignature, "The notification is not signed by the provider.")
	case errors.Is(err, provider.ErrStale):
		p = problem.New(problem.WebhookStale, "The notification was signed more than %s from now.", provider.MaxSkew)
	case errors.Is(err, provider.ErrForeign):
		p = problem.New(problem.WebhookForeign, "The notification is meant for another merchant.")
	}
	s.raise(alarmWebhookRefused, "a notification was refused", "provider", name, "err", err)
	return p
}

// settle brings in what a provider says, whether it told us or was asked.
func (s *Service) settle(ctx context.Context, name string, e provider.Event) error {
	subject, err := id.Parse(e.ID)
	if err != nil {
		return s.foreign(name, e)
	}
	switch e.Kind {
	case provider.Payment:
		row, err := s.readTopUp(ctx, subject)
		if errors.Is(err, pgx.ErrNoRows) {
			return s.foreign(name, e)
		}
		if err != nil {
			return outward(fmt.Errorf("read top-up %s: %w", subject, err))
		}
		if row.status == Failed && e.State == provider.Paid {
			s.raise(alarmPaidLate, "a payment came after it was given up, and is credited", "provider", name, "topup", subject)
		}
		return s.settled(name, e, s.do(ctx, settleTopUp{subject, row.account, name, e}))
	case provider.Payoff:
		row, err := s.readWithdrawal(ctx, subject)
		if errors.Is(err, pgx.ErrNoRows) {
			return s.foreign(name, e)
		}
		if err != nil {
			return outward(fmt.Errorf("read withdrawal %s: %w", subject, err))
		}
		return s.settled(name, e, s.do(ctx, settleWithdrawal{subject, row.account, name, e}))
	case provider.Return: // payments are given back by operators only, who see it at the provider
	}
	return nil
}

// do runs a command of our own.
func (s *Service) do(ctx context.Context, what action) error {
	_, err := run[struct{}](ctx, s, Actor{}, idempotency.Request{}, what)
	return err
}

func (s *Service) foreign(name string, e provider.Event) error {
	s.raise(alarmWebhookRefused, "a notification speaks of nothing of ours", "provider", name, "id", e.ID, "ref", e.Ref)
	return problem.New(problem.WebhookForeign, "There is no such payment of ours.")
}

func (s *Service) settled(name string, e provider.Event, err error) error {
	if problem.Has(err, problem.WebhookMismatch) || problem.Has(err, problem.WebhookForeign) {
		s.raise(alarmMismatch, "a provider says something else than we asked for", "provider", name,
			"kind", e.Kind, "id", e.ID, "ref", e.Ref, "state", e.State, "amount", e.Amount.Amount, "currency", e.Amount.Currency, "err", err)
	}
	return err
}

// What an operator must look at. The metric lifecircle_payments_alarms_total
// counts them by these names.
const (
	alarmMismatch       = "provider_mismatch"
	alarmWebhookRefused = "webhook_refused"
	alarmPaidLate       = "payment_after_failure"
	alarmRefundUnfunded = "refund_unfunded"
	alarmReservePaid    = "reserve_paid"
	alarmDifference     = "reconciliation_difference"
	alarmStuck          = "payout_stuck"
)

func (s *Service) raise(alarm, text string, args ...any) {
	s.alarm(alarm)
	s.log.Error(text, append([]any{"alarm", alarm}, args...)...)
}
