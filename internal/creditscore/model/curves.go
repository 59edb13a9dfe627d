package model

import "math"

// Sizes of the parts and gates (section 2).
const (
	Floor     = 350
	Ceiling   = 950
	SuperGood = 700 // the band begins here; where trust is missing the score ends here
	Good      = 600 // where identity is missing the score ends here
	Target    = 751 // comment gate: strictly above 750

	contactPoints = 3 // for one contact, at most
)

// micro is a millionth of a point. Curves are rounded to it before anything is
// added, so that what follows is whole numbers.
const micro = 1_000_000

// points are what each item of each part earns, in millionths of a point. The
// order is that of parts(); a part with fewer items leaves the rest 0.
type points [5][3]int64

// curves are the formulas of section 3.
func curves(f *figures) points {
	tau := f.tau()
	tenure := min(1, float64(f.months)/36)
	return points{
		{
			earn(100, math.Pow(float64(f.cleanMonths)/36, 1.4)*min(1, tau/0.5)),
			earn(60, math.Sqrt(f.trustOfThem/200)),
			earn(50, 1-25*(float64(f.reversals)+0.4)/(float64(float64(f.transactions)*tau)+15)),
		},
		{
			earn(110, (wilson(f.kept+2, f.broken)-0.80)/0.19),
			earn(40, 1-float64(f.negativeDays)/30),
		},
		{
			earn(60, 1-60*(f.reports+0.5)/(float64(float64(f.items)*tau)+45)),
			earn(40, math.Pow(f.appreciation/150, 0.6)),
			earn(20, tenure),
		},
		{earn(65, f.level.part()), earn(15, tenure), earn(10, one(f.attribute))},
		{earn(30, f.contacts/30)},
	}
}

// part is how much of the 65 points of the levels a level earns.
func (l Level) part() float64 {
	return [...]float64{0, 15.0 / 65, 45.0 / 65, 1}[l]
}

// earn is a part of the most that an item can earn.
func earn(most, part float64) int64 {
	return int64(math.Round(most * max(0, min(1, part)) * micro))
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// wilson is the lower bound of the two-sided 90 % Wilson interval of the share
// of good ones.
func wilson(good, bad int) float64 {
	const z = 1.6448536269514722
	n := float64(good + bad)
	p := float64(good) / n
	spread := z * math.Sqrt(float64(p*(1-p)/n)+z*z/(4*n*n))
	return (p + z*z/(2*n) - spread) / (1 + z*z/n)
}

// whole rounds a part to the nearest point, half up, and its items by largest remainder, so that they add up to it; of two equal
// remainders the first is rounded up.
func whole(items [3]int64) (sum int, rounded [3]int) {
	sum = part(items)
	missing := sum
	for i, p := range items {
		rounded[i] = int(p / micro)
		missing -= rounded[i]
	}
	for ; missing > 0; missing-- {
		best := 0
		for i := range items {
			if items[i]-int64(rounded[i])*micro > items[best]-int64(rounded[best])*micro {
				best = i
			}
		}
		rounded[best]++
	}
	return sum, rounded
}

func part(items [3]int64) int {
	return int((items[0] + items[1] + items[2] + micro/2) / micro)
}

// raw adds up what the figures earn: it is not bounded by gates yet.
func raw(f *figures) int {
	total := Floor + f.penalties
	for _, items := range curves(f) {
		total += part(items)
	}
	return total
}

// gate is where the figures let the score end (section 2).
func gate(f *figures) int {
	switch {
	case f.revoked:
		return 0
	case f.level < LevelDocument:
		return Good
	case !f.trusted:
		return SuperGood
	default:
		return Ceiling
	}
}

// final is the score.
func final(f *figures) int {
	return max(Floor, min(Ceiling, raw(f), gate(f)))
}
