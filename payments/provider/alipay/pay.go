package alipay

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"lifecircle/internal/money"
	"lifecircle/payments/provider"
)

// States of a trade.
const (
	waiting  = "WAIT_BUYER_PAY"
	closed   = "TRADE_CLOSED" // never paid, or paid and all of it given back
	paid     = "TRADE_SUCCESS"
	finished = "TRADE_FINISHED" // paid, and too long ago for a refund
)

const (
	tradeNotExist = "ACQ.TRADE_NOT_EXIST"
	maxSubject    = 128 // characters; 256 bytes at least
)

// Checkout implements provider.Provider. It asks nobody: the address is a
// signed request, and Alipay opens the trade when the payer first sees the
// page. Until then Payment fails with ErrUnknown.
func (a *Client) Checkout(_ context.Context, o provider.Order) (provider.Checkout, error) {
	amount, err := yuan(o.Amount)
	if err != nil {
		return provider.Checkout{}, fmt.Errorf("open payment %s: %w", o.ID, err)
	}
	business := map[string]any{
		"out_trade_no": o.ID, "product_code": "FAST_INSTANT_TRADE_PAY", "total_amount": amount, "subject": subject(o.Title),
	}
	if !o.ExpiresAt.IsZero() {
		business["time_expire"] = format(o.ExpiresAt)
	}
	extra := url.Values{"notify_url": {a.c.NotifyURL}}
	if o.ReturnURL != "" {
		extra.Set("return_url", o.ReturnURL)
	}
	p, err := a.params("alipay.trade.page.pay", business, extra)
	if err != nil {
		return provider.Checkout{}, fmt.Errorf("open payment %s: %w", o.ID, err)
	}
	return provider.Checkout{URL: a.c.Gateway + "?" + p.Encode()}, nil
}

// subject is a title without the characters that Alipay refuses in it, and
// without those that mean something in its bills.
func subject(title string) string {
	clean := []rune(strings.Join(strings.FieldsFunc(title, func(r rune) bool { return strings.ContainsRune("/=& ,\"\t\r\n", r) }), " "))
	if len(clean) == 0 {
		return "Life Circle"
	}
	return string(clean[:min(len(clean), maxSubject)])
}

// trade is what answers and notifications say of a payment.
type trade struct {
	OutTradeNo  string `json:"out_trade_no"`
	TradeNo     string `json:"trade_no"`
	Status      string `json:"trade_status"`
	TotalAmount string `json:"total_amount"`  // yuan
	PaidAt      string `json:"send_pay_date"` // of an answer; gmt_payment of a notification
	ClosedAt    string `json:"-"`             // gmt_close of a notification
}

var errTradeState = errors.New("a state of a trade that we do not know")

// event fails with errTradeState, or when the trade is malformed.
func (t trade) event() (provider.Event, error) {
	e := provider.Event{Kind: provider.Payment, ID: t.OutTradeNo, Ref: t.TradeNo, Amount: money.Fen(0)}
	at := t.PaidAt
	switch {
	case t.Status == paid, t.Status == finished, t.Status == closed && t.PaidAt != "":
		e.State = provider.Paid
	case t.Status == closed:
		e.State, e.Reason, at = provider.Failed, "closed before it was paid", t.ClosedAt
	case t.Status == waiting:
		e.State = provider.Pending
		return e, nil
	default:
		return e, fmt.Errorf("%w: %.40q", errTradeState, t.Status)
	}
	var err error
	if e.State == provider.Paid {
		if e.Amount, err = fen(t.TotalAmount); err != nil {
			return e, err
		}
	}
	if at != "" || e.State == provider.Paid {
		e.At, err = parseTime(at)
	}
	return e, err
}

// Payment implements provider.Provider.
func (a *Client) Payment(ctx context.Context, o provider.Order) (provider.Event, error) {
	var t trade
	if err := a.call(ctx, "alipay.trade.query", map[string]any{"out_trade_no": o.ID}, &t); err != nil {
		if refusal(err) == tradeNotExist {
			err = fmt.Errorf("%w: %w", provider.ErrUnknown, err)
		}
		return provider.Event{}, fmt.Errorf("ask for payment %s: %w", o.ID, err)
	}
	if t.OutTradeNo != o.ID {
		return provider.Event{}, fmt.Errorf("asked for payment %s, the answer is of %.64q", o.ID, t.OutTradeNo)
	}
	e, err := t.event()
	if err != nil {
		return provider.Event{}, fmt.Errorf("read payment %s: %w", o.ID, err)
	}
	return e, nil
}

// atOr reads a time that an answer may leave out.
func atOr(text string, otherwise time.Time) time.Time {
	if t, err := parseTime(text); err == nil {
		return t
	}
	return otherwise
}
