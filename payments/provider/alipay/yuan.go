package alipay

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"lifecircle/internal/money"
	"lifecircle/payments/provider"
)

// yuan writes fen as Alipay reads them: 520 is 5.20.
func yuan(a money.Amount) (string, error) {
	if a.Currency != money.CNY || a.Amount < 1 || a.Amount > money.Max {
		return "", fmt.Errorf("%w: not an amount of fen above zero", provider.ErrRefused)
	}
	return fmt.Sprintf("%d.%02d", a.Amount/100, a.Amount%100), nil
}

// fen reads yuan with at most two decimals: 5, 5.2 and 5.20.
func fen(text string) (money.Amount, error) {
	whole, part, dotted := strings.Cut(text, ".")
	if dotted && (part == "" || len(part) > 2) || !onlyDigits(whole+part) || whole == "" {
		return money.Amount{}, fmt.Errorf("%.40q is no amount of yuan", text)
	}
	n, err := strconv.ParseInt(whole+(part + "00")[:2], 10, 64)
	if err != nil || n > money.Max {
		return money.Amount{}, fmt.Errorf("%.40q is too many yuan", text)
	}
	return money.Fen(n), nil
}

func onlyDigits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

const timeLayout = "2006-01-02 15:04:05"

// shanghai is the time zone of all that Alipay says; it knows no summer time.
func shanghai() *time.Location { return time.FixedZone("Asia/Shanghai", 8*60*60) }

func format(t time.Time) string { return t.In(shanghai()).Format(timeLayout) }

func parseTime(text string) (time.Time, error) {
	t, err := time.ParseInLocation(timeLayout, text, shanghai())
	return t.UTC(), err
}
