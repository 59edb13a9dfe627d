package stripe

import (
	"context"
	"errors"
	"fmt"

	sdk "github.com/stripe/stripe-go/v85"

	"lifecircle/internal/money"
	"lifecircle/payments/provider"
)

const maxTries = 30 // of a transfer that the balance did not cover, within a day

// Payout implements provider.Provider. To is a connected account, acct_...
// Stripe says at once whether the money has moved, so nothing is ever pending.
func (s *Client) Payout(ctx context.Context, p provider.Payout) (provider.Event, error) {
	e, err := s.payout(ctx, p)
	if err != nil {
		return provider.Event{}, fmt.Errorf("pay out %s: %w", p.ID, err)
	}
	return e, nil
}

func (s *Client) payout(ctx context.Context, p provider.Payout) (provider.Event, error) {
	if err := checkAmount(p.Amount); err != nil {
		return provider.Event{}, err
	}
	if e, found, err := s.sent(ctx, p); found || err != nil {
		return e, err
	}
	made, err := s.send(ctx, p)
	if err == nil {
		return sentEvent(p, made)
	}
	refusal := explain(err)
	reason, isPayee := noPayee(err)
	if !isPayee && !errors.Is(refusal, provider.ErrRefused) {
		return provider.Event{}, refusal
	}
	// Nothing was sent by this request; nor, so it is found, by another one.
	if e, found, err := s.sent(ctx, p); found || err != nil {
		return e, err
	}
	if !isPayee {
		return provider.Event{}, refusal
	}
	return provider.Event{Kind: provider.Payoff, ID: p.ID, State: provider.Failed, Amount: money.Fen(0), At: s.now(), Reason: reason}, nil
}

// send makes the transfer. Stripe keeps the answer to a key for a day, and
// that to a balance which was too low, too. Nothing was sent then, so the next
// key may try again; all who ask go through the same keys in the same order.
func (s *Client) send(ctx context.Context, p provider.Payout) (made *sdk.Transfer, err error) {
	for n := range maxTries {
		made, err = s.api.V1Transfers.Create(ctx, transferParams(p, n))
		if e := new(sdk.Error); !errors.As(err, &e) || e.Code != sdk.ErrorCodeBalanceInsufficient || !replayed(e) {
			break
		}
	}
	return made, err
}

func replayed(e *sdk.Error) bool {
	return e.LastResponse != nil && e.LastResponse.Header.Get("Idempotent-Replayed") == "true"
}

func transferParams(p provider.Payout, try int) *sdk.TransferCreateParams {
	t := &sdk.TransferCreateParams{
		Amount: sdk.Int64(p.Amount.Amount), Currency: sdk.String(sdk.CurrencyCNY), Destination: sdk.String(p.To),
		TransferGroup: sdk.String(group(p.ID)), Metadata: map[string]string{payoutKey: p.ID}, Description: sdk.String(title(p.Title)),
	}
	t.SetIdempotencyKey(fmt.Sprintf("payout-%s-%d", p.ID, try))
	return t
}

// group finds a transfer again by our id.
func group(id string) string { return "payout-" + id }

// noPayee tells errors for the sake of who should receive.
func noPayee(err error) (reason string, ok bool) {
	e := new(sdk.Error)
	if !errors.As(err, &e) {
		return "", false
	}
	switch e.Code {
	case sdk.ErrorCodeAccountInvalid, sdk.ErrorCodeTransfersNotAllowed, "insufficient_capabilities_for_transfer":
		return e.Msg, true
	case sdk.ErrorCodeResourceMissing:
		return e.Msg, e.Param == "destination"
	default:
		return "", false
	}
}

// sent looks for the transfer of an earlier request.
func (s *Client) sent(ctx context.Context, p provider.Payout) (provider.Event, bool, error) {
	l := &sdk.TransferListParams{TransferGroup: sdk.String(group(p.ID))}
	l.Limit = sdk.Int64(pageSize)
	for t, err := range s.api.V1Transfers.List(ctx, l).All(ctx) {
		if err != nil {
			return provider.Event{}, false, explain(err)
		}
		if t.Metadata[payoutKey] == p.ID {
			e, err := sentEvent(p, t)
			return e, true, err
		}
	}
	return provider.Event{}, false, nil
}

func sentEvent(p provider.Payout, t *sdk.Transfer) (provider.Event, error) {
	amount, err := cny(t.Amount, t.Currency)
	if err != nil {
		return provider.Event{}, err
	}
	if amount != p.Amount || t.Destination == nil || t.Destination.ID != p.To {
		return provider.Event{}, fmt.Errorf("%w: a transfer of another amount or to another account", provider.ErrIDTaken)
	}
	return provider.Event{Kind: provider.Payoff, ID: p.ID, Ref: t.ID, State: provider.Paid, Amount: amount, At: at(t.Created)}, nil
}
