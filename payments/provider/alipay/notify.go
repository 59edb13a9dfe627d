package alipay

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"lifecircle/payments/provider"
)

const maxNotice = 64 << 10 // bytes of a notification's body

// Notification implements provider.Provider. Besides payments, Alipay tells of
// refunds in the same form; those say again that the payment was paid.
func (a *Client) Notification(_ http.Header, body []byte, now time.Time) ([]provider.Event, error) {
	n, err := a.readNotice(body)
	if err != nil {
		return nil, err
	}
	sent, err := parseTime(n.Get("notify_time"))
	if err != nil {
		return nil, fmt.Errorf("read the time of a notification: %w", err)
	}
	switch {
	case now.Sub(sent).Abs() > provider.MaxSkew:
		return nil, provider.ErrStale
	case !same(n.Get("app_id"), a.c.AppID) || !same(n.Get("seller_id"), a.c.SellerID):
		return nil, provider.ErrForeign
	case n.Get("notify_type") != "trade_status_sync":
		return nil, nil
	}
	t := trade{
		OutTradeNo: n.Get("out_trade_no"), TradeNo: n.Get("trade_no"), Status: n.Get("trade_status"), TotalAmount: n.Get("total_amount"),
		PaidAt: n.Get("gmt_payment"), ClosedAt: n.Get("gmt_close"),
	}
	e, err := t.event()
	if errors.Is(err, errTradeState) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("read a notification: %w", err)
	}
	if e.At.IsZero() {
		e.At = sent
	}
	return []provider.Event{e}, nil
}

// readNotice returns the parameters, each once, that Alipay signed: all but
// sign and sign_type.
func (a *Client) readNotice(body []byte) (url.Values, error) {
	if len(body) > maxNotice {
		return nil, provider.ErrSignature
	}
	n, err := url.ParseQuery(string(body))
	if err != nil || n.Get("sign_type") != signType {
		return nil, provider.ErrSignature
	}
	for _, values := range n {
		if len(values) > 1 {
			return nil, provider.ErrSignature
		}
	}
	if !verified(a.alipay, content(n, "sign", "sign_type"), n.Get("sign")) {
		return nil, provider.ErrSignature
	}
	return n, nil
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
