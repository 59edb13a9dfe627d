package stripe

import (
	"context"
	"fmt"

	sdk "github.com/stripe/stripe-go/v85"

	"lifecircle/internal/money"
	"lifecircle/payments/provider"
)

// Refund implements provider.Provider.
func (s *Client) Refund(ctx context.Context, r provider.Refund) (provider.Event, error) {
	e, err := s.refund(ctx, r)
	if err != nil {
		return provider.Event{}, fmt.Errorf("refund %s of %s: %w", r.ID, r.Order.ID, err)
	}
	return e, nil
}

func (s *Client) refund(ctx context.Context, r provider.Refund) (provider.Event, error) {
	if err := checkAmount(r.Amount); err != nil {
		return provider.Event{}, err
	}
	session, err := s.session(ctx, r.Order)
	if err != nil {
		return provider.Event{}, err
	}
	if session.PaymentStatus != sdk.CheckoutSessionPaymentStatusPaid || session.PaymentIntent == nil {
		return provider.Event{}, fmt.Errorf("%w: it is not paid", provider.ErrRefused)
	}
	made, err := s.findRefund(ctx, session.PaymentIntent.ID, r.ID)
	if err != nil {
		return provider.Event{}, err
	}
	if made == nil {
		if made, err = s.api.V1Refunds.Create(ctx, refundParams(session.PaymentIntent.ID, r)); err != nil {
			return provider.Event{}, explain(err)
		}
	}
	e, err := refundEvent(made)
	if err == nil && made.Amount != r.Amount.Amount {
		err = fmt.Errorf("%w: a refund of another amount", provider.ErrIDTaken)
	}
	return e, err
}

func refundParams(intent string, r provider.Refund) *sdk.RefundCreateParams {
	p := &sdk.RefundCreateParams{
		PaymentIntent: sdk.String(intent), Amount: sdk.Int64(r.Amount.Amount), Metadata: map[string]string{refundKey: r.ID, orderKey: r.Order.ID},
	}
	p.SetIdempotencyKey("refund-" + r.ID)
	return p
}

// findRefund returns nil if the payment has no refund of this id.
func (s *Client) findRefund(ctx context.Context, intent, id string) (*sdk.Refund, error) {
	p := &sdk.RefundListParams{PaymentIntent: sdk.String(intent)}
	p.Limit = sdk.Int64(pageSize)
	for r, err := range s.api.V1Refunds.List(ctx, p).All(ctx) {
		if err != nil {
			return nil, explain(err)
		}
		if r.Metadata[refundKey] == id {
			return r, nil
		}
	}
	return nil, nil //nolint:nilnil // nothing found is an answer
}

func refundEvent(r *sdk.Refund) (provider.Event, error) {
	e := provider.Event{Kind: provider.Return, ID: r.Metadata[refundKey], Ref: r.ID, State: provider.Pending, Amount: money.Fen(0), At: at(r.Created)}
	switch r.Status {
	case sdk.RefundStatusSucceeded:
		var err error
		if e.Amount, err = cny(r.Amount, r.Currency); err != nil {
			return e, err
		}
		e.State = provider.Paid
	case sdk.RefundStatusFailed, sdk.RefundStatusCanceled:
		e.State, e.Reason = provider.Failed, string(r.FailureReason)
	case sdk.RefundStatusPending, sdk.RefundStatusRequiresAction:
	default:
		return e, fmt.Errorf("a state of a refund that we do not know: %.40q", r.Status)
	}
	return e, nil
}
