package alipayfake

import (
	"encoding/json"
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

const layout = "2006-01-02 15:04:05"

func zone() *time.Location { return time.FixedZone("Asia/Shanghai", 8*60*60) }

func stamp(t time.Time) string { return t.In(zone()).Format(layout) }

// trade is a payment.
type trade struct {
	id, no, subject, notify string
	amount, paid, back      int64 // fen: asked for, paid, given back
	status                  string
	created, paidAt, ended  time.Time
}

type refund struct {
	id, trade string
	amount    int64 // fen
	at        time.Time
}

func yuan(fen int64) string { return fmt.Sprintf("%d.%02d", fen/100, fen%100) }

func fen(yuan string) int64 {
	n, err := strconv.ParseInt(strings.Replace(yuan, ".", "", 1), 10, 64)
	if err != nil || len(yuan) < 4 || yuan[len(yuan)-3] != '.' {
		return -1
	}
	return n
}

// page is alipay.trade.page.pay: the payer's browser brings our signed request.
func (g *Gateway) page(w http.ResponseWriter, r *http.Request) {
	p := r.URL.Query()
	var b struct {
		ID      string `json:"out_trade_no"`
		Product string `json:"product_code"`
		Amount  string `json:"total_amount"`
		Subject string `json:"subject"`
		Expire  string `json:"time_expire"`
	}
	bad := g.checkRequest(p)
	if err := json.Unmarshal([]byte(p.Get("biz_content")), &b); bad == "" && (err != nil || p.Get("method") != "alipay.trade.page.pay" ||
		b.ID == "" || b.Product != "FAST_INSTANT_TRADE_PAY" || fen(b.Amount) < 1 || b.Subject == "" || strings.ContainsAny(b.Subject, "/=&")) {
		bad = "ACQ.INVALID_PARAMETER"
	}
	if _, err := time.ParseInLocation(layout, b.Expire, zone()); bad == "" && b.Expire != "" && err != nil {
		bad = "ACQ.INVALID_PARAMETER"
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if bad == "" {
		if t := g.trades[b.ID]; t == nil {
			g.trades[b.ID] = &trade{
				id: b.ID, no: g.next(), subject: b.Subject, notify: p.Get("notify_url"), amount: fen(b.Amount), status: "WAIT_BUYER_PAY", created: time.Now(),
			}
		} else if t.amount != fen(b.Amount) {
			bad = "ACQ.CONTEXT_INCONSISTENT"
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if bad != "" {
		_, _ = fmt.Fprintf(w, "<h1>错误</h1><p>%s</p>", bad)
		return
	}
	_, _ = fmt.Fprintf(w, "<h1>%s</h1><p>%s</p>", html.EscapeString(b.Subject), b.Amount)
}

// Visit is the payer who opens a checkout page.
func (g *Gateway) Visit(t testing.TB, address string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := g.HTTP().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if text, err := io.ReadAll(res.Body); err != nil || strings.Contains(string(text), "错误") {
		t.Fatalf("the page says %s (%v)", text, err)
	}
}

// Pay is the payer who pays.
func (g *Gateway) Pay(t testing.TB, id string, fen int64) {
	g.end(t, id, func(tr *trade) { tr.status, tr.paid, tr.paidAt = "TRADE_SUCCESS", fen, time.Now() })
}

// Close is the time of a trade that is over.
func (g *Gateway) Close(t testing.TB, id string) {
	g.end(t, id, func(tr *trade) { tr.status, tr.ended = "TRADE_CLOSED", time.Now() })
}

func (g *Gateway) end(t testing.TB, id string, change func(*trade)) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	tr := g.trades[id]
	if tr == nil || tr.status != "WAIT_BUYER_PAY" {
		t.Fatalf("trade %s does not wait for its payer: %+v", id, tr)
	}
	change(tr)
}

// total is what notifications and answers say of the amount.
func (t *trade) total() string {
	if t.paidAt.IsZero() {
		return yuan(t.amount)
	}
	return yuan(t.paid)
}

func (g *Gateway) queryTrade(id string) map[string]any {
	t := g.trades[id]
	if t == nil {
		return refused("40004", "Business Failed", "ACQ.TRADE_NOT_EXIST", "交易不存在")
	}
	node := ok(map[string]any{
		"out_trade_no": t.id, "trade_no": t.no, "trade_status": t.status, "total_amount": t.total(),
		"buyer_logon_id": "138****0000", "receipt_amount": "0.00", "point_amount": "0.00",
	})
	if !t.paidAt.IsZero() {
		node["send_pay_date"] = stamp(t.paidAt)
	}
	return node
}

func (g *Gateway) refund(id, request, amount string) map[string]any {
	t, r := g.trades[id], g.refunds[request]
	switch {
	case t == nil:
		return refused("40004", "Business Failed", "ACQ.TRADE_NOT_EXIST", "交易不存在")
	case r != nil && (r.trade != id || r.amount != fen(amount)):
		return refused("40004", "Business Failed", "ACQ.DISCORDANT_REPEAT_REQUEST", "请求信息不一致")
	case r == nil && t.status != "TRADE_SUCCESS":
		return refused("40004", "Business Failed", "ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
	case r == nil && (fen(amount) < 1 || t.back+fen(amount) > t.paid):
		return refused("40004", "Business Failed", "ACQ.REASON_TRADE_REFUND_FEE_ERR", "退款金额无效")
	}
	change := "N"
	if r == nil {
		change = "Y"
		g.refunds[request] = &refund{id: request, trade: id, amount: fen(amount), at: time.Now()}
		if t.back += fen(amount); t.back == t.paid {
			t.status, t.ended = "TRADE_CLOSED", time.Now()
		}
	}
	return ok(map[string]any{"out_trade_no": t.id, "trade_no": t.no, "fund_change": change, "refund_fee": yuan(t.back), "buyer_logon_id": "138****0000"})
}

func (g *Gateway) queryRefund(id, request string) map[string]any {
	t, r := g.trades[id], g.refunds[request]
	switch {
	case t == nil:
		return refused("40004", "Business Failed", "TRADE_NOT_EXIST", "查询退款的交易不存在")
	case r == nil || r.trade != id:
		return ok(map[string]any{}) // as the real one says that there is none
	}
	return ok(map[string]any{
		"out_trade_no": t.id, "trade_no": t.no, "out_request_no": r.id, "refund_amount": yuan(r.amount), "total_amount": t.total(),
		"refund_status": "REFUND_SUCCESS", "gmt_refund_pay": stamp(r.at),
	})
}

// Signer chooses who signs a notification and whom it is for.
type Signer int

// The signers.
const (
	ByAlipay Signer = iota
	ByForger
	ForAnotherApp
	ForAnotherSeller
)

// Notice is what Alipay says of a trade now, sent at a time.
func (g *Gateway) Notice(t testing.TB, id string, at time.Time, by Signer) []byte {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	tr := g.trades[id]
	if tr == nil {
		t.Fatalf("no trade %s", id)
	}
	p := url.Values{
		"notify_time": {stamp(at)}, "notify_type": {"trade_status_sync"}, "notify_id": {g.next()}, "app_id": {AppID}, "auth_app_id": {AppID},
		"charset": {"utf-8"}, "version": {"1.0"}, "trade_no": {tr.no}, "out_trade_no": {tr.id}, "seller_id": {SellerID}, "buyer_id": {"2088000000000999"},
		"trade_status": {tr.status}, "total_amount": {tr.total()}, "subject": {tr.subject}, "gmt_create": {stamp(tr.created)},
		"fund_bill_list": {`[{"amount":"` + tr.total() + `","fundChannel":"ALIPAYACCOUNT"}]`},
	}
	if !tr.paidAt.IsZero() {
		p.Set("gmt_payment", stamp(tr.paidAt))
	}
	if !tr.ended.IsZero() {
		p.Set("gmt_close", stamp(tr.ended))
	}
	key := g.keys.Alipay
	switch by {
	case ByAlipay:
	case ByForger:
		key = g.keys.Forger
	case ForAnotherApp:
		p.Set("app_id", "2021000000000666")
	case ForAnotherSeller:
		p.Set("seller_id", "2088000000000666")
	}
	p.Set("sign", signature(key, content(p)))
	p.Set("sign_type", "RSA2")
	return []byte(p.Encode())
}
