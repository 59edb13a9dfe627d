package alipay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lifecircle/internal/money"
	"lifecircle/payments/provider"
)

const (
	transferProduct = "TRANS_ACCOUNT_NO_PWD"
	transferScene   = "DIRECT_TRANSFER"
	orderNotExist   = "ORDER_NOT_EXIST"
	inconsistent    = "PAYMENT_INFO_INCONSISTENCY" // the same id with other parameters
)

// noPayee are refusals for the sake of who should receive: another try with
// the same account is refused, too.
func noPayee(code string) bool {
	return slices.Contains([]string{
		"PAYEE_NOT_EXIST", "PAYEE_USER_INFO_ERROR", "PAYEE_ACC_OCUPIED", "PAYEE_USER_TYPE_ERROR", "PAYEE_ACCOUNT_STATUS_ERROR",
		"PAYEE_USER_STATUS_ERROR", "PERM_AML_NOT_REALNAME_REV", "BLOCK_USER_FORBBIDEN_RECIEVE", "RELEASE_USER_FORBBIDEN_RECIEVE",
		"PAYER_PAYEE_CANNOT_SAME", "EXCEED_LIMIT_UNRN_DM_AMOUNT",
	}, code)
}

// transfer is what answers say of money sent out.
type transfer struct {
	OutBizNo string `json:"out_biz_no"`
	OrderID  string `json:"order_id"`
	Status   string `json:"status"`
	Amount   string `json:"trans_amount"` // yuan; when it was asked for only
	SentAt   string `json:"trans_date"`   // of the transfer's own answer
	PaidAt   string `json:"pay_date"`     // when it was asked for
	Reason   string `json:"fail_reason"`
}

// Payout implements provider.Provider. To is an Alipay account's number, or
// what its owner logs in with and, after a space, his or her name, without
// which Alipay sends nothing there. Alipay is asked first, so that a transfer
// that failed is not tried again.
func (a *Client) Payout(ctx context.Context, p provider.Payout) (provider.Event, error) {
	e, err := a.payout(ctx, p)
	if err != nil {
		return provider.Event{}, fmt.Errorf("pay out %s: %w", p.ID, err)
	}
	return e, nil
}

func (a *Client) payout(ctx context.Context, p provider.Payout) (provider.Event, error) {
	amount, err := yuan(p.Amount)
	if err != nil {
		return provider.Event{}, err
	}
	if e, err := a.sent(ctx, p); err == nil || !errors.Is(err, provider.ErrUnknown) {
		return e, err
	}
	business := map[string]any{
		"out_biz_no": p.ID, "trans_amount": amount, "product_code": transferProduct, "biz_scene": transferScene,
		"order_title": subject(p.Title), "payee_info": payee(p.To),
	}
	var t transfer
	err = a.call(ctx, "alipay.fund.trans.uni.transfer", business, &t)
	switch code := refusal(err); {
	case code == inconsistent:
		return provider.Event{}, fmt.Errorf("%w: %w", provider.ErrIDTaken, err)
	case noPayee(code):
		return a.notSent(ctx, p, err)
	case err != nil:
		return provider.Event{}, err
	}
	t.Amount = amount
	return a.sentEvent(p, t)
}

// notSent makes sure that a transfer which was refused is not under way by an
// earlier request.
func (a *Client) notSent(ctx context.Context, p provider.Payout, refused error) (provider.Event, error) {
	e, err := a.sent(ctx, p)
	if !errors.Is(err, provider.ErrUnknown) {
		return e, err
	}
	why := new(Error)
	_ = errors.As(refused, &why)
	return provider.Event{Kind: provider.Payoff, ID: p.ID, State: provider.Failed, Amount: money.Fen(0), At: a.now(), Reason: why.Text}, nil
}

// sent asks what became of a transfer; ErrUnknown: there is none.
func (a *Client) sent(ctx context.Context, p provider.Payout) (provider.Event, error) {
	business := map[string]any{"out_biz_no": p.ID, "product_code": transferProduct, "biz_scene": transferScene}
	var t transfer
	if err := a.call(ctx, "alipay.fund.trans.common.query", business, &t); err != nil {
		if refusal(err) == orderNotExist {
			err = fmt.Errorf("%w: %w", provider.ErrUnknown, err)
		}
		return provider.Event{}, err
	}
	return a.sentEvent(p, t)
}

func (a *Client) sentEvent(p provider.Payout, t transfer) (provider.Event, error) {
	if t.OutBizNo != p.ID {
		return provider.Event{}, fmt.Errorf("the answer is of %.64q", t.OutBizNo)
	}
	amount, err := fen(t.Amount)
	if err != nil {
		return provider.Event{}, err
	}
	if amount != p.Amount {
		return provider.Event{}, fmt.Errorf("%w: a transfer of another amount", provider.ErrIDTaken)
	}
	e := provider.Event{
		Kind: provider.Payoff, ID: p.ID, Ref: t.OrderID, Amount: money.Fen(0), At: atOr(t.PaidAt, atOr(t.SentAt, a.now())), Reason: t.Reason,
	}
	switch t.Status {
	case "SUCCESS":
		e.State, e.Amount = provider.Paid, amount
	case "FAIL", "CLOSED", "REFUND": // REFUND: the payee's bank sent it back
		e.State = provider.Failed
	case "DEALING", "WAIT_PAY":
		e.State = provider.Pending
	default:
		return provider.Event{}, fmt.Errorf("a state of a transfer that we do not know: %.40q", t.Status)
	}
	return e, nil
}

func payee(to string) map[string]any {
	login, name, _ := strings.Cut(strings.TrimSpace(to), " ")
	if isUserID(login) {
		return map[string]any{"identity": login, "identity_type": "ALIPAY_USER_ID"}
	}
	return map[string]any{"identity": login, "identity_type": "ALIPAY_LOGON_ID", "name": strings.TrimSpace(name)}
}
