package ledger_test

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"lifecircle/internal/money"
	"lifecircle/payments/ledger"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		amount        int64
		weights, want []int64
	}{
		{521, []int64{9000, 0, 1000}, []int64{469, 0, 52}},
		{5, []int64{9000, 0, 1000}, []int64{5, 0, 0}}, // 4.5 and 0.5: a tie, to the first
		{1, []int64{1, 1}, []int64{1, 0}},
		{1, []int64{0, 1, 1}, []int64{0, 1, 0}},
		{2, []int64{1, 1, 1}, []int64{1, 1, 0}},
		{100, []int64{3333, 3333, 3334}, []int64{33, 33, 34}},
		{0, []int64{7, 3}, []int64{0, 0}},
		{7, []int64{10_000}, []int64{7}},
		{7, []int64{0, 10_000, 0}, []int64{0, 7, 0}},
		{money.Max, []int64{1, 1}, []int64{1 << 52, 1<<52 - 1}},
	} {
		got := ledger.Split(c.amount, c.weights...)
		if !slices.Equal(got, c.want) {
			t.Errorf("%d by %v: %v, want %v", c.amount, c.weights, got, c.want)
		}
		sharesWell(t, c.amount, c.weights, got)
	}
}

// Each part is within a fen of the exact share, all of them make the amount,
// and of two who are owed the same remainder the first comes first.
func TestSplitSharesAnyAmount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.Int64Range(0, 10_000), 1, 6).Draw(t, "weights")
		if !slices.ContainsFunc(weights, func(w int64) bool { return w > 0 }) {
			weights[0] = 1
		}
		amount := rapid.OneOf(rapid.Int64Range(0, 30), rapid.Int64Range(0, money.Max), rapid.Just(int64(math.MaxInt64))).Draw(t, "amount")
		sharesWell(t, amount, weights, ledger.Split(amount, weights...))
	})
}

func FuzzSplit(f *testing.F) {
	f.Add(int64(521), int64(9000), int64(0), int64(1000))
	f.Add(int64(math.MaxInt64), int64(1), int64(math.MaxInt64/3), int64(math.MaxInt64/3))
	f.Fuzz(func(t *testing.T, amount, a, b, c int64) {
		const most = math.MaxInt64 / 3 // so that weights sum to a number
		weights := []int64{a, b, c}
		if amount < 0 || slices.Min(weights) < 0 || slices.Max(weights) > most || slices.Max(weights) == 0 {
			t.Skip()
		}
		sharesWell(t, amount, weights, ledger.Split(amount, weights...))
	})
}

type failer interface {
	Helper()
	Fatalf(string, ...any)
}

func sharesWell(t failer, amount int64, weights, parts []int64) {
	t.Helper()
	sum, total := new(big.Int), new(big.Int)
	for i, p := range parts {
		sum.Add(sum, big.NewInt(p))
		total.Add(total, big.NewInt(weights[i]))
	}
	if !sum.IsInt64() || sum.Int64() != amount {
		t.Fatalf("%d by %v: %v, which is %s", amount, weights, parts, sum)
	}
	rests, extra := make([]*big.Int, len(parts)), make([]bool, len(parts))
	for i, p := range parts {
		exact := new(big.Int).Mul(big.NewInt(amount), big.NewInt(weights[i]))
		down, rest := new(big.Int).QuoRem(exact, total, new(big.Int))
		rests[i] = rest
		switch over := p - down.Int64(); {
		case over == 1 && rest.Sign() > 0:
			extra[i] = true
		case over != 0:
			t.Fatalf("%d by %v: part %d is %d, exactly %s and %s/%s", amount, weights, i, p, down, rest, total)
		}
	}
	for i := range parts {
		for j := range parts {
			switch c := rests[i].Cmp(rests[j]); {
			case c > 0 && extra[j] && !extra[i], c == 0 && i < j && extra[j] && !extra[i]:
				t.Fatalf("%d by %v: %v: part %d comes before part %d", amount, weights, parts, i, j)
			}
		}
	}
}
