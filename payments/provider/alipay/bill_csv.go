package alipay

import (
	"archive/zip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"

	"lifecircle/payments/provider"
)

const maxTable = 512 << 20 // bytes of one table, unpacked

// Columns of the bills. Both kinds have more, in an order that has changed
// over the years.
const (
	colTradeNo  = "支付宝交易号"
	colOrder    = "商户订单号"
	colType     = "业务类型"
	colDone     = "完成时间"
	colAmount   = "订单金额（元）"
	colRefundNo = "退款批次号/请求号"

	colEntry = "账务流水号"
	colFlow  = "业务流水号"
	colAt    = "发生时间"
	colSpent = "支出金额（-元）"
)

// What 业务类型 says of lines that are ours to compare.
const (
	typeTrade    = "交易"
	typeRefund   = "退款"
	typeTransfer = "转账"
)

func readFile(f *zip.File, kind string) ([]provider.Line, bool, error) {
	r, err := f.Open()
	if err != nil {
		return nil, false, fmt.Errorf("open a table: %w", err)
	}
	defer func() { _ = r.Close() }()
	return readTable(r, kind)
}

// readTable reads a table as Alipay writes it: GBK, comments that begin with
// #, cells with tabs behind them. It tells whether it is one of details, and
// fails for a line that it cannot place.
func readTable(r io.Reader, kind string) (lines []provider.Line, isDetail bool, err error) {
	limited := &io.LimitedReader{R: simplifiedchinese.GB18030.NewDecoder().Reader(r), N: maxTable}
	rows := csv.NewReader(limited)
	rows.Comment, rows.FieldsPerRecord, rows.LazyQuotes, rows.ReuseRecord = '#', -1, true, true
	var columns map[string]int
	var cells int
	for {
		row, err := rows.Read()
		switch {
		case limited.N == 0:
			return nil, false, fmt.Errorf("a table is longer than %d bytes", maxTable)
		case errors.Is(err, io.EOF):
			return lines, columns != nil, nil
		case err != nil:
			return nil, false, fmt.Errorf("read a table: %w", err)
		case columns == nil:
			columns, cells = header(row, kind), len(row)
			continue
		case len(row) != cells: // a comma too many would make a line vanish
			return nil, false, fmt.Errorf("a line of a table has %d cells, its head has %d", len(row), cells)
		}
		l, ours, err := readRow(func(name string) string { return cell(row, columns, name) }, kind)
		if err != nil {
			return nil, false, err
		}
		if ours {
			lines = append(lines, l)
		}
	}
}

// header returns where the columns are, nil if row is not the head of details.
func header(row []string, kind string) map[string]int {
	at := map[string]int{}
	for i, name := range row {
		at[strings.NewReplacer("(", "（", ")", "）").Replace(strings.Trim(name, " \t\ufeff"))] = i
	}
	need := []string{colTradeNo, colOrder, colType, colDone, colAmount, colRefundNo}
	if kind == accountBill {
		need = []string{colEntry, colFlow, colOrder, colType, colAt, colSpent}
	}
	for _, name := range need {
		if _, ok := at[name]; !ok {
			return nil
		}
	}
	return at
}

func cell(row []string, columns map[string]int, name string) string {
	return strings.Trim(row[columns[name]], " \t`")
}

// readRow reads a line. Fees, withdrawals and what else moves the balance are
// not ours to compare.
func readRow(col func(string) string, kind string) (l provider.Line, ours bool, err error) {
	amount, at := colAmount, colDone
	switch what := col(colType); {
	case kind == tradeBill && what == typeTrade:
		l.Kind, l.ID, l.Ref = provider.Payment, col(colOrder), col(colTradeNo)
	case kind == tradeBill && what == typeRefund:
		l.Kind, l.ID, l.Ref = provider.Return, col(colRefundNo), col(colTradeNo)
	case kind == accountBill && what == typeTransfer:
		l.Kind, l.ID, l.Ref = provider.Payoff, col(colOrder), col(colFlow)
		amount, at = colSpent, colAt
	default:
		return l, false, nil
	}
	if l.Amount, err = fen(strings.TrimPrefix(col(amount), "-")); err != nil {
		return l, false, fmt.Errorf("read line %.64q: %w", l.Ref, err)
	}
	if l.At, err = parseTime(col(at)); err != nil {
		return l, false, fmt.Errorf("read line %.64q: %w", l.Ref, err)
	}
	return l, l.Amount.Amount > 0, nil // a transfer to us spends nothing
}
