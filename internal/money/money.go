// Package money is amounts as the API carries them: whole fen with their
// currency, never a fraction and never a float. Input reads what people send
// and says what is wrong with it; Amount is what everything else uses.
package money

import (
	"encoding/json"
	"strconv"

	"lifecircle/internal/problem"
)

// Currency is an ISO 4217 code.
type Currency string

// CNY is the one currency there is; its minor unit is the fen, a hundredth of a yuan.
const CNY Currency = "CNY"

// Max is the highest amount that is read, in fen: what a double, and so
// JavaScript, still counts exactly.
const Max = 1<<53 - 1

// Amount is money.
type Amount struct {
	Amount   int64    `json:"amount" doc:"fen"`
	Currency Currency `json:"currency" enum:"CNY"`
}

// Fen returns n fen.
func Fen(n int64) Amount { return Amount{n, CNY} }

// Input is an amount of a request as it was written. It takes any JSON value,
// so that the answer to a bad one names what is wrong with it.
type Input struct{ text string }

// In returns n as an Input, for callers inside.
func In(n int64) Input { return Input{strconv.FormatInt(n, 10)} }

// UnmarshalJSON implements json.Unmarshaler; it keeps the text of the value.
func (i *Input) UnmarshalJSON(b []byte) error {
	i.text = string(b)
	return nil
}

// MarshalJSON implements json.Marshaler, for fingerprints of requests.
func (i Input) MarshalJSON() ([]byte, error) { return json.Marshal(i.text) }

// Fen returns the amount at location (such as body.amount), which is at least
// 1 and at most Max. It fails with AmountMalformed (anything but digits: 5.0,
// 1e2, "5", 007, nothing), AmountNotPositive or AmountTooLarge.
func (i Input) Fen(location string) (int64, error) {
	digits := i.text
	negative := len(digits) > 1 && digits[0] == '-'
	if negative {
		digits = digits[1:]
	}
	if !allDigits(digits) || len(digits) > 1 && digits[0] == '0' {
		return 0, problem.Invalid(problem.AmountMalformed, location, "an amount is a whole number of fen, in digits only")
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	switch {
	case negative || err == nil && n == 0:
		return 0, problem.Invalid(problem.AmountNotPositive, location, "an amount is at least 1 fen")
	case err != nil || n > Max:
		return 0, problem.Invalid(problem.AmountTooLarge, location, "an amount is at most %d fen", int64(Max))
	}
	return n, nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// Check fails with CurrencyUnsupported unless the currency is CNY.
func (c Currency) Check(location string) error {
	if c != CNY {
		return problem.Invalid(problem.CurrencyUnsupported, location, "the only currency is CNY")
	}
	return nil
}
