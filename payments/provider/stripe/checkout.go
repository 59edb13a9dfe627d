package stripe

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	sdk "github.com/stripe/stripe-go/v85"

	"lifecircle/internal/money"
	"lifecircle/payments/provider"
)

const (
	openFor     = 24 * time.Hour   // the longest that a session is open
	grace       = 15 * time.Minute // a session outlives its order by: Stripe wants 30 minutes at least
	maxSessions = 20_000           // looked at for one whose reference was lost
)

// Checkout implements provider.Provider. All parameters come from the order,
// so that a repeated call is the same request and gets the same answer. The
// order must expire 15 minutes to 23 hours after the first call.
func (s *Client) Checkout(ctx context.Context, o provider.Order) (provider.Checkout, error) {
	if err := checkAmount(o.Amount); err != nil {
		return provider.Checkout{}, fmt.Errorf("open payment %s: %w", o.ID, err)
	}
	session, err := s.api.V1CheckoutSessions.Create(ctx, sessionParams(o))
	if err != nil {
		return provider.Checkout{}, fmt.Errorf("open payment %s: %w", o.ID, explain(err))
	}
	return provider.Checkout{URL: session.URL, Ref: session.ID}, nil
}

func sessionParams(o provider.Order) *sdk.CheckoutSessionCreateParams {
	ours := map[string]string{orderKey: o.ID}
	p := &sdk.CheckoutSessionCreateParams{
		Mode:              sdk.String(sdk.CheckoutSessionModePayment),
		ClientReferenceID: sdk.String(o.ID), Metadata: ours,
		AdaptivePricing:   &sdk.CheckoutSessionCreateAdaptivePricingParams{Enabled: sdk.Bool(false)}, // or payers may pay in another currency
		PaymentIntentData: &sdk.CheckoutSessionCreatePaymentIntentDataParams{Metadata: ours},
		LineItems: []*sdk.CheckoutSessionCreateLineItemParams{{
			Quantity: sdk.Int64(1),
			PriceData: &sdk.CheckoutSessionCreateLineItemPriceDataParams{
				Currency: sdk.String(sdk.CurrencyCNY), UnitAmount: sdk.Int64(o.Amount.Amount),
				ProductData: &sdk.CheckoutSessionCreateLineItemPriceDataProductDataParams{Name: sdk.String(title(o.Title))},
			},
		}},
	}
	if o.ReturnURL != "" {
		p.SuccessURL, p.CancelURL = sdk.String(o.ReturnURL), sdk.String(o.ReturnURL)
	}
	if !o.ExpiresAt.IsZero() {
		p.ExpiresAt = sdk.Int64(o.ExpiresAt.Add(grace).Unix())
	}
	p.SetIdempotencyKey("checkout-" + o.ID)
	return p
}

func title(text string) string {
	if text = strings.TrimSpace(text); text == "" {
		return "Life Circle"
	}
	return text
}

// Payment implements provider.Provider.
func (s *Client) Payment(ctx context.Context, o provider.Order) (provider.Event, error) {
	session, err := s.session(ctx, o)
	if err != nil {
		return provider.Event{}, fmt.Errorf("ask for payment %s: %w", o.ID, err)
	}
	e, err := paymentEvent(session, session.Created)
	if err != nil {
		return provider.Event{}, fmt.Errorf("read payment %s: %w", o.ID, err)
	}
	return e, nil
}

// session returns the session of an order with its payment. When the
// reference was lost it is looked for among those of the order's time.
func (s *Client) session(ctx context.Context, o provider.Order) (*sdk.CheckoutSession, error) {
	ref := o.Ref
	if ref == "" {
		var err error
		if ref, err = s.find(ctx, o); err != nil {
			return nil, err
		}
	}
	p := &sdk.CheckoutSessionRetrieveParams{}
	p.AddExpand("payment_intent.latest_charge")
	session, err := s.api.V1CheckoutSessions.Retrieve(ctx, ref, p)
	if err != nil {
		return nil, explain(err)
	}
	if session.ClientReferenceID != o.ID {
		return nil, fmt.Errorf("%s is the session of %.64q", ref, session.ClientReferenceID)
	}
	return session, nil
}

func (s *Client) find(ctx context.Context, o provider.Order) (string, error) {
	until := o.ExpiresAt
	if until.IsZero() {
		until = s.now()
	}
	p := &sdk.CheckoutSessionListParams{CreatedRange: &sdk.RangeQueryParams{
		GreaterThanOrEqual: until.Add(-openFor - time.Hour).Unix(), LesserThanOrEqual: until.Unix() + 1,
	}}
	p.Limit = sdk.Int64(pageSize)
	seen := 0
	for session, err := range s.api.V1CheckoutSessions.List(ctx, p).All(ctx) {
		if err != nil {
			return "", explain(err)
		}
		if session.ClientReferenceID == o.ID {
			return session.ID, nil
		}
		if seen++; seen == maxSessions {
			return "", errors.New("its session was not found in time")
		}
	}
	return "", provider.ErrUnknown
}

// paymentEvent reads a session; said is when it said so, in Unix seconds,
// unless the session brings its charge.
func paymentEvent(s *sdk.CheckoutSession, said int64) (provider.Event, error) {
	e := provider.Event{Kind: provider.Payment, ID: s.ClientReferenceID, Ref: s.ID, State: provider.Pending, Amount: money.Fen(0), At: at(said)}
	switch {
	case s.PaymentStatus == sdk.CheckoutSessionPaymentStatusPaid:
		var err error
		if e.Amount, err = cny(s.AmountTotal, s.Currency); err != nil {
			return e, err
		}
		e.State = provider.Paid
		if s.PaymentIntent != nil && s.PaymentIntent.LatestCharge != nil && s.PaymentIntent.LatestCharge.Created > 0 {
			e.At = at(s.PaymentIntent.LatestCharge.Created)
		}
	case s.Status == sdk.CheckoutSessionStatusExpired:
		e.State, e.Reason = provider.Failed, "expired"
	case s.Status == sdk.CheckoutSessionStatusComplete && gaveUp(s.PaymentIntent):
		e.State, e.Reason = provider.Failed, "the payment failed after the checkout"
	}
	return e, nil
}

// gaveUp tells of a payment method that takes days and failed in the end.
func gaveUp(p *sdk.PaymentIntent) bool {
	return p != nil && (p.Status == sdk.PaymentIntentStatusRequiresPaymentMethod || p.Status == sdk.PaymentIntentStatusCanceled)
}
