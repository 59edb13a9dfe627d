package stripe

import (
	"context"
	"fmt"
	"strings"
	"time"

	sdk "github.com/stripe/stripe-go/v85"

	"lifecircle/internal/money"
	"lifecircle/payments/provider"
)

// Book implements provider.Provider, from the balance's transactions. Their
// own amounts are in the currency of the balance and after fees; those of
// their sources are what was paid.
func (s *Client) Book(ctx context.Context, from, to time.Time) ([]provider.Line, error) {
	p := &sdk.BalanceTransactionListParams{CreatedRange: &sdk.RangeQueryParams{GreaterThanOrEqual: ceil(from), LesserThan: ceil(to)}}
	p.Limit = sdk.Int64(pageSize)
	p.AddExpand("data.source")
	var lines []provider.Line
	for b, err := range s.api.V1BalanceTransactions.List(ctx, p).All(ctx) {
		if err != nil {
			return nil, fmt.Errorf("read Stripe's balance: %w", explain(err))
		}
		l, ours, err := line(b)
		if err != nil {
			return nil, fmt.Errorf("read Stripe's balance, %s: %w", b.ID, err)
		}
		if ours {
			lines = append(lines, l)
		}
	}
	return lines, nil
}

// ceil is the first whole second at or after t: Stripe counts no smaller ones.
func ceil(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

// line reads a transaction. Fees, payouts to our own bank and what else moves
// the balance are not ours to compare.
func line(b *sdk.BalanceTransaction) (l provider.Line, ours bool, err error) {
	var amount int64
	var currency sdk.Currency
	switch src := b.Source; {
	case src == nil:
		return l, false, nil
	case src.Charge != nil && (b.Type == sdk.BalanceTransactionTypeCharge || b.Type == sdk.BalanceTransactionTypePayment):
		l.Kind, l.ID, amount, currency = provider.Payment, src.Charge.Metadata[orderKey], src.Charge.Amount, src.Charge.Currency
	case src.Refund != nil && (b.Type == sdk.BalanceTransactionTypeRefund || b.Type == sdk.BalanceTransactionTypePaymentRefund):
		l.Kind, l.ID, amount, currency = provider.Return, src.Refund.Metadata[refundKey], src.Refund.Amount, src.Refund.Currency
	case src.Transfer != nil && b.Type == sdk.BalanceTransactionTypeTransfer:
		l.Kind, l.ID, amount, currency = provider.Payoff, src.Transfer.Metadata[payoutKey], src.Transfer.Amount, src.Transfer.Currency
	default:
		return l, false, nil
	}
	l.Ref, l.At = b.Source.ID, at(b.Created)
	l.Amount = money.Amount{Amount: amount, Currency: money.Currency(strings.ToUpper(string(currency)))}
	if amount < 0 {
		return l, false, fmt.Errorf("a source of %d %.10q", amount, currency)
	}
	return l, true, nil
}
