package stripe

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"lifecircle/internal/money"
	"lifecircle/payments/provider"
	"lifecircle/payments/provider/providertest"
	"lifecircle/payments/provider/providertest/stripefake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const page = 3

func config(api *stripefake.API) Config {
	return Config{
		SecretKey: stripefake.SecretKey, WebhookSecret: stripefake.WebhookSecret, Account: stripefake.Account, APIBase: api.URL(), HTTP: api.HTTP(),
	}
}

func start(t testing.TB) (*Client, *stripefake.API) {
	t.Helper()
	api := stripefake.New(t, page)
	s, err := New(config(api))
	if err != nil {
		t.Fatal(err)
	}
	return s, api
}

func TestContract(t *testing.T) {
	t.Parallel()
	for name, stranger := range map[string]stripefake.Event{"another mode": {Live: true}, "another account": {Account: "acct_1Other"}} {
		for _, to := range []string{stripefake.NoAccount, stripefake.LimitedAccount} {
			t.Run(name+" "+to, func(t *testing.T) {
				t.Parallel()
				providertest.Run(t, func(t *testing.T) providertest.Harness { return harness(t, stranger, to) })
			})
		}
	}
}

func harness(t *testing.T, stranger stripefake.Event, failing string) providertest.Harness {
	s, api := start(t)
	return providertest.Harness{
		Provider: s,
		Open:     func(t testing.TB, _ provider.Order, c provider.Checkout) { api.Visit(t, c.URL) },
		Pay: func(t testing.TB, o provider.Order, _ provider.Checkout, amount money.Amount) {
			api.Pay(t, o.ID, amount.Amount)
		},
		Cancel: func(t testing.TB, o provider.Order, _ provider.Checkout) { api.Expire(t, o.ID) },
		Notice: func(t testing.TB, o provider.Order, at time.Time, by providertest.Signer) providertest.Notice {
			e := map[providertest.Signer]stripefake.Event{
				providertest.Bank: {}, providertest.Forger: {Secret: "whsec_forged"}, providertest.Stranger: stranger,
			}[by]
			h, body := api.Notice(t, o.ID, at, e)
			return providertest.Notice{Header: h, Body: body}
		},
		Accounts: map[provider.State]string{provider.Paid: stripefake.GoodAccount, provider.Failed: failing},
		Page:     page,
	}
}
