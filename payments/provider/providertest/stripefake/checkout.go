package stripefake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// metadata reads prefix[name]=value.
func metadata(p url.Values, prefix string) object {
	m := object{}
	for name := range p {
		if key, ok := strings.CutPrefix(name, prefix+"["); ok {
			m[strings.TrimSuffix(key, "]")] = p.Get(name)
		}
	}
	return m
}

func number(p url.Values, name string) int64 {
	n, err := strconv.ParseInt(p.Get(name), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

func (a *API) createSession(_ *http.Request, p url.Values) (object, *failure) {
	const item = "line_items[0]"
	amount := number(p, item+"[price_data][unit_amount]")
	expires := time.Now().Add(24 * time.Hour).Unix()
	if p.Has("expires_at") {
		expires = number(p, "expires_at")
	}
	switch left := time.Until(time.Unix(expires, 0)); {
	case p.Get("mode") != "payment" || p.Get(item+"[price_data][currency]") != "cny" || number(p, item+"[quantity]") != 1 ||
		p.Get(item+"[price_data][product_data][name]") == "":
		return nil, invalid("parameter_missing", item, "Missing required param: line_items.")
	case amount < 1:
		return nil, invalid("parameter_invalid_integer", item, "Invalid positive integer")
	case amount > 99_999_999:
		return nil, invalid("amount_too_large", item, "The Checkout Session's total amount must be no more than ¥999,999.99 CNY")
	case left < 30*time.Minute || left > 24*time.Hour:
		return nil, invalid("", "expires_at", "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.")
	}
	for _, name := range []string{"success_url", "cancel_url"} {
		if u, err := url.Parse(p.Get(name)); err != nil || !u.IsAbs() {
			return nil, invalid("url_invalid", name, "Not a valid URL")
		}
	}
	s := a.add("cs", "checkout.session", object{
		"amount_total": amount, "amount_subtotal": amount, "currency": "cny", "client_reference_id": p.Get("client_reference_id"), "expires_at": expires,
		"livemode": false, "metadata": metadata(p, "metadata"), "mode": "payment", "payment_intent": nil, "payment_status": "unpaid", "status": "open",
		"success_url": p.Get("success_url"), "cancel_url": p.Get("cancel_url"), "ui_mode": "hosted",
	})
	s["url"] = a.srv.URL + "/c/pay/" + s.text("id")
	s["-intent"] = metadata(p, "payment_intent_data[metadata]")
	return shown(s), nil
}

// shown hides what the fake keeps for itself.
func shown(o object) object {
	out := object{}
	for name, v := range o {
		if !strings.HasPrefix(name, "-") {
			out[name] = v
		}
	}
	return out
}

func (a *API) getSession(r *http.Request, p url.Values) (object, *failure) {
	s := a.find(r.PathValue("id"))
	if s == nil || s.text("object") != "checkout.session" {
		return nil, missing("checkout.session", r.PathValue("id"))
	}
	return shown(a.expanded(s, expansions(p), "")), nil
}

func (a *API) checkoutPage(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.find(r.PathValue("id"))
	if s == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprintf(w, "<h1>%s</h1>", html.EscapeString(s.text("status")))
}

// Visit is the payer who opens a checkout page.
func (a *API) Visit(t testing.TB, address string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := a.HTTP().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	if _ = res.Body.Close(); res.StatusCode != http.StatusOK {
		t.Fatalf("the page has status %d", res.StatusCode)
	}
}

// byOrder returns the session of one of our orders; a.mu is held.
func (a *API) byOrder(t testing.TB, order string) object {
	t.Helper()
	for _, o := range a.objects {
		if o.text("object") == "checkout.session" && o.text("client_reference_id") == order {
			return o
		}
	}
	t.Fatalf("no session of %s", order)
	return nil
}

// Pay is the payer who pays. The real one takes the amount that was asked for.
func (a *API) Pay(t testing.TB, order string, fen int64) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.byOrder(t, order)
	if s.text("status") != "open" {
		t.Fatalf("the session is %v", s)
	}
	intent := a.add("pi", "payment_intent", object{"amount": fen, "currency": "cny", "status": "succeeded", "metadata": s["-intent"]})
	charge := a.add("ch", "charge", object{
		"amount": fen, "amount_refunded": int64(0), "currency": "cny", "metadata": s["-intent"], "paid": true, "payment_intent": intent["id"],
	})
	intent["latest_charge"] = charge["id"]
	s["payment_intent"], s["status"], s["payment_status"], s["amount_total"] = intent["id"], "complete", "paid", fen
	a.book("charge", charge, fen)
}

// PayLater is a payer whose payment method takes days; Fail ends it.
func (a *API) PayLater(t testing.TB, order string) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.byOrder(t, order)
	intent := a.add("pi", "payment_intent", object{"amount": s["amount_total"], "currency": "cny", "status": "processing", "metadata": s["-intent"]})
	s["payment_intent"], s["status"] = intent["id"], "complete"
}

// Fail ends a payment that took days.
func (a *API) Fail(t testing.TB, order string) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.find(a.byOrder(t, order).text("payment_intent"))["status"] = "requires_payment_method"
}

// Expire is the time of a session that is over.
func (a *API) Expire(t testing.TB, order string) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.byOrder(t, order)["status"] = "expired"
}

// book enters a movement of the balance, in Hong Kong dollars and after a fee
// as for a merchant there; a.mu is held.
func (a *API) book(kind string, source object, fen int64) {
	a.balance += fen
	a.add("txn", "balance_transaction", object{
		"amount": fen * 11 / 10, "currency": "hkd", "fee": int64(34), "net": fen*11/10 - 34, "source": source["id"], "type": kind, "status": "available",
	})
	a.add("txn", "balance_transaction", object{"amount": int64(-34), "currency": "hkd", "fee": int64(0), "net": int64(-34), "source": nil, "type": "stripe_fee"})
}

// Event says how an event differs from a true one.
type Event struct {
	Type    string // "": what the session's state suggests
	Secret  string // "": WebhookSecret
	Live    bool
	Account string
}

// Notice is an event about the session of an order, sent at a time: the header
// and the body.
func (a *API) Notice(t testing.TB, order string, at time.Time, e Event) (http.Header, []byte) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.byOrder(t, order)
	if e.Type == "" {
		e.Type = "checkout.session.completed"
		if s.text("status") == "expired" {
			e.Type = "checkout.session.expired"
		}
	}
	return Sign(at, a.event(e, at, shown(s)), e.Secret)
}

// RefundNotice is an event about the newest refund.
func (a *API) RefundNotice(t testing.TB, at time.Time, status string) (http.Header, []byte) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := len(a.objects) - 1; i >= 0; i-- {
		if o := a.objects[i]; o.text("object") == "refund" {
			o["status"] = status
			return Sign(at, a.event(Event{Type: "refund.updated"}, at, o), "")
		}
	}
	t.Fatal("no refund")
	return nil, nil
}

func (a *API) event(e Event, at time.Time, about object) []byte {
	a.numbers++
	body := object{
		"id": fmt.Sprintf("evt_test_%08d", a.numbers), "object": "event", "api_version": "2026-03-25.dahlia", "created": at.Unix(), "livemode": e.Live,
		"pending_webhooks": 1, "request": object{"id": nil, "idempotency_key": nil}, "type": e.Type, "data": object{"object": about},
	}
	if e.Account != "" {
		body["account"] = e.Account
	}
	return encode(body)
}

// Sign signs a body as Stripe does.
func Sign(at time.Time, body []byte, secret string) (http.Header, []byte) {
	if secret == "" {
		secret = WebhookSecret
	}
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	other := strings.Repeat("ab", sha256.Size) // while a secret is rolled there are two
	return http.Header{"Stripe-Signature": {fmt.Sprintf("t=%d,v1=%s,v1=%s,v0=%s", at.Unix(), other, hex.EncodeToString(mac.Sum(nil)), other)}}, body
}
