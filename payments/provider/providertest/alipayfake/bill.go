package alipayfake

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// billURL makes the bill and an address for it. An address is good for one
// download; the real one is for 30 seconds.
func (g *Gateway) billURL(kind, date string) map[string]any {
	day, err := time.ParseInLocation(time.DateOnly, date, zone())
	if err != nil {
		return refused("40004", "Business Failed", "isp.invalid_arguments", "入参不合法")
	}
	var table, summary string
	var rows int
	switch kind {
	case "trade":
		table, rows = g.tradeTable(day)
		summary = "#支付宝业务汇总查询\r\n门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）\r\n合计,,0,0,0.00\r\n"
	case "signcustomer":
		table, rows = g.accountTable(day)
		summary = "#支付宝账务汇总查询\r\n类型,收入笔数,收入金额（+元）,支出笔数,支出金额（-元）,总金额（元）\r\n合计,0,0.00,0,0.00,0.00\r\n"
	default:
		return refused("40004", "Business Failed", "isp.invalid_arguments", "入参不合法")
	}
	if g.late && (rows == 0 || time.Since(day) < 33*time.Hour) {
		return refused("40004", "Business Failed", "isp.bill_not_exist", "账单不存在")
	}
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	writeTable(z, SellerID+"0156_"+day.Format("20060102")+"_明细(汇总).csv", summary)
	writeTable(z, SellerID+"0156_"+day.Format("20060102")+"_明细.csv", table)
	if err := z.Close(); err != nil {
		panic(err)
	}
	token := rand.Text()
	g.bills[token] = archive.Bytes()
	return ok(map[string]any{"bill_download_url": g.srv.URL + "/bill/" + token})
}

func writeTable(z *zip.Writer, name, text string) {
	gbk := simplifiedchinese.GBK.NewEncoder()
	name, err := gbk.String(name)
	if err != nil {
		panic(err)
	}
	f, err := z.CreateHeader(&zip.FileHeader{Name: name, NonUTF8: true, Method: zip.Deflate})
	if err != nil {
		panic(err)
	}
	raw, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(text))
	if err != nil {
		panic(err)
	}
	if _, err := f.Write(raw); err != nil {
		panic(err)
	}
}

func (g *Gateway) download(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	bill, known := g.bills[r.PathValue("token")]
	delete(g.bills, r.PathValue("token"))
	g.mu.Unlock()
	if !known {
		http.Error(w, "expired", http.StatusForbidden)
		return
	}
	w.Header().Set("Content-Type", "application/zip")
	_, _ = w.Write(bill)
}

func of(day, at time.Time) bool {
	return !at.IsZero() && at.In(zone()).Format(time.DateOnly) == day.Format(time.DateOnly)
}

func (g *Gateway) tradeTable(day time.Time) (table string, rows int) {
	var b strings.Builder
	b.WriteString("#支付宝业务明细查询\r\n#账号：[" + SellerID + "0156]\r\n#-----------------------------------------业务明细列表----------------------------------------\r\n")
	b.WriteString("支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）," +
		"支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注\r\n")
	row := func(t *trade, kind string, at time.Time, amount, request string) {
		rows++
		fmt.Fprintf(&b, "%s\t,%s\t,%s,%s,%s,%s,,,,,*三(138****0000),%s,%s,0.00,0.00,0.00,0.00,0.00,,0.00,0.00,%s\t,-0.01,0.00,\r\n",
			t.no, t.id, kind, t.subject, stamp(t.created), stamp(at), amount, amount, request)
	}
	for _, t := range g.trades {
		if of(day, t.paidAt) {
			row(t, "交易", t.paidAt, yuan(t.paid), "")
		}
	}
	for _, r := range g.refunds {
		if of(day, r.at) {
			row(g.trades[r.trade], "退款", r.at, "-"+yuan(r.amount), r.id)
		}
	}
	b.WriteString("#-----------------------------------------业务明细列表结束------------------------------------\r\n#导出时间：[" + stamp(time.Now()) + "]\r\n")
	return b.String(), rows
}

func (g *Gateway) accountTable(day time.Time) (table string, rows int) {
	var b strings.Builder
	b.WriteString("#支付宝账务明细查询\r\n#账号：[" + SellerID + "0156]\r\n#-----------------------------------------账务明细列表----------------------------------------\r\n")
	b.WriteString("账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注\r\n")
	row := func(flow, id string, at time.Time, in, out, kind string) {
		rows++
		fmt.Fprintf(&b, "%d\t,%s\t,%s\t,转账\t,%s,*三\t,%s,%s,10000.00,支付宝,%s,\r\n", 5_000_000+rows, flow, id, stamp(at), in, out, kind)
	}
	for _, t := range g.trades {
		if of(day, t.paidAt) {
			row(t.no, t.id, t.paidAt, yuan(t.paid), "0.00", "在线支付")
			row(t.no, t.id, t.paidAt, "0.00", "-0.01", "收费")
		}
	}
	for _, t := range g.transfers {
		if t.status == "SUCCESS" && of(day, t.at) {
			row(t.no, t.id, t.at, "0.00", "-"+yuan(t.amount), "转账")
		}
	}
	b.WriteString("#-----------------------------------------账务明细列表结束------------------------------------\r\n")
	return b.String(), rows
}
