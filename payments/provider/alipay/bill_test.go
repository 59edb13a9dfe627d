package alipay

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"lifecircle/internal/money"
	"lifecircle/payments/provider"
	"lifecircle/payments/provider/providertest/alipayfake"
)

func TestYuanAreExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, money.Max).Draw(t, "fen")
		text, err := yuan(money.Fen(n))
		if err != nil {
			t.Fatal(err)
		}
		if back, err := fen(text); err != nil || back != money.Fen(n) {
			t.Fatalf("%d is %s is %v (%v)", n, text, back, err)
		}
	})
	for text, want := range map[string]int64{"5": 500, "5.2": 520, "5.20": 520, "0.01": 1, "0": 0, "90071992547409.91": money.Max} {
		if got, err := fen(text); err != nil || got != money.Fen(want) {
			t.Errorf("%q is %v (%v)", text, got, err)
		}
	}
	for _, text := range []string{"", ".", "5.", ".5", "5.200", "-5", "+5", "5e2", "5,00", " 5", "５", "90071992547409.92", strings.Repeat("9", 40)} {
		if got, err := fen(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
	for _, a := range []money.Amount{money.Fen(0), money.Fen(-1), {Amount: 5, Currency: "USD"}} {
		if text, err := yuan(a); !errors.Is(err, provider.ErrRefused) {
			t.Errorf("%v is %q", a, text)
		}
	}
}

func TestBillsThatAreNotMade(t *testing.T) {
	t.Parallel()
	a, g := start(t, alipayfake.NewKeys(t))
	g.BillsAreLate()
	now := time.Now()
	if lines, err := a.Book(t.Context(), now.Add(-time.Minute), now); !errors.Is(err, ErrNoBillYet) {
		t.Errorf("today: %v, %v", lines, err)
	}
	if lines, err := a.Book(t.Context(), now.AddDate(0, 0, -9), now.AddDate(0, 0, -7)); err != nil || len(lines) != 0 {
		t.Errorf("days on which nothing happened: %v, %v", lines, err)
	}
	if _, err := a.Book(t.Context(), now.AddDate(-1, 0, 0), now); err == nil {
		t.Error("a year was read")
	}
}

func TestDaysAreThoseOfShanghai(t *testing.T) {
	t.Parallel()
	late := time.Date(2026, 3, 1, 16, 0, 0, 0, time.UTC) // midnight there
	for at, want := range map[time.Time]string{late: "2026-03-02", late.Add(-time.Second): "2026-03-01"} {
		if got := midnight(at).Format(time.DateOnly); got != want {
			t.Errorf("%s is of %s, want %s", at, got, want)
		}
	}
}

// TestTables have had their columns in other orders, half-width brackets and
// back quotes.
func TestTables(t *testing.T) {
	t.Parallel()
	text := "\ufeff#支付宝账务明细查询\r\n" +
		"商户订单号,账务流水号,业务流水号,发生时间,收入金额(+元),支出金额(-元),业务类型\r\n" +
		"`w1\t,1\t,f1\t,2026-03-01 08:00:00,0.00,-12.30,转账\t\r\n" +
		"w2,2,f2,2026-03-01 08:00:00,5.00,0.00,转账\r\n" +
		"w3,3,f3,2026-03-01 08:00:00,0.00,-9.00,提现\r\n" +
		"#结束\r\n"
	gbk, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	must(t, err)
	lines, isDetail, err := readTable(strings.NewReader(gbk), accountBill)
	want := provider.Line{Kind: provider.Payoff, ID: "w1", Ref: "f1", Amount: money.Fen(1230), At: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	if err != nil || !isDetail || len(lines) != 1 || lines[0] != want {
		t.Errorf("%+v, %t, %v", lines, isDetail, err)
	}
	if _, isDetail, err := readTable(strings.NewReader(gbk), tradeBill); err != nil || isDetail {
		t.Errorf("a table of another kind: %t, %v", isDetail, err)
	}
	broken := strings.Replace(gbk, "12.30", "12,30", 1)
	if lines, _, err := readTable(strings.NewReader(broken), accountBill); err == nil {
		t.Errorf("a broken table: %+v", lines)
	}
	if _, err := unpack([]byte("no archive"), tradeBill); err == nil {
		t.Error("no archive, and no error")
	}
}

func FuzzBillTable(f *testing.F) {
	gbk, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte("支付宝交易号,商户订单号,业务类型,完成时间,订单金额（元）,退款批次号/请求号\n1,2,交易,2026-03-01 08:00:00,1.00,\n"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(gbk)
	f.Fuzz(func(t *testing.T, table []byte) {
		for _, kind := range []string{tradeBill, accountBill} {
			lines, _, _ := readTable(bytes.NewReader(table), kind)
			for _, l := range lines {
				if l.Amount.Amount < 1 || l.At.IsZero() && l.Kind == "" {
					t.Errorf("%+v", l)
				}
			}
		}
	})
}
