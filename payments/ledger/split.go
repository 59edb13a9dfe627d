package ledger

import (
	"math/bits"
	"slices"
)

// Whole is the sum of the shares of a contract: ten-thousandths.
const Whole = 10_000

// Split shares an amount by weights, which sum to a positive number: each part
// is the exact share rounded down, and the fen that are left go one each to the
// largest remainders, in a tie to the one named first (Hamilton's method). The
// parts sum to the amount. Amount and weights must not be negative.
func Split(amount int64, weights ...int64) []int64 {
	var total, given int64
	for _, w := range weights {
		total += w
	}
	parts, rests, order := make([]int64, len(weights)), make([]uint64, len(weights)), make([]int, len(weights))
	for i, w := range weights {
		hi, lo := bits.Mul64(uint64(amount), uint64(w)) //nolint:gosec // not negative
		q, r := bits.Div64(hi, lo, uint64(total))       //nolint:gosec // a weight is at most the total, so q is at most the amount
		parts[i], rests[i], order[i] = int64(q), r, i   //nolint:gosec // at most the amount
		given += parts[i]
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case rests[a] > rests[b]:
			return -1
		case rests[a] < rests[b]:
			return 1
		}
		return 0
	})
	for i := range amount - given {
		parts[order[i]]++
	}
	return parts
}
