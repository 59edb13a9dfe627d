package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lifecircle/hub/hubtest"
	"lifecircle/hub/hubtest/redisserver"
	"lifecircle/hub/wire"
	"lifecircle/internal/config"
	"lifecircle/internal/pgtest"
)

// said is an answer to a request that moves money.
type said struct {
	status int
	body   map[string]any
}

func (a said) code() string { c, _ := a.body["code"].(string); return c }

// pay sends a body as it is, with a key unless that is empty.
func (s *server) pay(t *testing.T, method, path, token, key, body string) said {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := said{status: resp.StatusCode}
	if err := json.Unmarshal(raw, &a.body); err != nil {
		t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, raw)
	}
	return a
}

// rich makes people with so much each.
func (s *server) rich(t *testing.T, n int, fen any) []user {
	t.Helper()
	var made struct{ Items []user }
	s.call(t, "POST", "/v1/dev/users", "", map[string]any{"count": n, "balance": fen}, &made)
	return made.Items
}

type wallet struct {
	Balance struct{ Amount int64 }
	Held    int64
	Limits  struct {
		SpentToday int64 `json:"spent_today"`
	}
}

func (s *server) wallet(t *testing.T, of user) (w wallet) {
	t.Helper()
	s.call(t, "GET", "/v1/wallet", of.Token, nil, &w)
	return w
}

// moneyRows counts what is in the tables that money writes to.
func (s *server) moneyRows(t *testing.T) (n int) {
	t.Helper()
	for _, table := range []string{
		"transfers", "entries", "tips", "refunds", "topups", "withdrawals", "holds", "payers", "contracts", "idempotency_keys", "circle_events",
	} {
		var some int
		if err := s.db.Pool.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&some); err != nil {
			t.Fatal(err)
		}
		n += some
	}
	return n
}

// TestMoneyGoesRound: from the sandbox into a wallet, as tips over both doors
// to an author, and out again; those whose wallets change hear it.
func TestMoneyGoesRound(t *testing.T) {
	t.Parallel()
	c := settings(t, pgtest.URL(t))
	c.Server.Sandbox = "at-once"
	s := start(t, c)
	people := s.users(t, 2)
	author, fan := people[0], people[1]
	circle := s.circle(t, author)
	post := s.post(t, author, circle.ID, "tea")
	payer, _ := s.socket(t, fan.Token, circle.ID, wire.JSON)
	paid, _ := s.socket(t, author.Token, circle.ID, wire.Protobuf)

	topup := s.pay(t, "POST", "/v1/wallet/topups", fan.Token, "in", `{"amount":1000,"currency":"CNY","provider":"sandbox"}`)
	if topup.status != http.StatusCreated || topup.body["status"] != "pending" || !strings.HasPrefix(topup.body["checkout_url"].(string), "/sandbox/") {
		t.Fatalf("top-up: %+v", topup)
	}
	await(t, payer, "wallet.updated")
	if w := s.wallet(t, fan); w.Balance.Amount != 1000 {
		t.Errorf("after the top-up: %+v", w)
	}
	var ended struct{ Status string }
	s.call(t, "GET", "/v1/wallet/topups/"+topup.body["id"].(string), fan.Token, nil, &ended)
	if ended.Status != "paid" {
		t.Errorf("the top-up is %s", ended.Status)
	}
	if status := s.status(t, topup.body["checkout_url"].(string)); status != http.StatusOK {
		t.Errorf("the checkout page: %d", status)
	}

	tip := s.pay(t, "POST", "/v1/posts/"+post.ID+"/tips", fan.Token, "tip 1", `{"amount":100,"currency":"CNY","message":"谢谢"}`)
	if tip.status != http.StatusCreated || tip.body["tip_total"] != 100.0 || tip.body["message"] != "谢谢" {
		t.Fatalf("tip: %+v", tip)
	}
	raw, err := payer.RPC(t.Context(), "tip", fmt.Appendf(nil, `{"post_id":%q,"amount":50,"currency":"CNY","idempotency_key":"tip 2"}`, post.ID))
	if err != nil || !bytes.Contains(raw, []byte(`"tip_total":150`)) {
		t.Fatalf("tip over the socket: %s, %v", raw, err)
	}
	for _, want := range []int64{100, 50} {
		if e := await(t, payer, "tip.created"); e.Tip.Amount != want || e.Tip.From.ID != fan.ID {
			t.Errorf("event: %+v", e)
		}
	}
	await(t, paid, "wallet.updated")
	if w := s.wallet(t, fan); w.Balance.Amount != 850 || w.Limits.SpentToday != 150 {
		t.Errorf("the payer's: %+v", w)
	}
	if w := s.wallet(t, author); w.Balance.Amount != 135 {
		t.Errorf("the author's, nine tenths of it: %+v", w)
	}
	// The same key over the other door is the same tip.
	again := s.pay(t, "POST", "/v1/posts/"+post.ID+"/tips", fan.Token, "tip 2", `{"amount":50,"currency":"CNY"}`)
	if again.status != http.StatusCreated || !bytes.Contains(raw, []byte(again.body["id"].(string))) || s.wallet(t, fan).Balance.Amount != 850 {
		t.Errorf("again: %+v, first %s", again, raw)
	}

	out := s.pay(t, "POST", "/v1/wallet/withdrawals", author.Token, "out", `{"amount":135,"currency":"CNY","provider":"sandbox"}`)
	if out.status != http.StatusCreated {
		t.Fatalf("withdrawal: %+v", out)
	}
	s.until(t, func() bool {
		s.call(t, "GET", "/v1/wallet/withdrawals/"+out.body["id"].(string), author.Token, nil, &ended)
		return ended.Status == "paid"
	})
	if w := s.wallet(t, author); w.Balance.Amount != 0 || w.Held != 0 {
		t.Errorf("after the withdrawal: %+v", w)
	}
}

// badAmounts are values of "amount" and what each is called; "" leaves it out.
var badAmounts = map[string]string{
	"0": "amount_not_positive", "-1": "amount_not_positive", "-0": "amount_not_positive", "-9007199254740993": "amount_not_positive",
	"5.0": "amount_malformed", "0.5": "amount_malformed", "1e2": "amount_malformed", "1E2": "amount_malformed", "1e309": "amount_malformed", "-1e309": "amount_malformed",
	`"5"`: "amount_malformed", `""`: "amount_malformed", "null": "amount_malformed", "true": "amount_malformed", "[5]": "amount_malformed", `{"amount":5}`: "amount_malformed", "": "amount_malformed",
	"9007199254740992": "amount_too_large", "9007199254740993": "amount_too_large", "9223372036854775808": "amount_too_large", strings.Repeat("9", 400): "amount_too_large",
	"9007199254740991": "tip_too_large", "20001": "tip_too_large",
}

// TestBadTipsAreRefusedAlikeOverBothDoors, and write nothing.
func TestBadTipsAreRefusedAlikeOverBothDoors(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, pgtest.URL(t)))
	people := s.rich(t, 2, 10_000)
	circle := s.circle(t, people[0])
	post := s.post(t, people[0], circle.ID, "tea")
	fan := people[1]
	socket, _ := s.socket(t, fan.Token, circle.ID, wire.Protobuf) // which carries data that is no JSON

	const good = `"amount":5,"currency":"CNY"`
	type bad struct{ post, key, members, code string }
	cases := []bad{
		{post.ID, "k", `"amount":5,"currency":"USD"`, "currency_unsupported"},
		{post.ID, "k", `"amount":5,"currency":"cny"`, "currency_unsupported"},
		{post.ID, "k", `"amount":5,"currency":""`, "currency_unsupported"},
		{post.ID, "k", `"amount":5`, "invalid"},
		{post.ID, "k", `"amount":5,"currency":null`, "invalid"},
		{post.ID, "k", `"amount":5,"currency":156`, "invalid"},
		{post.ID, "k", `"amount":5,"amount":5,"currency":"CNY"`, "malformed_json"},
		{post.ID, "k", `"amount":0,"currency":"CNY","amount":5`, "malformed_json"},
		{post.ID, "k", `"amount":05,"currency":"CNY"`, "malformed_json"},
		{post.ID, "k", `"amount":+5,"currency":"CNY"`, "malformed_json"},
		{post.ID, "k", `"amount":NaN,"currency":"CNY"`, "malformed_json"},
		{post.ID, "k", good + `,"visibility":"secret"`, "visibility_unknown"},
		{post.ID, "k", good + `,"visibility":7`, "invalid"},
		{post.ID, "k", good + `,"message":"` + strings.Repeat("x", 201) + `"`, "text_too_long"},
		{post.ID, "k", good + `,"message":"a\u0000b"`, "text_forbidden_character"},
		{post.ID, "k", good + `,"message":" "`, "text_empty"},
		{post.ID, "k", good + `,"from":"` + people[0].ID + `"`, "invalid"},
		{post.ID, "k", good + `,"split":[]`, "invalid"},
		{post.ID, "", good, "idempotency_key_missing"},
		{post.ID, strings.Repeat("k", 300), good, "idempotency_key_malformed"},
		{post.ID, "caf\u00e9", good, "idempotency_key_malformed"},
		{"nonsense", "k", good, "post_not_found"},
		{circle.ID, "k", good, "post_not_found"},
	}
	for amount, code := range badAmounts {
		members := `"currency":"CNY"`
		if amount != "" {
			members += `,"amount":` + amount
		}
		cases = append(cases, bad{post.ID, "k", members, code})
	}
	before := s.moneyRows(t)
	for _, c := range cases {
		overHTTP := s.pay(t, "POST", "/v1/posts/"+c.post+"/tips", fan.Token, c.key, "{"+c.members+"}")
		data := `{"post_id":"` + c.post + `",` + c.members
		if c.key != "" {
			data += `,"idempotency_key":"` + c.key + `"`
		}
		_, err := socket.RPC(t.Context(), "tip", []byte(data+"}"))
		want := fmt.Sprintf("call tip: error %d: %s", 1000+overHTTP.status, c.code)
		if overHTTP.code() != c.code || err == nil || err.Error() != want {
			t.Errorf("%.80s with key %.10q: %d %s and %v, want %s", c.members, c.key, overHTTP.status, overHTTP.code(), err, c.code)
		}
	}
	if after := s.moneyRows(t); after != before {
		t.Errorf("%d rows were written", after-before)
	}
	if w := s.wallet(t, fan); w.Balance.Amount != 10_000 {
		t.Errorf("the wallet: %+v", w)
	}
}

// TestRefusedTipsAreRefusedAlikeOverBothDoors: what is decided with the books
// open keeps its key, and nothing else.
func TestRefusedTipsAreRefusedAlikeOverBothDoors(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, pgtest.URL(t)))
	people := s.rich(t, 3, map[string]any{"amount": 300, "currency": "CNY"})
	circle := s.circle(t, people[0])
	post, gone := s.post(t, people[0], circle.ID, "tea"), s.post(t, people[0], circle.ID, "coffee")
	s.call(t, "DELETE", "/v1/posts/"+gone.ID, people[0].Token, nil, nil)
	fan := people[1]
	socket, _ := s.socket(t, fan.Token, circle.ID, wire.JSON)
	own, _ := s.socket(t, people[0].Token, circle.ID, wire.JSON)
	unknown := post.ID[:13] + "0000000000002"
	guest, _ := s.socket(t, "", circle.ID, wire.JSON)
	if got := s.pay(t, "POST", "/v1/posts/"+post.ID+"/tips", fan.Token, "used", `{"amount":1,"currency":"CNY"}`); got.status != http.StatusCreated {
		t.Fatalf("%+v", got)
	}
	before := s.wallet(t, fan)
	for _, c := range []struct {
		who        user
		socket     *hubtest.Client
		post, code string
		amount     int
		key        string
	}{
		{fan, socket, post.ID, "insufficient_funds", 300, "a"},
		{fan, socket, post.ID, "insufficient_funds", 300, "a"}, // again: as before
		{fan, socket, post.ID, "idempotency_key_reused", 2, "used"},
		{fan, socket, gone.ID, "deleted", 1, "b"},
		{fan, socket, unknown, "post_not_found", 1, "c"},
		{people[0], own, post.ID, "tip_own_post", 1, "d"},
	} {
		overHTTP := s.pay(t, "POST", "/v1/posts/"+c.post+"/tips", c.who.Token, c.key, fmt.Sprintf(`{"amount":%d,"currency":"CNY"}`, c.amount))
		for _, key := range []string{c.key, c.key + " on the socket"} { // the stored refusal, and one of its own
			if key != c.key && c.code == "idempotency_key_reused" {
				continue
			}
			_, err := c.socket.RPC(t.Context(), "tip", fmt.Appendf(nil, `{"post_id":%q,"amount":%d,"currency":"CNY","idempotency_key":%q}`, c.post, c.amount, key))
			if want := fmt.Sprintf("call tip: error %d: %s", 1000+overHTTP.status, c.code); overHTTP.code() != c.code || err == nil || err.Error() != want {
				t.Errorf("%s: %d %s and %v", c.code, overHTTP.status, overHTTP.code(), err)
			}
		}
	}
	if _, err := guest.RPC(t.Context(), "tip", []byte(`{}`)); hubtest.ErrorCode(err) != 101 {
		t.Errorf("a guest's: %v", err)
	}
	if after := s.wallet(t, fan); after != before {
		t.Errorf("the wallet: %+v, before %+v", after, before)
	}
}

// TestHiddenTipsStayHidden: neither events, lists nor answers to anybody else
// tell who paid, or his message.
func TestHiddenTipsStayHidden(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, pgtest.URL(t)))
	people := s.rich(t, 3, 1000)
	author, fan, other := people[0], people[1], people[2]
	circle := s.circle(t, author)
	post := s.post(t, author, circle.ID, "tea")
	tips := "/v1/posts/" + post.ID + "/tips"
	viewers := map[string]*hubtest.Client{}
	for name, token := range map[string]string{"a guest": "", "another": other.Token, "the author": author.Token} {
		viewers[name], _ = s.socket(t, token, circle.ID, wire.JSON)
	}
	payer, _ := s.socket(t, fan.Token, circle.ID, wire.JSON)

	for i, visibility := range []string{"receiver", "anonymous"} {
		message := "the secret of " + visibility
		own := s.pay(t, "POST", tips, fan.Token, visibility, `{"amount":5,"currency":"CNY","message":"`+message+`","visibility":"`+visibility+`"}`)
		if own.body["message"] != message || own.body["from"].(map[string]any)["id"] != fan.ID {
			t.Errorf("the payer's own answer: %+v", own)
		}
		if _, err := payer.RPC(t.Context(), "tip", fmt.Appendf(nil, `{"post_id":%q,"amount":6,"currency":"CNY","message":%q,"visibility":%q,"idempotency_key":"%d"}`, post.ID, message, visibility, i)); err != nil {
			t.Fatal(err)
		}
	}
	s.pay(t, "POST", tips, fan.Token, "last", `{"amount":7,"currency":"CNY","message":"seen by all"}`)

	leaks := func(where string, raw []byte, allowed ...string) {
		t.Helper()
		for _, secret := range []string{fan.ID, "the secret of receiver", "the secret of anonymous"} {
			if bytes.Contains(raw, []byte(secret)) && !slices.Contains(allowed, secret) {
				t.Errorf("%s tells %q: %s", where, secret, raw)
			}
		}
	}
	for name, c := range viewers {
		for n := 0; n < 5; {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			p, err := c.Publication(ctx)
			cancel()
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(p.Data, []byte("tip.created")) {
				n++
			}
			if !bytes.Contains(p.Data, []byte("seen by all")) {
				leaks("an event to "+name, p.Data)
			}
		}
	}
	// What follows tells of the public tip, too, so it is taken away before.
	hidden := func(raw []byte) []byte {
		var page struct{ Items []map[string]json.RawMessage }
		if err := json.Unmarshal(raw, &page); err != nil || len(page.Items) != 5 {
			t.Fatalf("%s: %v", raw, err)
		}
		rest, _ := json.Marshal(page.Items[1:])
		return rest
	}
	leaks("the list for guests", hidden(s.read(t, tips, "")))
	leaks("the list for another", hidden(s.read(t, tips, other.Token)))
	leaks("the list for the author", hidden(s.read(t, tips, author.Token)), fan.ID, "the secret of receiver")
	leaks("the list for the payer", hidden(s.read(t, tips, fan.Token)), fan.ID, "the secret of receiver", "the secret of anonymous")
	if list := s.read(t, tips, author.Token); bytes.Contains(list, []byte("the secret of anonymous")) || bytes.Count(list, []byte(`"from":null`)) != 2 {
		t.Errorf("the author reads %s", list)
	}
	for _, path := range []string{"/v1/posts/" + post.ID, "/v1/circles/" + circle.ID + "/posts", tips + "/quote?amount=5", "/v1/circles/" + circle.ID + "/contract"} {
		leaks(path, s.read(t, path, other.Token))
		leaks(path, s.read(t, path, ""))
	}
	month := "/v1/wallet/statement"
	leaks("the author's statement", s.read(t, month, author.Token))
	leaks("the author's statement to keep", s.read(t, month+"?format=csv", author.Token))
	history, err := viewers["another"].Call(t.Context(), &wire.Command{History: &wire.HistoryRequest{Channel: "circle:" + circle.ID, Limit: 100}})
	if err != nil || history.History == nil || len(history.History.Publications) < 6 {
		t.Fatalf("history: %+v, %v", history, err)
	}
	for _, p := range history.History.Publications {
		if !bytes.Contains(p.Data, []byte("seen by all")) {
			leaks("history", p.Data)
		}
	}
}

// read returns the body of an answer as it is.
func (s *server) read(t *testing.T, path, token string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s, %v", path, resp.StatusCode, raw, err)
	}
	return raw
}

// TestPlayMoney: the sandbox is where no real money can be.
func TestPlayMoney(t *testing.T) {
	t.Parallel()
	c := settings(t, pgtest.URL(t))
	c.Server.Dev = false
	s := start(t, c)
	var limits struct {
		Payments struct {
			Providers []string
			MaxTip    int `json:"max_tip"`
		}
	}
	s.call(t, "GET", "/v1/limits", "", nil, &limits)
	if len(limits.Payments.Providers) != 0 || limits.Payments.MaxTip != 20_000 {
		t.Errorf("limits beside DATABASE_URL: %+v", limits)
	}
	for _, path := range []string{"/sandbox/checkout/x", "/sandbox/checkout.css"} {
		if status := s.status(t, path); status != http.StatusNotFound {
			t.Errorf("%s: %d", path, status)
		}
	}
	if a := s.pay(t, "POST", "/v1/payments/webhooks/sandbox", "", "", `{}`); a.code() != "not_found" {
		t.Errorf("a notification: %+v", a)
	}
	c = settings(t, pgtest.URL(t))
	c.Server.Sandbox = "generous"
	if _, err := Build(t.Context(), Options{Config: c, Log: s.Log, Out: io.Discard}); err == nil || !strings.Contains(err.Error(), "generous") {
		t.Errorf("an unknown behaviour: %v", err)
	}
}

// TestRealProviders: with one of them set up there is no play money, and faults
// in its settings are found at the start.
func TestRealProviders(t *testing.T) {
	t.Parallel()
	a := &App{Options: Options{Log: slog.New(slog.DiscardHandler)}, db: &Database{Pool: pgtest.New(t)}}
	a.Config.Server.PublicURL = "https://circle.example/"
	a.Config.Server.Stripe = config.Stripe{SecretKey: "sk_test_1", WebhookSecret: "whsec_1", API: "http://127.0.0.1:1"}
	all, err := a.providers(t.Context())
	if err != nil || len(all) != 1 || all[0].Name() != "stripe" || a.product.sandbox != nil {
		t.Errorf("with Stripe: %v, %v", all, err)
	}
	a.Config.Server.Alipay = config.Alipay{AppID: "2021000000000000", SellerID: "2088000000000000", PrivateKey: "geheim", PublicKey: "geheim"}
	if _, err := a.providers(t.Context()); err == nil || !strings.Contains(err.Error(), "Alipay") || strings.Contains(err.Error(), "geheim") {
		t.Errorf("with a bad key of Alipay: %v", err)
	}
}

// TestEveryAlarmIsShown: those that payments knows are there from the start.
func TestEveryAlarmIsShown(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "..", "payments", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`\balarm\w+\s*= "([a-z_]+)"`)
	var names []string
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range declared.FindAllStringSubmatch(string(source), -1) {
			names = append(names, m[1])
		}
	}
	known := slices.Sorted(slices.Values(alarms))
	slices.Sort(names)
	if !slices.Equal(names, known) {
		t.Errorf("payments raises %q, the metric knows %q", names, known)
	}
}

// TestWalletsAreHeardOnOtherNodes: the socket may be elsewhere.
func TestWalletsAreHeardOnOtherNodes(t *testing.T) {
	t.Parallel()
	redis, database := redisserver.Start(t), pgtest.URL(t)
	var nodes [2]*server
	for i := range nodes {
		c := settings(t, database)
		c.Server.RedisURL = config.Secret(redis.URL())
		nodes[i] = start(t, c)
	}
	people := nodes[0].rich(t, 2, 1000)
	circle := nodes[0].circle(t, people[0])
	post := nodes[0].post(t, people[0], circle.ID, "tea")
	there, _ := nodes[1].socket(t, people[0].Token, circle.ID, wire.JSON)
	tip := nodes[0].pay(t, "POST", "/v1/posts/"+post.ID+"/tips", people[1].Token, "k", `{"amount":100,"currency":"CNY"}`)
	if tip.status != http.StatusCreated {
		t.Fatalf("tip: %+v", tip)
	}
	await(t, there, "wallet.updated")
	if w := nodes[1].wallet(t, people[0]); w.Balance.Amount != 1090 {
		t.Errorf("wallet: %+v", w)
	}
}
