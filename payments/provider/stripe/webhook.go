package stripe

import (
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	sdk "github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"

	"lifecircle/payments/provider"
)

const (
	header    = "Stripe-Signature"
	maxNotice = 256 << 10 // bytes of an event
	maxHeader = 4 << 10   // bytes of its signatures
)

// Notification implements provider.Provider.
func (s *Client) Notification(h http.Header, body []byte, now time.Time) ([]provider.Event, error) {
	signed, ok := s.verified(h.Get(header), body)
	if !ok {
		return nil, provider.ErrSignature
	}
	if now.Sub(signed).Abs() > provider.MaxSkew {
		return nil, provider.ErrStale
	}
	var e sdk.Event
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, fmt.Errorf("read an event: %w", err)
	}
	if e.Livemode != s.c.live() || e.Account != "" && e.Account != s.c.Account {
		return nil, provider.ErrForeign
	}
	if e.Data == nil {
		return nil, nil
	}
	event, ours, err := read(e)
	if err != nil {
		return nil, fmt.Errorf("read an event of type %.60q: %w", e.Type, err)
	}
	if !ours {
		return nil, nil
	}
	return []provider.Event{event}, nil
}

// verified returns when the body was signed. The SDK's own check compares the
// time with the clock of the machine, and lets any time in the future pass.
func (s *Client) verified(signatures string, body []byte) (time.Time, bool) {
	if len(body) > maxNotice || len(signatures) > maxHeader {
		return time.Time{}, false
	}
	var when string
	var given [][]byte
	for part := range strings.SplitSeq(signatures, ",") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "t":
			if when != "" {
				return time.Time{}, false
			}
			when = value
		case "v1":
			if mac, err := hex.DecodeString(value); err == nil {
				given = append(given, mac)
			}
		}
	}
	seconds, err := strconv.ParseInt(when, 10, 64)
	if err != nil || strconv.FormatInt(seconds, 10) != when {
		return time.Time{}, false
	}
	signed := time.Unix(seconds, 0)
	want := webhook.ComputeSignature(signed, body, s.c.WebhookSecret)
	for _, mac := range given {
		if hmac.Equal(mac, want) {
			return signed, true
		}
	}
	return time.Time{}, false
}

// read returns what an event says of a payment or a refund of ours.
func read(e sdk.Event) (event provider.Event, ours bool, err error) {
	switch e.Type {
	case sdk.EventTypeCheckoutSessionCompleted, sdk.EventTypeCheckoutSessionExpired,
		sdk.EventTypeCheckoutSessionAsyncPaymentSucceeded, sdk.EventTypeCheckoutSessionAsyncPaymentFailed:
		var session sdk.CheckoutSession
		if err := json.Unmarshal(e.Data.Raw, &session); err != nil {
			return event, false, err
		}
		if session.Metadata[orderKey] == "" || session.Metadata[orderKey] != session.ClientReferenceID {
			return event, false, nil
		}
		event, err = paymentEvent(&session, e.Created)
		if e.Type == sdk.EventTypeCheckoutSessionAsyncPaymentFailed && event.State == provider.Pending {
			event.State, event.Reason = provider.Failed, "the payment failed after the checkout"
		}
		return event, err == nil, err
	case sdk.EventTypeRefundCreated, sdk.EventTypeRefundUpdated, sdk.EventTypeRefundFailed:
		var refund sdk.Refund
		if err := json.Unmarshal(e.Data.Raw, &refund); err != nil {
			return event, false, err
		}
		if refund.Metadata[refundKey] == "" {
			return event, false, nil
		}
		event, err = refundEvent(&refund)
		return event, err == nil, err
	default:
		return event, false, nil
	}
}
