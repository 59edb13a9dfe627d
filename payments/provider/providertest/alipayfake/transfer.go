package alipayfake

import (
	"strings"
	"testing"
	"time"
)

// Accounts that do not simply take a transfer.
const (
	GoodAccount = "2088000000000500"
	SlowAccount = "2088000000000501" // DEALING until Settle
	NoAccount   = "nobody@example.com 王五"
)

type transfer struct {
	id, no, payee, status string
	amount                int64 // fen
	at                    time.Time
}

func (g *Gateway) transfer(id, amount, product string, payee any) map[string]any {
	info, _ := payee.(map[string]any)
	who, _ := info["identity"].(string)
	kind, _ := info["identity_type"].(string)
	name, _ := info["name"].(string)
	old := g.transfers[id]
	switch {
	case id == "" || fen(amount) < 10 || product != "TRANS_ACCOUNT_NO_PWD" || who == "":
		return refused("40004", "Business Failed", "INVALID_PARAMETER", "参数有误")
	case old != nil && (old.amount != fen(amount) || old.payee != who):
		return refused("40004", "Business Failed", "PAYMENT_INFO_INCONSISTENCY", "两次请求商户单号一样，但是参数不一致")
	case kind == "ALIPAY_LOGON_ID" && name == "":
		return refused("40004", "Business Failed", "PAYEE_USER_INFO_ERROR", "支付宝账号和姓名不匹配，请确认姓名是否正确")
	case strings.HasPrefix(who, "nobody"):
		return refused("40004", "Business Failed", "PAYEE_NOT_EXIST", "收款账号不存在")
	case old == nil:
		old = &transfer{id: id, no: g.next(), payee: who, status: "SUCCESS", amount: fen(amount), at: time.Now()}
		if who == SlowAccount {
			old.status = "DEALING"
		}
		g.transfers[id] = old
	}
	return ok(map[string]any{"out_biz_no": id, "order_id": old.no, "pay_fund_order_id": old.no, "status": old.status, "trans_date": stamp(old.at)})
}

func (g *Gateway) queryTransfer(id string) map[string]any {
	t := g.transfers[id]
	if t == nil {
		return refused("40004", "Business Failed", "ORDER_NOT_EXIST", "转账订单不存在")
	}
	node := ok(map[string]any{"out_biz_no": id, "order_id": t.no, "pay_fund_order_id": t.no, "status": t.status, "trans_amount": yuan(t.amount)})
	switch t.status {
	case "SUCCESS":
		node["pay_date"] = stamp(t.at)
	case "FAIL":
		node["error_code"], node["fail_reason"] = "PAYEE_CARD_INFO_ERROR", "收款账户异常"
	}
	return node
}

// Settle ends a transfer that is DEALING: SUCCESS or FAIL.
func (g *Gateway) Settle(t testing.TB, id, status string) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	tr := g.transfers[id]
	if tr == nil || tr.status != "DEALING" {
		t.Fatalf("transfer %s is not under way: %+v", id, tr)
	}
	tr.status, tr.at = status, time.Now()
}
