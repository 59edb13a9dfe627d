package stripe

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lifecircle/internal/money"
	"lifecircle/payments/provider"
	"lifecircle/payments/provider/providertest"
	"lifecircle/payments/provider/providertest/stripefake"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// opened returns an order with an open session.
func opened(t testing.TB, s *Client, fen int64) provider.Order {
	t.Helper()
	o := providertest.NewOrder(fen)
	c, err := s.Checkout(t.Context(), o)
	must(t, err)
	o.Ref = c.Ref
	return o
}

func paidOrder(t testing.TB, s *Client, api *stripefake.API, fen int64) provider.Order {
	t.Helper()
	o := opened(t, s, fen)
	api.Pay(t, o.ID, fen)
	return o
}

func payout() provider.Payout {
	return provider.Payout{ID: providertest.NewID(), Amount: money.Fen(500), To: stripefake.GoodAccount, Title: "提现"}
}

// TestNobodyKnows: an answer that was lost, or an error of Stripe's, is an
// error, and the same id afterwards moves nothing twice, nor does it once
// Stripe has forgotten the key.
func TestNobodyKnows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		forget bool
	}{"answer lost": {0, false}, "answer lost, a day ago": {0, true}, "error": {500, false}, "too many requests": {429, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, api := start(t)
			once := config(api) // on a connection that was used before, net/http itself repeats what has an idempotency key
			once.HTTP = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			s, err := New(once)
			must(t, err)
			o := paidOrder(t, s, api, 5_000)
			p, r := payout(), provider.Refund{ID: providertest.NewID(), Order: o, Amount: money.Fen(700)}
			for route, do := range map[string]func() (provider.Event, error){
				"POST /v1/transfers": func() (provider.Event, error) { return s.Payout(t.Context(), p) },
				"POST /v1/refunds":   func() (provider.Event, error) { return s.Refund(t.Context(), r) },
			} {
				api.FailNext(route, c.status)
				if e, err := do(); err == nil || errors.Is(err, provider.ErrRefused) || errors.Is(err, provider.ErrUnknown) {
					t.Fatalf("%s: %+v, %v", route, e, err)
				}
				if c.forget {
					api.ForgetKeys()
				}
				for range 2 {
					if e, err := do(); err != nil || e.State != provider.Paid {
						t.Fatalf("%s again: %+v, %v", route, e, err)
					}
				}
				if n := api.Calls(route); n != 1 {
					t.Errorf("%s did its work %d times", route, n)
				}
			}
		})
	}
}

// TestABalanceThatWasTooLow: Stripe repeats that answer for a day, to the same key.
func TestABalanceThatWasTooLow(t *testing.T) {
	t.Parallel()
	s, api := start(t)
	p := payout()
	for range 3 {
		if e, err := s.Payout(t.Context(), p); err == nil || errors.Is(err, provider.ErrRefused) {
			t.Fatalf("without money: %+v, %v", e, err)
		}
	}
	paidOrder(t, s, api, 5_000)
	for range 2 {
		if e, err := s.Payout(t.Context(), p); err != nil || e.State != provider.Paid {
			t.Fatalf("with money: %+v, %v", e, err)
		}
	}
}

func TestAPaymentThatTakesDays(t *testing.T) {
	t.Parallel()
	s, api := start(t)
	o := opened(t, s, 5_000)
	api.PayLater(t, o.ID)
	read := func(e stripefake.Event) provider.State {
		t.Helper()
		h, body := api.Notice(t, o.ID, time.Now(), e)
		events, err := s.Notification(h, body, time.Now())
		if err != nil || len(events) != 1 {
			t.Fatalf("%v, %v", events, err)
		}
		return events[0].State
	}
	if e, err := s.Payment(t.Context(), o); err != nil || e.State != provider.Pending {
		t.Errorf("under way: %+v, %v", e, err)
	}
	if state := read(stripefake.Event{}); state != provider.Pending {
		t.Errorf("under way: %s", state)
	}
	api.Fail(t, o.ID)
	if e, err := s.Payment(t.Context(), o); err != nil || e.State != provider.Failed || e.Reason == "" {
		t.Errorf("at the end: %+v, %v", e, err)
	}
	if state := read(stripefake.Event{Type: "checkout.session.async_payment_failed"}); state != provider.Failed {
		t.Errorf("at the end: %s", state)
	}
}

func TestEventsOfRefunds(t *testing.T) {
	t.Parallel()
	s, api := start(t)
	r := provider.Refund{ID: providertest.NewID(), Order: paidOrder(t, s, api, 5_000), Amount: money.Fen(700)}
	_, err := s.Refund(t.Context(), r)
	must(t, err)
	for status, want := range map[string]provider.State{"succeeded": provider.Paid, "pending": provider.Pending, "failed": provider.Failed, "canceled": provider.Failed} {
		h, body := api.RefundNotice(t, time.Now(), status)
		events, err := s.Notification(h, body, time.Now())
		if err != nil || len(events) != 1 || events[0].Kind != provider.Return || events[0].ID != r.ID || events[0].State != want {
			t.Errorf("%s: %+v, %v", status, events, err)
		}
	}
}

// TestEventsThatSayNothing: of types we do not read, or of things not ours.
func TestEventsThatSayNothing(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	for _, body := range []string{
		`{"object":"event","type":"customer.created","data":{"object":{}}}`,
		`{"object":"event","type":"checkout.session.completed"}`,
		`{"object":"event","type":"checkout.session.completed","data":{"object":{"id":"cs_1","payment_status":"paid","client_reference_id":"x"}}}`,
		`{"object":"event","type":"checkout.session.expired","data":{"object":{"id":"cs_1","status":"expired"}}}`,
		`{"object":"event","type":"refund.updated","data":{"object":{"id":"re_1","status":"succeeded"}}}`,
	} {
		h, signed := stripefake.Sign(time.Now(), []byte(body), "")
		if events, err := s.Notification(h, signed, time.Now()); err != nil || len(events) != 0 {
			t.Errorf("%s: %+v, %v", body, events, err)
		}
	}
}

func TestSignatureHeaders(t *testing.T) {
	t.Parallel()
	s, api := start(t)
	o := paidOrder(t, s, api, 500)
	h, body := api.Notice(t, o.ID, time.Now(), stripefake.Event{})
	good := h.Get(header)
	for _, bad := range []string{
		"", "t=1", good + ",t=1", "t=1," + good, strings.Replace(good, "t=", "t=+", 1), strings.Replace(good, "t=", "t=0", 1),
		strings.ReplaceAll(good, "v1=", "v0="), good + strings.Repeat(",v1=00", maxHeader),
	} {
		if events, err := s.Notification(http.Header{header: {bad}}, body, time.Now()); !errors.Is(err, provider.ErrSignature) || events != nil {
			t.Errorf("%.100q: %+v, %v", bad, events, err)
		}
	}
}

func TestAReferenceOfAnotherOrder(t *testing.T) {
	t.Parallel()
	s, api := start(t)
	o, other := paidOrder(t, s, api, 500), opened(t, s, 500)
	other.Ref = o.Ref
	if e, err := s.Payment(t.Context(), other); err == nil {
		t.Errorf("Payment: %+v", e)
	}
	if e, err := s.Refund(t.Context(), provider.Refund{ID: providertest.NewID(), Order: other, Amount: money.Fen(5)}); err == nil {
		t.Errorf("Refund: %+v", e)
	}
}

func TestOrdersThatStripeNeverTakes(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	brief := providertest.NewOrder(5) // the life of a top-up, already begun
	brief.ExpiresAt = time.Now().Add(30*time.Minute - 5*time.Second)
	if _, err := s.Checkout(t.Context(), brief); err != nil {
		t.Errorf("half an hour: %v", err)
	}
	long, short, page := providertest.NewOrder(5), providertest.NewOrder(5), providertest.NewOrder(5)
	long.ExpiresAt, short.ExpiresAt, page.ReturnURL = time.Now().Add(48*time.Hour), time.Now().Add(time.Minute), "/wallet"
	for _, o := range []provider.Order{providertest.NewOrder(0), providertest.NewOrder(1e9), long, short, page} {
		if c, err := s.Checkout(t.Context(), o); !errors.Is(err, provider.ErrRefused) {
			t.Errorf("%+v: %+v, %v", o, c, err)
		}
	}
	o := opened(t, s, 500)
	o.Amount.Amount++
	if c, err := s.Checkout(t.Context(), o); !errors.Is(err, provider.ErrIDTaken) || errors.Is(err, provider.ErrRefused) {
		t.Errorf("the same id with another amount: %+v, %v", c, err)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range maxAnswer/(1<<16) + 2 {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	}))
	defer endless.Close()
	s, err := New(Config{SecretKey: "sk_test_x", WebhookSecret: "whsec_x", APIBase: endless.URL, HTTP: endless.Client()})
	must(t, err)
	if _, err := s.Checkout(t.Context(), providertest.NewOrder(5)); !errors.Is(err, errTooLong) {
		t.Errorf("an endless answer: %.400v", err)
	}
}

func TestErrorsAreShortAndKeepSecrets(t *testing.T) {
	t.Parallel()
	for _, body := range []string{strings.Repeat("x", 5_000), `{"error":{"message":"` + strings.Repeat("x", 5_000) + `"}}`, `{"no":"` + strings.Repeat("x", 5_000) + `"}`} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			_, _ = w.Write([]byte(body))
		}))
		s, err := New(Config{SecretKey: "sk_test_confidential", WebhookSecret: "whsec_x", APIBase: srv.URL, HTTP: srv.Client()})
		must(t, err)
		_, err = s.Checkout(t.Context(), providertest.NewOrder(5))
		srv.Close()
		if err == nil || len(err.Error()) > 2*maxError || strings.Contains(err.Error(), "confidential") {
			t.Errorf("%v", err)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	_, api := start(t)
	good := config(api)
	for want, change := range map[string]func(*Config){
		"secret key":     func(c *Config) { c.SecretKey = "pk_live_confidential" },
		"webhook secret": func(c *Config) { c.WebhookSecret = "confidential" },
		"account":        func(c *Config) { c.Account = "me" },
		"API base":       func(c *Config) { c.APIBase = "api.stripe.com" },
	} {
		c := good
		change(&c)
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "confidential") {
			t.Errorf("want %q: %v", want, err)
		}
		if _, err := New(c); err == nil {
			t.Errorf("a client without a good %s", want)
		}
	}
	for key, live := range map[string]bool{"sk_live_1": true, "rk_live_1": true, "sk_test_live_1": false, "rk_test_1": false} {
		good.SecretKey = key
		if err := good.Check(); err != nil || good.live() != live {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func FuzzStripeNotification(f *testing.F) {
	s, api := start(f)
	o := paidOrder(f, s, api, 500)
	now := time.Now()
	h, body := api.Notice(f, o.ID, now, stripefake.Event{})
	f.Add(h.Get(header), body, false)
	f.Add("t=1,v1=00", []byte(`{"type":"refund.updated","data":{"object":{"metadata":{"lifecircle_refund":"a"},"status":"succeeded"}}}`), true)
	f.Fuzz(func(t *testing.T, signature string, body []byte, sign bool) {
		h := http.Header{header: {signature}}
		if sign { // so that what is behind the signature is reached
			h, _ = stripefake.Sign(now, body, "")
		}
		events, err := s.Notification(h, body, now)
		if err != nil && events != nil || len(events) > 1 {
			t.Errorf("%v, %v", events, err)
		}
		if err == nil && !json.Valid(body) {
			t.Errorf("%q is an event", body)
		}
	})
}
