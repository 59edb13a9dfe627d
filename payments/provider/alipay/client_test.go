package alipay

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"lifecircle/internal/money"
	"lifecircle/payments/provider"
	"lifecircle/payments/provider/providertest"
	"lifecircle/payments/provider/providertest/alipayfake"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// paidOrder returns an order that was paid at the gateway.
func paidOrder(t testing.TB, a *Client, g *alipayfake.Gateway, fen int64) provider.Order {
	t.Helper()
	o := providertest.NewOrder(fen)
	c, err := a.Checkout(t.Context(), o)
	must(t, err)
	g.Visit(t, c.URL)
	g.Pay(t, o.ID, fen)
	return o
}

func TestAnswersOfOthersDoNotCount(t *testing.T) {
	t.Parallel()
	a, g := start(t, alipayfake.NewKeys(t))
	o := paidOrder(t, a, g, 500)
	g.Forge()
	if e, err := a.Payment(t.Context(), o); !errors.Is(err, errSignature) || e != (provider.Event{}) {
		t.Errorf("Payment: %+v, %v", e, err)
	}
	p := provider.Payout{ID: providertest.NewID(), Amount: money.Fen(500), To: alipayfake.NoAccount}
	if e, err := a.Payout(t.Context(), p); !errors.Is(err, errSignature) || e != (provider.Event{}) {
		t.Errorf("a forged refusal of a payout: %+v, %v", e, err)
	}
}

// TestNobodyKnows: an answer that was lost, or says that Alipay does not know,
// is an error, and the same id afterwards sends nothing twice.
func TestNobodyKnows(t *testing.T) {
	t.Parallel()
	keys := alipayfake.NewKeys(t)
	for _, code := range []string{"", "SYSTEM_ERROR", "PAYER_BALANCE_NOT_ENOUGH"} {
		t.Run("transfer "+code, func(t *testing.T) {
			t.Parallel()
			a, g := start(t, keys)
			p := provider.Payout{ID: providertest.NewID(), Amount: money.Fen(500), To: alipayfake.GoodAccount}
			g.FailNext("alipay.fund.trans.uni.transfer", code)
			if e, err := a.Payout(t.Context(), p); err == nil || errors.Is(err, provider.ErrRefused) {
				t.Fatalf("Payout: %+v, %v", e, err)
			}
			if e, err := a.Payout(t.Context(), p); err != nil || e.State != provider.Paid {
				t.Fatalf("Payout again: %+v, %v", e, err)
			}
			if n := g.Calls("alipay.fund.trans.uni.transfer"); code == "" && n != 1 || n > 2 {
				t.Errorf("%d transfers", n)
			}
		})
	}
	for _, code := range []string{"", "ACQ.SYSTEM_ERROR", "ACQ.SELLER_BALANCE_NOT_ENOUGH"} {
		t.Run("refund "+code, func(t *testing.T) {
			t.Parallel()
			a, g := start(t, keys)
			r := provider.Refund{ID: providertest.NewID(), Order: paidOrder(t, a, g, 500), Amount: money.Fen(500)}
			g.FailNext("alipay.trade.refund", code)
			if e, err := a.Refund(t.Context(), r); err == nil || errors.Is(err, provider.ErrRefused) {
				t.Fatalf("Refund: %+v, %v", e, err)
			}
			if e, err := a.Refund(t.Context(), r); err != nil || e.State != provider.Paid {
				t.Fatalf("Refund again: %+v, %v", e, err)
			}
		})
	}
}

func TestATransferMayFailLater(t *testing.T) {
	t.Parallel()
	a, g := start(t, alipayfake.NewKeys(t))
	p := provider.Payout{ID: providertest.NewID(), Amount: money.Fen(500), To: alipayfake.SlowAccount}
	_, err := a.Payout(t.Context(), p)
	must(t, err)
	g.Settle(t, p.ID, "FAIL")
	for range 2 {
		if e, err := a.Payout(t.Context(), p); err != nil || e.State != provider.Failed || e.Reason == "" {
			t.Errorf("Payout: %+v, %v", e, err)
		}
	}
	if n := g.Calls("alipay.fund.trans.uni.transfer"); n != 1 {
		t.Errorf("%d transfers", n)
	}
}

func TestPayees(t *testing.T) {
	t.Parallel()
	a, _ := start(t, alipayfake.NewKeys(t))
	for to, want := range map[string]provider.State{
		"2088000000000777": provider.Paid, "13800000000 张 三": provider.Paid, " li@example.com  李四 ": provider.Paid, "13800000000": provider.Failed,
	} {
		p := provider.Payout{ID: providertest.NewID(), Amount: money.Fen(500), To: to, Title: "提现"}
		if e, err := a.Payout(t.Context(), p); err != nil || e.State != want {
			t.Errorf("to %q: %+v, %v; want %s", to, e, err, want)
		}
	}
}

// TestErrorsKeepSecrets: neither keys nor signed addresses nor bills' addresses.
func TestErrorsKeepSecrets(t *testing.T) {
	t.Parallel()
	keys := alipayfake.NewKeys(t)
	gone := httptest.NewServer(http.NotFoundHandler())
	c := configFor(t, alipayfake.New(t, keys), keys)
	c.Gateway, c.HTTP = gone.URL, nil
	gone.Close()
	a, err := New(c)
	must(t, err)
	defer a.http.CloseIdleConnections()
	_, err = a.Payment(t.Context(), providertest.NewOrder(5))
	if err == nil || strings.Contains(err.Error(), "sign=") || strings.Contains(err.Error(), gone.URL) {
		t.Errorf("the error is %v", err)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	keys := alipayfake.NewKeys(t)
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 2 << 10 {
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				return
			}
		}
	}))
	defer endless.Close()
	c := configFor(t, alipayfake.New(t, keys), keys)
	c.Gateway, c.HTTP = endless.URL, endless.Client()
	a, err := New(c)
	must(t, err)
	if _, err := a.Payment(t.Context(), providertest.NewOrder(5)); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("an endless answer: %v", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	keys := alipayfake.NewKeys(t)
	good := configFor(t, alipayfake.New(t, keys), keys)
	must(t, good.Check())
	for want, change := range map[string]func(*Config){
		"app id":         func(c *Config) { c.AppID = "20210000" },
		"seller id":      func(c *Config) { c.SellerID = "2021000000000001" },
		"private key":    func(c *Config) { c.PrivateKey = c.PrivateKey[:100] },
		"public key":     func(c *Config) { c.AlipayPublicKey = "" },
		"our own":        func(c *Config) { c.AlipayPublicKey = alipayfake.Keys{Alipay: keys.Merchant}.AlipayPublic(t) },
		"gateway":        func(c *Config) { c.Gateway = "openapi.alipay.com" },
		"notify address": func(c *Config) { c.NotifyURL = "/v1/payments/webhooks/alipay" },
	} {
		c := good
		change(&c)
		err := c.Check()
		if err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 200 {
			t.Errorf("want %q: %v", want, err)
		}
		if _, err := New(c); err == nil {
			t.Errorf("a client without a good %s", want)
		}
	}
	der, err := x509.MarshalPKCS8PrivateKey(keys.Merchant)
	must(t, err)
	good.PrivateKey = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	must(t, good.Check())
}

func TestNoticesAreReadOnce(t *testing.T) {
	t.Parallel()
	a, g := start(t, alipayfake.NewKeys(t))
	o := paidOrder(t, a, g, 500)
	n := string(g.Notice(t, o.ID, time.Now(), alipayfake.ByAlipay))
	end := strings.Index(n, "%3D%3D&sign_type") // the last letter before it holds four bits that mean nothing
	for _, bad := range []string{n[:end-1] + string(n[end-1]+1) + n[end:], n[:end] + "%0A" + n[end:], n + "&total_amount=9.99", "total_amount=9.99&" + n, n + "&extra=", strings.Replace(n, "RSA2", "RSA", 1), strings.Replace(n, "RSA2", "", 1)} {
		if events, err := a.Notification(nil, []byte(bad), time.Now()); !errors.Is(err, provider.ErrSignature) || events != nil {
			t.Errorf("%s: %+v, %v", bad, events, err)
		}
	}
}

func TestSubjects(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{"a/b=c&d  e,f\n": "a b c d e f", "": "Life Circle", "&": "Life Circle", strings.Repeat("圈", 300): strings.Repeat("圈", 128)} {
		if got := subject(title); got != want {
			t.Errorf("%q becomes %q", title, got)
		}
	}
}

func FuzzAlipayNotification(f *testing.F) {
	keys := alipayfake.NewKeys(f)
	a, g := start(f, keys)
	o := paidOrder(f, a, g, 500)
	now := time.Now()
	f.Add(g.Notice(f, o.ID, now, alipayfake.ByAlipay))
	f.Add([]byte("sign_type=RSA2&sign=AA=="))
	f.Fuzz(func(t *testing.T, body []byte) {
		events, err := a.Notification(nil, body, now)
		if err != nil && events != nil {
			t.Errorf("%v, %v", events, err)
		}
		if p, err := url.ParseQuery(string(body)); err == nil { // what is behind the signature
			tr := trade{OutTradeNo: p.Get("out_trade_no"), Status: p.Get("trade_status"), TotalAmount: p.Get("total_amount"), PaidAt: p.Get("gmt_payment")}
			if e, err := tr.event(); err == nil && e.Amount.Amount < 0 {
				t.Errorf("%+v", e)
			}
		}
	})
}
