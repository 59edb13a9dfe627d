package sandbox

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"testing"
	"time"

	"lifecircle/internal/money"
	"lifecircle/internal/pgtest"
	"lifecircle/payments/provider"
	"lifecircle/payments/provider/providertest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func newBank(t testing.TB, o Options) *Bank {
	t.Helper()
	o.Log = slog.New(slog.DiscardHandler)
	b, err := New(t.Context(), pgtest.New(t), o)
	if err != nil {
		t.Fatal(err)
	}
	b.poll = 20 * time.Millisecond
	return b
}

func TestContract(t *testing.T) {
	t.Parallel()
	providertest.Run(t, func(t *testing.T) providertest.Harness {
		b := newBank(t, Options{Deliver: func(context.Context, http.Header, []byte) error { return nil }})
		return providertest.Harness{
			Provider: b,
			Open:     func(testing.TB, provider.Order, provider.Checkout) {},
			Pay: func(t testing.TB, o provider.Order, _ provider.Checkout, amount money.Amount) {
				must(t, b.Pay(t.Context(), o.ID, amount, 0))
			},
			Cancel: func(t testing.TB, o provider.Order, _ provider.Checkout) { must(t, b.Cancel(t.Context(), o.ID)) },
			Notice: b.noticeOf,
			Accounts: map[provider.State]string{
				provider.Paid: "6222 0000", provider.Failed: FailAccount, provider.Pending: NeverAccount,
			},
			Settle: func(t testing.TB, p provider.Payout) {
				must(t, b.SettlePayout(t.Context(), p.ID, provider.Paid))
			},
			Page: 3,
		}
	})
}

// noticeOf takes the newest notice of an order from the queue.
func (b *Bank) noticeOf(t testing.TB, o provider.Order, at time.Time, by providertest.Signer) providertest.Notice {
	t.Helper()
	var body []byte
	must(t, b.pool.QueryRow(t.Context(), `SELECT body FROM sandbox_notices WHERE body::jsonb ->> 'id' = $1 ORDER BY id DESC LIMIT 1`, o.ID).Scan(&body))
	signer := *b
	switch by {
	case providertest.Bank:
	case providertest.Forger:
		signer.secret = slices.Repeat([]byte{1}, 32)
	case providertest.Stranger:
		e, err := b.Payment(t.Context(), o)
		must(t, err)
		signer.merchant = "another"
		body, err = signer.body(e)
		must(t, err)
	}
	return providertest.Notice{Header: signer.sign(at, body), Body: body}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
