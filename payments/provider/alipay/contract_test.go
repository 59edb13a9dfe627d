package alipay

import (
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lifecircle/internal/money"
	"lifecircle/payments/provider"
	"lifecircle/payments/provider/providertest"
	"lifecircle/payments/provider/providertest/alipayfake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func configFor(t testing.TB, g *alipayfake.Gateway, keys alipayfake.Keys) Config {
	return Config{
		AppID: alipayfake.AppID, SellerID: alipayfake.SellerID, PrivateKey: keys.MerchantPrivate(), AlipayPublicKey: keys.AlipayPublic(t),
		Gateway: g.URL(), NotifyURL: "https://circle.example/v1/payments/webhooks/alipay", HTTP: g.HTTP(),
	}
}

func start(t testing.TB, keys alipayfake.Keys) (*Client, *alipayfake.Gateway) {
	t.Helper()
	g := alipayfake.New(t, keys)
	a, err := New(configFor(t, g, keys))
	if err != nil {
		t.Fatal(err)
	}
	return a, g
}

func TestContract(t *testing.T) {
	t.Parallel()
	keys := alipayfake.NewKeys(t)
	for name, stranger := range map[string]alipayfake.Signer{"another app": alipayfake.ForAnotherApp, "another seller": alipayfake.ForAnotherSeller} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, func(t *testing.T) providertest.Harness { return harness(t, keys, stranger) })
		})
	}
}

func harness(t *testing.T, keys alipayfake.Keys, stranger alipayfake.Signer) providertest.Harness {
	a, g := start(t, keys)
	return providertest.Harness{
		Provider: a,
		Open:     func(t testing.TB, _ provider.Order, c provider.Checkout) { g.Visit(t, c.URL) },
		Pay: func(t testing.TB, o provider.Order, _ provider.Checkout, amount money.Amount) {
			g.Pay(t, o.ID, amount.Amount)
		},
		Cancel: func(t testing.TB, o provider.Order, _ provider.Checkout) { g.Close(t, o.ID) },
		Notice: func(t testing.TB, o provider.Order, at time.Time, by providertest.Signer) providertest.Notice {
			signer := map[providertest.Signer]alipayfake.Signer{
				providertest.Bank: alipayfake.ByAlipay, providertest.Forger: alipayfake.ByForger, providertest.Stranger: stranger,
			}[by]
			return providertest.Notice{
				Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}, Body: g.Notice(t, o.ID, at, signer),
			}
		},
		Accounts: map[provider.State]string{
			provider.Paid: alipayfake.GoodAccount, provider.Failed: alipayfake.NoAccount, provider.Pending: alipayfake.SlowAccount,
		},
		Settle: func(t testing.TB, p provider.Payout) { g.Settle(t, p.ID, "SUCCESS") },
		Page:   3,
	}
}
