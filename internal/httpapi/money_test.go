package httpapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

// key is a new Idempotency-Key.
func key() header { return keyed(id.New().String()) }

func keyed(k string) header { return header{"Idempotency-Key", k} }

func (s *site) balance(who header) float64 {
	s.t.Helper()
	return s.want(http.StatusOK, s.do("GET", "/v1/wallet", "", who))["balance"].(map[string]any)["amount"].(float64)
}

// rich makes somebody with so much.
func (s *site) rich(handle string, fen int64) person {
	s.t.Helper()
	p := s.person(handle)
	user, err := id.Parse(p.id)
	if err == nil {
		err = s.money.SetBalance(s.t.Context(), user, fen)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// until asks until the answer has the member.
func (s *site) until(path string, who person, member string, value any) map[string]any {
	s.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		v := s.want(http.StatusOK, s.do("GET", path, "", who.auth()))
		if v[member] == value {
			return v
		}
		if time.Now().After(end) {
			s.t.Fatalf("%s: %v", path, v)
		}
	}
}

// One walk through every route of money that succeeds.
func TestJourneyOfMoney(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ann, bob := s.person("ann"), s.person("bob")
	circle := s.circle(ann)
	post := s.post(ann, circle, "x")

	a := s.do("POST", "/v1/wallet/topups", `{"amount":1000,"currency":"CNY","provider":"sandbox"}`, bob.auth(), key())
	topup := s.want(http.StatusCreated, a)
	if topup["amount"] != 1000.0 || topup["ended_at"] != nil || !strings.HasPrefix(topup["checkout_url"].(string), "/sandbox/checkout/") {
		t.Errorf("top-up: %v", topup)
	}
	s.until(a.Header.Get("Location"), bob, "status", "paid")
	page := s.do("GET", topup["checkout_url"].(string), "")
	if page.StatusCode != http.StatusOK || !strings.Contains(page.Header.Get("Content-Type"), "text/html") || page.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("checkout: %d %v", page.StatusCode, page.Header)
	}

	if q := s.want(http.StatusOK, s.do("GET", post+"/tips/quote?amount=99", "")); q["contract_version"] != 0.0 || q["split"].([]any)[0].(map[string]any)["amount"] != 89.0 {
		t.Errorf("quote: %v", q)
	}
	tip := s.want(http.StatusCreated, s.do("POST", post+"/tips", `{"amount":100,"currency":"CNY","message":"谢谢 <b>","visibility":"receiver"}`, bob.auth(), key()))
	if tip["tip_total"] != 100.0 || tip["from"].(map[string]any)["id"] != bob.id || len(tip["id"].(string)) != 39 || tip["visibility"] != "receiver" {
		t.Errorf("tip: %v", tip)
	}
	for who, want := range map[person]string{ann: "谢谢 <b>", bob: "谢谢 <b>", {}: ""} {
		headers := []header{who.auth()}
		if who.token == "" {
			headers = nil
		}
		list := s.want(http.StatusOK, s.do("GET", post+"/tips?limit=1", "", headers...))["items"].([]any)
		if got := list[0].(map[string]any); got["message"] != want || got["amount"] != 100.0 {
			t.Errorf("%s sees %v", who.handle, got)
		}
	}
	if p := s.want(http.StatusOK, s.do("GET", post, "", bob.auth())); p["counts"].(map[string]any)["tip_total"] != 100.0 || p["can"].(map[string]any)["tip"].(map[string]any)["allowed"] != true {
		t.Errorf("post: %v", p)
	}
	refund := s.want(http.StatusCreated, s.do("POST", "/v1/tips/"+tip["id"].(string)+"/refund", `{"amount":40,"currency":"CNY","reason":"too much"}`, ann.auth(), key()))
	if refund["refunded"] != 40.0 || refund["tip_id"] != tip["id"] {
		t.Errorf("refund: %v", refund)
	}
	if rest := s.want(http.StatusCreated, s.do("POST", "/v1/tips/"+tip["id"].(string)+"/refund", `{}`, bob.auth(), key())); rest["amount"] != 60.0 {
		t.Errorf("the rest: %v", rest)
	}
	s.refused(problem.RefundTooLarge, s.do("POST", "/v1/tips/"+tip["id"].(string)+"/refund", `{}`, bob.auth(), key()))
	s.journeyOfAContract(ann, bob, circle, post)
	s.journeyOfAMonth(bob)
}

func (s *site) journeyOfAContract(ann, bob person, circle, post string) {
	t := s.t
	s.want(http.StatusOK, s.do("PUT", circle+"/members/"+bob.id, `{"role":"partner"}`, ann.auth()))
	terms := `{"author":7000,"partner":2000,"platform":1000,"partner_id":"` + bob.id + `","max_tip":500}`
	if c := s.want(http.StatusCreated, s.do("POST", circle+"/contract", terms, ann.auth(), keyed("terms"))); c["version"] != 1.0 || c["in_force_at"] != nil {
		t.Errorf("half a contract: %v", c)
	}
	if c := s.want(http.StatusOK, s.do("GET", circle+"/contract", "")); c["pending"].(map[string]any)["partner"] != 2000.0 || c["current"].(map[string]any)["version"] != 0.0 {
		t.Errorf("contracts: %v", c)
	}
	if c := s.want(http.StatusCreated, s.do("POST", circle+"/contract", terms, bob.auth())); c["in_force_at"] == nil {
		t.Errorf("a contract: %v", c)
	}
	if q := s.want(http.StatusOK, s.do("GET", post+"/tips/quote?amount=100", "")); q["contract_version"] != 1.0 || q["max_tip"] != 500.0 || len(q["split"].([]any)) != 3 {
		t.Errorf("quote: %v", q)
	}
	s.refused(problem.TipTooLarge, s.do("GET", post+"/tips/quote?amount=501", ""))
}

func (s *site) journeyOfAMonth(bob person) {
	t := s.t
	a := s.do("POST", "/v1/wallet/withdrawals", `{"amount":300,"currency":"CNY","provider":"sandbox","destination":"bob"}`, bob.auth(), key())
	s.want(http.StatusCreated, a)
	s.until(a.Header.Get("Location"), bob, "status", "paid")
	limits := s.want(http.StatusOK, s.do("PATCH", "/v1/wallet/limits", `{"per_tip":50,"per_day":900000}`, bob.auth()))
	if limits["per_tip"] != 50.0 || limits["per_day"] != 500000.0 || limits["next"].(map[string]any)["per_day"] != 900000.0 {
		t.Errorf("limits: %v", limits)
	}
	month := s.want(http.StatusOK, s.do("GET", "/v1/wallet/statement?limit=2", "", bob.auth()))
	if month["closing_balance"] != 700.0 || len(month["items"].([]any)) != 2 {
		t.Errorf("statement: %v", month)
	}
	rest := s.want(http.StatusOK, s.do("GET", "/v1/wallet/statement?cursor="+month["next_cursor"].(string), "", bob.auth()))
	if len(rest["items"].([]any)) != 3 || rest["next_cursor"] != nil {
		t.Errorf("the rest: %v", rest)
	}
	for _, how := range []struct{ query, accept string }{{"?format=csv", ""}, {"", "text/csv"}, {"?format=csv&month=" + month["month"].(string), "application/json"}} {
		file := s.do("GET", "/v1/wallet/statement"+how.query, "", bob.auth(), header{"Accept", how.accept})
		if file.StatusCode != http.StatusOK || file.Header.Get("Content-Type") != "text/csv; charset=utf-8" || strings.Count(string(file.body), "\r\n") != 6 ||
			!strings.HasPrefix(file.Header.Get("Content-Disposition"), `attachment; filename="statement`) || file.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v: %d %v\n%s", how, file.StatusCode, file.Header, file.body)
		}
	}
	if page := s.do("GET", "/v1/wallet/statement?format=json", "", bob.auth(), header{"Accept", "text/csv"}); page.Header.Get("Content-Type") != "application/json" {
		t.Errorf("asked for JSON: %s", page.Header.Get("Content-Type"))
	}
}

// badFen are values of an amount, and what is said of each.
var badFen = map[string]problem.Code{
	"0": problem.AmountNotPositive, "-5": problem.AmountNotPositive, "5.0": problem.AmountMalformed, "1e2": problem.AmountMalformed,
	"1e309": problem.AmountMalformed, `"5"`: problem.AmountMalformed, "true": problem.AmountMalformed, "[]": problem.AmountMalformed,
	"9007199254740993": problem.AmountTooLarge, strings.Repeat("9", 500): problem.AmountTooLarge,
}

// Whatever is wrong with an amount has its own code at every door, and writes nothing.
func TestBadMoney(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ann, bob, eve := s.person("ann"), s.rich("bob", 1000), s.person("eve")
	circle := s.circle(ann)
	post := s.post(ann, circle, "x")
	tip := s.want(201, s.do("POST", post+"/tips", `{"amount":10,"currency":"CNY"}`, bob.auth(), key()))["id"].(string)
	refund := "/v1/tips/" + tip + "/refund"
	before := s.rows()
	for value, code := range badFen {
		for _, door := range []struct{ path, rest string }{
			{post + "/tips", `,"currency":"CNY"`},
			{refund, ``},
			{"/v1/wallet/topups", `,"currency":"CNY","provider":"sandbox"`},
			{"/v1/wallet/withdrawals", `,"currency":"CNY","provider":"sandbox"`},
		} {
			v := s.refused(code, s.do("POST", door.path, `{"amount":`+value+door.rest+`}`, bob.auth(), key()))
			if fields, _ := v["errors"].([]any); len(fields) != 1 || fields[0].(map[string]any)["location"] != "body.amount" {
				t.Errorf("%s with %.20s: %v", door.path, value, v["errors"])
			}
		}
		s.refused(code, s.do("PATCH", "/v1/wallet/limits", `{"per_day":`+value+`}`, bob.auth()))
		if value[0] != '"' && value[0] != '[' {
			s.refused(code, s.do("GET", post+"/tips/quote?amount="+value, ""))
		}
	}
	for _, door := range []struct {
		method, path, body string
		code               problem.Code
	}{
		{"GET", post + "/tips/quote", "", problem.AmountMalformed},
		{"GET", post + "/tips/quote?amount=%205", "", problem.AmountMalformed},
		{"GET", post + "/tips/quote?amount=20001", "", problem.TipTooLarge},
		{"POST", "/v1/wallet/topups", `{"currency":"CNY","provider":"sandbox"}`, problem.AmountMalformed},
		{"POST", "/v1/wallet/topups", `{"amount":null,"currency":"CNY","provider":"sandbox"}`, problem.AmountMalformed},
		{"POST", "/v1/wallet/topups", `{"amount":5000001,"currency":"CNY","provider":"sandbox"}`, problem.AmountTooLarge},
		{"POST", "/v1/wallet/topups", `{"amount":5,"currency":"USD","provider":"sandbox"}`, problem.CurrencyUnsupported},
		{"POST", "/v1/wallet/topups", `{"amount":5,"provider":"sandbox"}`, problem.Invalid_},
		{"POST", "/v1/wallet/topups", `{"amount":5,"currency":"CNY"}`, problem.Invalid_},
		{"POST", "/v1/wallet/topups", `{"amount":5,"currency":"CNY","provider":"stripe"}`, problem.ProviderUnknown},
		{"POST", "/v1/wallet/topups", `{"amount":5,"currency":"CNY","provider":"\u0000"}`, problem.ProviderUnknown},
		{"POST", "/v1/wallet/topups", `{"amount":1,"amount":5,"currency":"CNY","provider":"sandbox"}`, problem.MalformedJSON},
		{"POST", "/v1/wallet/withdrawals", `{"amount":5,"currency":"EUR","provider":"sandbox"}`, problem.CurrencyUnsupported},
		{"POST", "/v1/wallet/withdrawals", `{"amount":5,"currency":"CNY","provider":"sandbox","destination":"` + strings.Repeat("x", 101) + `"}`, problem.PayoutRefused},
		{"POST", "/v1/wallet/withdrawals", `{"amount":5,"currency":"CNY","provider":"sandbox","destination":"a\u0000"}`, problem.PayoutRefused},
		{"POST", refund, `{"amount":5,"currency":"USD"}`, problem.CurrencyUnsupported},
		{"POST", refund, `{"reason":"` + strings.Repeat("x", 201) + `"}`, problem.TextTooLong},
		{"PATCH", "/v1/wallet/limits", `{"per_tip":20001}`, problem.LimitUnsuitable},
		{"PATCH", "/v1/wallet/limits", `{"per_week":1}`, problem.Invalid_},
		{"POST", circle + "/contract", `{"author":10000,"partner":1,"platform":0}`, problem.SharesUnsuitable},
		{"POST", circle + "/contract", `{"author":10001,"partner":0,"platform":-1}`, problem.Invalid_},
		{"POST", circle + "/contract", `{"author":9000,"partner":1000,"platform":0}`, problem.PartnerUnsuitable},
		{"POST", circle + "/contract", `{"author":1e309,"partner":0,"platform":0}`, problem.Invalid_},
	} {
		s.refused(door.code, s.do(door.method, door.path, door.body, ann.auth(), key()))
	}
	for _, path := range []string{"/v1/tips/nonsense/refund", "/v1/tips/" + post[10:] + "/refund"} {
		s.refused(problem.TipNotFound, s.do("POST", path, `{}`, bob.auth(), key()))
	}
	if after := s.rows(); after != before {
		t.Errorf("%d rows were written", after-before)
	}
	// These are decided with the books open, and keep their keys.
	before = s.rows()
	s.refused(problem.TipNotFound, s.do("POST", "/v1/tips/"+tip[:26]+"0000000000002/refund", `{}`, bob.auth(), key()))
	s.refused(problem.NotRefundable, s.do("POST", refund, `{}`, eve.auth(), key()))
	s.refused(problem.RefundTooLarge, s.do("POST", refund, `{"amount":11}`, bob.auth(), key()))
	s.refused(problem.InsufficientFunds, s.do("POST", "/v1/wallet/withdrawals", `{"amount":991,"currency":"CNY","provider":"sandbox"}`, bob.auth(), key()))
	s.refused(problem.RoleRequired, s.do("POST", circle+"/contract", `{"author":10000,"partner":0,"platform":0}`, bob.auth(), key()))
	if after := s.rows(); after != before+5 {
		t.Errorf("%d rows were written by 5 refusals", after-before)
	}
	if s.balance(bob.auth()) != 990 || s.balance(ann.auth()) != 9 {
		t.Error("a refusal moved money")
	}
}

// Money does not move without a key, and once with it.
func TestKeysOfMoney(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ann, bob := s.person("ann"), s.rich("bob", 1000)
	post := s.post(ann, s.circle(ann), "x")
	tip := s.want(201, s.do("POST", post+"/tips", `{"amount":10,"currency":"CNY"}`, bob.auth(), key()))["id"].(string)
	doors := map[string][2]string{ // two bodies each
		post + "/tips":                {`{"amount":5,"currency":"CNY"}`, `{"amount":6,"currency":"CNY"}`},
		"/v1/tips/" + tip + "/refund": {`{"amount":1}`, `{"amount":2}`},
		"/v1/wallet/topups":           {`{"amount":5,"currency":"CNY","provider":"sandbox"}`, `{"amount":6,"currency":"CNY","provider":"sandbox"}`},
		"/v1/wallet/withdrawals":      {`{"amount":5,"currency":"CNY","provider":"sandbox"}`, `{"amount":6,"currency":"CNY","provider":"sandbox"}`},
	}
	before := s.rows()
	for path, bodies := range doors {
		s.refused(problem.IdempotencyKeyNeeded, s.do("POST", path, bodies[0], bob.auth()))
		for _, bad := range []string{"", strings.Repeat("k", 300), "caf\u00e9", "a\tb", "a\x7f", "\xff"} {
			s.refused(problem.IdempotencyKeyBad, s.do("POST", path, bodies[0], bob.auth(), keyed(bad)))
		}
		s.refused(problem.IdempotencyKeyBad, s.do("POST", path, bodies[0], bob.auth(), keyed("a"), keyed("a")))
	}
	if after := s.rows(); after != before {
		t.Errorf("%d rows were written", after-before)
	}
	for path, bodies := range doors {
		k := keyed("of " + path)
		one := s.want(201, s.do("POST", path, bodies[0], bob.auth(), k))
		two := s.want(201, s.do("POST", path, " "+bodies[0], bob.auth(), k))
		if one["id"] != two["id"] || fmt.Sprint(one) != fmt.Sprint(two) {
			t.Errorf("%s: a repeated key gives %v and %v", path, one, two)
		}
		s.refused(problem.IdempotencyKeyReused, s.do("POST", path, bodies[1], bob.auth(), k))
	}
	for table, want := range map[string]int{"tips": 2, "refunds": 1, "topups": 1, "withdrawals": 1} {
		var n int
		if err := s.pool.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil || n != want {
			t.Errorf("%d rows in %s, %v", n, table, err)
		}
	}
}

// What is somebody's own is nobody else's.
func TestForeignMoney(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	bob, eve := s.rich("bob", 1000), s.person("eve")
	body := `{"amount":5,"currency":"CNY","provider":"sandbox"}`
	topup := s.do("POST", "/v1/wallet/topups", body, bob.auth(), keyed("1")).Header.Get("Location")
	payout := s.do("POST", "/v1/wallet/withdrawals", body, bob.auth(), keyed("2")).Header.Get("Location")
	s.refused(problem.TopUpNotFound, s.do("GET", topup, "", eve.auth()))
	s.refused(problem.PayoutNotFound, s.do("GET", payout, "", eve.auth()))
	s.until(topup, bob, "status", "paid")
	cursor := s.want(200, s.do("GET", "/v1/wallet/statement?limit=1", "", bob.auth()))["next_cursor"].(string)
	s.refused(problem.BadCursor, s.do("GET", "/v1/wallet/statement?cursor="+cursor, "", eve.auth()))
	own := s.want(201, s.do("POST", "/v1/wallet/topups", body, eve.auth(), keyed("1"))) // keys are one's own
	if "/v1/wallet/topups/"+own["id"].(string) == topup {
		t.Error("another's key was answered")
	}
}

// Providers need no token, but their signature.
func TestForgedNotifications(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	bob := s.person("bob")
	topup := s.want(201, s.do("POST", "/v1/wallet/topups", `{"amount":500,"currency":"CNY","provider":"sandbox"}`, bob.auth(), key()))
	s.until("/v1/wallet/topups/"+topup["id"].(string), bob, "status", "paid")
	before := s.rows()
	send := func(path, kind, body string, headers ...header) reached {
		r := httptest.NewRequest("POST", path, strings.NewReader(body))
		if kind != "" {
			r.Header.Set("Content-Type", kind)
		}
		for _, h := range headers {
			r.Header.Add(h.name, h.value)
		}
		return s.send(r)
	}
	forged := fmt.Sprintf(`{"merchant":"x","kind":"payment","id":%q,"state":"paid","amount":500}`, topup["id"])
	now := fmt.Sprint(time.Now().Unix())
	for _, kind := range []string{"", "application/json", "application/x-www-form-urlencoded", "text/plain", "nonsense"} {
		s.refused(problem.WebhookSignature, send("/v1/payments/webhooks/sandbox", kind, forged))
		s.refused(problem.WebhookSignature, send("/v1/payments/webhooks/sandbox", kind, forged, header{"sandbox-signature", "t=" + now + ",v1=" + strings.Repeat("0", 64)}))
		s.refused(problem.WebhookSignature, send("/v1/payments/webhooks/sandbox", kind, ""))
		s.refused(problem.WebhookSignature, send("/v1/payments/webhooks/sandbox", kind, "\xff\x00", header{"Authorization", "Bearer nonsense"}))
	}
	s.refused(problem.NotFound, send("/v1/payments/webhooks/alipay", "", forged))
	s.refused(problem.NotFound, send("/v1/payments/webhooks/%00", "", forged))
	s.refused(problem.BodyTooLarge, send("/v1/payments/webhooks/sandbox", "", strings.Repeat("x", MaxBodyBytes+1)))
	s.refused(problem.MethodNot, s.do("GET", "/v1/payments/webhooks/sandbox", ""))
	if after := s.rows(); after != before || s.balance(bob.auth()) != 500 {
		t.Errorf("%d rows were written, and bob has %v", after-before, s.balance(bob.auth()))
	}
}

// A true notification is answered as its provider wants it, twice, too.
func TestTrueNotifications(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	bob := s.person("bob")
	topup := s.want(201, s.do("POST", "/v1/wallet/topups", `{"amount":500,"currency":"CNY","provider":"sandbox"}`, bob.auth(), key()))
	s.until("/v1/wallet/topups/"+topup["id"].(string), bob, "status", "paid")
	body := s.notice(topup["id"].(string), 500)
	for range 2 {
		r := httptest.NewRequest("POST", "/v1/payments/webhooks/sandbox", strings.NewReader(body))
		r.Header.Set("sandbox-signature", s.signature(time.Now(), body))
		a := s.send(r)
		if a.StatusCode != http.StatusOK || string(a.body) != "ok" || a.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%d %v %s", a.StatusCode, a.Header, a.body)
		}
	}
	for code, sent := range map[problem.Code][2]string{
		problem.WebhookSignature: {s.signature(time.Now(), body), strings.Replace(body, "500", "5000", 1)},
		problem.WebhookStale:     {s.signature(time.Now().Add(-time.Hour), body), body},
		problem.WebhookForeign:   {"", s.notice(id.New().String(), 500)},
		problem.WebhookMalformed: {s.signature(time.Now(), "x"), "x"},
	} {
		if code == problem.WebhookForeign {
			sent[0] = s.signature(time.Now(), sent[1])
		}
		r := httptest.NewRequest("POST", "/v1/payments/webhooks/sandbox", strings.NewReader(sent[1]))
		r.Header.Set("Sandbox-Signature", sent[0])
		s.refused(code, s.send(r))
	}
	if s.balance(bob.auth()) != 500 {
		t.Errorf("bob has %v", s.balance(bob.auth()))
	}
}

// notice is a notification of the sandbox.
func (s *site) notice(topup string, fen int) string {
	s.t.Helper()
	var merchant string
	if err := s.pool.QueryRow(s.t.Context(), `SELECT merchant FROM sandbox_bank`).Scan(&merchant); err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprintf(`{"merchant":%q,"kind":"payment","id":%q,"ref":"r","state":"paid","amount":%d,"at":"2026-01-02T03:04:05Z"}`, merchant, topup, fen)
}

// signature is what the sandbox sends with a notification.
func (s *site) signature(at time.Time, body string) string {
	s.t.Helper()
	var secret []byte
	if err := s.pool.QueryRow(s.t.Context(), `SELECT secret FROM sandbox_bank`).Scan(&secret); err != nil {
		s.t.Fatal(err)
	}
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%x", at.Unix(), mac.Sum(nil))
}

// While no commit of money is to be had, what moves none goes on.
func TestCrowdedPayments(t *testing.T) {
	t.Parallel()
	crowded := false
	s := newSite(t, func(o *Options) { o.PaymentsCrowded = func() bool { return crowded } })
	ann, bob := s.person("ann"), s.rich("bob", 100)
	circle := s.circle(ann)
	post := s.post(ann, circle, "x")
	crowded = true
	for _, path := range []string{post + "/tips", "/v1/tips/x/refund", "/v1/wallet/topups", "/v1/wallet/withdrawals", "/v1/payments/webhooks/sandbox"} {
		s.refused(problem.Overloaded, s.do("POST", path, `{"amount":5,"currency":"CNY"}`, bob.auth(), key()))
	}
	s.post(ann, circle, "y")
	s.want(http.StatusOK, s.do("GET", "/v1/wallet", "", bob.auth()))
	s.want(http.StatusOK, s.do("GET", post+"/tips", ""))
}
