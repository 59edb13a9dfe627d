package money_test

import (
	"encoding/json"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"lifecircle/internal/money"
	"lifecircle/internal/problem"
)

func TestInput(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"1": 1, "520": 520, "9007199254740991": money.Max} {
		if n, err := read(t, text); err != nil || n != want {
			t.Errorf("%s: %d %v, want %d", text, n, err, want)
		}
	}
	for text, code := range map[string]problem.Code{
		"0": problem.AmountNotPositive, "-1": problem.AmountNotPositive, "-0": problem.AmountNotPositive,
		"-9007199254740993": problem.AmountNotPositive, "-99999999999999999999": problem.AmountNotPositive,
		"5.0": problem.AmountMalformed, "1e2": problem.AmountMalformed, "1E2": problem.AmountMalformed, "1e309": problem.AmountMalformed,
		"-5.0": problem.AmountMalformed, "0.0": problem.AmountMalformed, `"5"`: problem.AmountMalformed, "null": problem.AmountMalformed,
		"true": problem.AmountMalformed, "{}": problem.AmountMalformed, "[5]": problem.AmountMalformed,
		"9007199254740992": problem.AmountTooLarge, "9007199254740993": problem.AmountTooLarge, "9223372036854775808": problem.AmountTooLarge,
		"1" + strings.Repeat("0", 400): problem.AmountTooLarge,
	} {
		if n, err := read(t, text); !problem.Has(err, code) {
			t.Errorf("%.40s: %d %v, want %s", text, n, err, code)
		}
	}
}

// Not JSON, but an amount of a query may be written so.
func TestInputOfAQuery(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", " ", "+5", "007", "00", "-", "--5", "-007", "5 ", " 5", "5\n", "0x5", "5_000", "٥", "５", "NaN", "Inf", "5,00"} {
		var in money.Input
		if err := in.UnmarshalJSON([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if n, err := in.Fen("query.amount"); !problem.Has(err, problem.AmountMalformed) {
			t.Errorf("%q: %d %v", text, n, err)
		} else if f := problem.From(err).Fields; len(f) != 1 || f[0].Location != "query.amount" {
			t.Errorf("%q: %+v", text, f)
		}
	}
}

func read(t *testing.T, text string) (int64, error) {
	t.Helper()
	var body struct{ Amount money.Input }
	if err := json.Unmarshal([]byte(`{"amount":`+text+`}`), &body); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return body.Amount.Fen("body.amount")
}

func TestAnAmountLeftOutIsMalformed(t *testing.T) {
	t.Parallel()
	if _, err := (money.Input{}).Fen("body.amount"); !problem.Has(err, problem.AmountMalformed) {
		t.Error(err)
	}
}

// Whatever is written is read as exactly that or refused.
func FuzzInput(f *testing.F) {
	for _, s := range []string{"0", "-1", "5.0", "1e2", "1e309", `"5"`, "null", "9007199254740992", "9007199254740993", "007", "+5", ""} {
		f.Add(s)
	}
	plain := regexp.MustCompile(`^[1-9][0-9]*$`)
	f.Fuzz(func(t *testing.T, text string) {
		var in money.Input
		if err := in.UnmarshalJSON([]byte(text)); err != nil {
			t.Fatal(err)
		}
		n, err := in.Fen("body.amount")
		written, ok := new(big.Int).SetString(text, 10)
		fits := ok && plain.MatchString(text) && written.Cmp(big.NewInt(money.Max)) <= 0
		switch {
		case fits != (err == nil):
			t.Errorf("%q: %d %v", text, n, err)
		case err == nil && written.Int64() != n:
			t.Errorf("%q: %d", text, n)
		case err != nil && (n != 0 || problem.From(err) == nil || problem.From(err).Status() != 422):
			t.Errorf("%q: %d %v", text, n, err)
		}
	})
}

func TestCurrency(t *testing.T) {
	t.Parallel()
	if err := money.CNY.Check("body.currency"); err != nil {
		t.Error(err)
	}
	for _, c := range []money.Currency{"", "cny", "USD", "CNY ", "RMB"} {
		if err := c.Check("body.currency"); !problem.Has(err, problem.CurrencyUnsupported) {
			t.Errorf("%q: %v", c, err)
		}
	}
}

// Fingerprints are taken of the text: the same text, the same fingerprint.
func TestInputsMarshalAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	a, errA := json.Marshal(money.In(5))
	var in money.Input
	_ = in.UnmarshalJSON([]byte("5"))
	b, errB := json.Marshal(in)
	if errA != nil || errB != nil || string(a) != string(b) {
		t.Errorf("%s and %s (%v, %v)", a, b, errA, errB)
	}
}
