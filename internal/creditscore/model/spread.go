package model

// Spread is how many people there are of each score.
type Spread [Ceiling + 1]int

// Total returns how many people there are.
func (s *Spread) Total() (n int) {
	for _, people := range s {
		n += people
	}
	return n
}

const (
	binWidth = 50 // points
	bins     = (Ceiling - Floor) / binWidth
)

// Bins counts people in steps of 50 points, from 350 to 399 up to 900 to 950,
// for Stability.
func (s *Spread) Bins() []int {
	out := make([]int, bins)
	for score, n := range s {
		out[min(bins-1, max(0, score-Floor)/binWidth)] += n
	}
	return out
}

// Range is a range of scores, both ends included, and what share of the active
// people should have one (section 3), in percent.
type Range struct {
	Name      string
	From, To  int
	Low, High float64
}

// Ranges returns the targets of section 3.
func Ranges() []Range {
	return []Range{
		{"below 550", Floor, 549, 15, 25},
		{"550 to 599", 550, 599, 20, 27},
		{"600 to 649", 600, 649, 20, 28},
		{"650 to 699", 650, 699, 13, 20},
		{"above 700", 701, Ceiling, 12, 18},
		{"above 750", 751, Ceiling, 3, 7},
	}
}

// Share returns how many in a hundred people are in a range, and whether that
// is inside its target. Of nobody it is 0 and inside.
func (s *Spread) Share(r Range) (percent float64, inside bool) {
	total, n := s.Total(), 0
	if total == 0 {
		return 0, true
	}
	for score := r.From; score <= r.To; score++ {
		n += s[score]
	}
	percent = 100 * float64(n) / float64(total)
	return percent, percent >= r.Low && percent <= r.High
}
