package model

import "math"

// DriftAlarm is the population stability index above which the distribution of
// scores has drifted (section 7, T10).
const DriftAlarm = 0.1

// Stability returns the population stability index of two distributions over
// the same bins, as counts of people: the sum of (q-p) ln(q/p). An empty bin
// counts as half a person, so that it is never infinite. It is NaN where a
// distribution has nobody or the bins differ.
func Stability(expected, actual []int) float64 {
	p, q := shares(expected), shares(actual)
	if len(p) != len(q) || len(p) == 0 {
		return math.NaN()
	}
	index := 0.0
	for i := range p {
		index += float64((q[i] - p[i]) * math.Log(q[i]/p[i]))
	}
	return index
}

func shares(counts []int) []float64 {
	total := 0
	for _, n := range counts {
		total += n
	}
	if total == 0 {
		return nil
	}
	out := make([]float64, len(counts))
	for i, n := range counts {
		out[i] = max(0.5, float64(n)) / float64(total)
	}
	return out
}

// FairnessFloor is the ratio of pass rates below which a review opens (T11).
const FairnessFloor = 0.8

// Group is how many people of a group there are, and how many of them are above
// 750. Traits are known to the report that counts, and to nothing here.
type Group struct {
	Name          string
	Passed, Total int
}

// Fairness returns the lowest pass rate of any group in relation to the
// highest, and whether it opens a review. Groups of less than fewest people are
// left out: their rates say nothing. The ratio is 1 where nothing can be compared.
func Fairness(groups []Group, fewest int) (ratio float64, review bool) {
	var low, high Group
	for _, g := range groups {
		if g.Total == 0 || g.Total < fewest {
			continue
		}
		if low.Total == 0 || g.Passed*low.Total < low.Passed*g.Total {
			low = g
		}
		if high.Total == 0 || g.Passed*high.Total > high.Passed*g.Total {
			high = g
		}
	}
	if high.Passed == 0 {
		return 1, false
	}
	ratio = float64(low.Passed*high.Total) / float64(high.Passed*low.Total)
	return ratio, ratio < FairnessFloor
}
