package alipay

import (
	"context"
	"fmt"
	"slices"

	"lifecircle/internal/money"
	"lifecircle/payments/provider"
)

// noRefund are refusals of a refund that will not change.
func noRefund(code string) bool {
	return slices.Contains([]string{
		"ACQ.REASON_TRADE_REFUND_FEE_ERR", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "ACQ.TRADE_STATUS_ERROR",
		"ACQ.TRADE_HAS_FINISHED", "ACQ.TRADE_HAS_CLOSE", "ACQ.TRADE_NOT_ALLOW_REFUND", "ACQ.INVALID_PARAMETER",
	}, code)
}

// Refund implements provider.Provider. Alipay knows a refund by our id of the
// payment and our id of the refund together; what its first answer says is
// not final, so the refund is asked for afterwards.
func (a *Client) Refund(ctx context.Context, r provider.Refund) (provider.Event, error) {
	amount, err := yuan(r.Amount)
	if err != nil {
		return provider.Event{}, fmt.Errorf("refund %s of %s: %w", r.ID, r.Order.ID, err)
	}
	business := map[string]any{"out_trade_no": r.Order.ID, "refund_amount": amount, "out_request_no": r.ID}
	var answer struct{}
	err = a.call(ctx, "alipay.trade.refund", business, &answer)
	switch code := refusal(err); {
	case code == tradeNotExist:
		return provider.Event{}, fmt.Errorf("refund %s of %s: %w: %w", r.ID, r.Order.ID, provider.ErrUnknown, err)
	case code == "ACQ.DISCORDANT_REPEAT_REQUEST":
		return provider.Event{}, fmt.Errorf("refund %s of %s: %w: %w", r.ID, r.Order.ID, provider.ErrIDTaken, err)
	case noRefund(code):
		return provider.Event{}, fmt.Errorf("refund %s of %s: %w: %w", r.ID, r.Order.ID, provider.ErrRefused, err)
	case err != nil:
		return provider.Event{}, fmt.Errorf("refund %s of %s: %w", r.ID, r.Order.ID, err)
	}
	e, err := a.refunded(ctx, r)
	if err != nil {
		return provider.Event{}, fmt.Errorf("ask for refund %s of %s: %w", r.ID, r.Order.ID, err)
	}
	return e, nil
}

// refunded returns what became of a refund.
func (a *Client) refunded(ctx context.Context, r provider.Refund) (provider.Event, error) {
	var answer struct {
		TradeNo      string `json:"trade_no"`
		OutTradeNo   string `json:"out_trade_no"`
		OutRequestNo string `json:"out_request_no"`
		Amount       string `json:"refund_amount"` // yuan
		Status       string `json:"refund_status"`
		At           string `json:"gmt_refund_pay"`
	}
	business := map[string]any{"out_trade_no": r.Order.ID, "out_request_no": r.ID, "query_options": []string{"gmt_refund_pay"}}
	if err := a.call(ctx, "alipay.trade.fastpay.refund.query", business, &answer); err != nil {
		return provider.Event{}, err
	}
	e := provider.Event{Kind: provider.Return, ID: r.ID, Ref: answer.TradeNo, State: provider.Pending, Amount: money.Fen(0), At: atOr(answer.At, a.now())}
	if answer.Status != "REFUND_SUCCESS" {
		return e, nil
	}
	if answer.OutTradeNo != r.Order.ID || answer.OutRequestNo != r.ID {
		return provider.Event{}, fmt.Errorf("the answer is of %.64q of %.64q", answer.OutRequestNo, answer.OutTradeNo)
	}
	amount, err := fen(answer.Amount)
	if err != nil {
		return provider.Event{}, err
	}
	if amount != r.Amount {
		return provider.Event{}, fmt.Errorf("%w: a refund of another amount", provider.ErrIDTaken)
	}
	e.State, e.Amount = provider.Paid, amount
	return e, nil
}
