package policy

import "slices"

// span is the whole numbers from lo to hi, both included.
type span struct{ lo, hi int }

// spansOf returns, in order, the numbers within is that pass a test against
// nums.
func spansOf(t test, nums []int, is span) []span {
	if t == equals || t == oneOf {
		return is.points(nums)
	}
	if t == differs || t == noneOf {
		return is.gaps(nums)
	}
	n := min(max(nums[0], is.lo-1), is.hi+1) // constants of rules may be any 64-bit number
	switch t {
	case below:
		return is.cut(span{is.lo, n - 1})
	case atMost:
		return is.cut(span{is.lo, n})
	case above:
		return is.cut(span{n + 1, is.hi})
	case atLeast:
		return is.cut(span{n, is.hi})
	default:
		return nil
	}
}

// cut is what s and other share: one span, or none.
func (s span) cut(other span) []span {
	lo, hi := max(s.lo, other.lo), min(s.hi, other.hi)
	if lo > hi {
		return nil
	}
	return []span{{lo, hi}}
}

func (s span) points(nums []int) []span {
	var spans []span
	for _, n := range s.sorted(nums) {
		if last := len(spans) - 1; last >= 0 && spans[last].hi == n-1 {
			spans[last].hi = n
		} else {
			spans = append(spans, span{n, n})
		}
	}
	return spans
}

func (s span) gaps(nums []int) []span {
	var spans []span
	next := s.lo
	for _, n := range s.sorted(nums) {
		if next < n {
			spans = append(spans, span{next, n - 1})
		}
		next = n + 1
	}
	if next <= s.hi {
		spans = append(spans, span{next, s.hi})
	}
	return spans
}

// sorted returns those of nums that are within, each once.
func (s span) sorted(nums []int) []int {
	inside := make([]int, 0, len(nums))
	for _, n := range nums {
		if s.lo <= n && n <= s.hi {
			inside = append(inside, n)
		}
	}
	slices.Sort(inside)
	return slices.Compact(inside)
}

// intersect returns what two ordered lists of spans share.
func intersect(a, b []span) []span {
	var shared []span
	for len(a) > 0 && len(b) > 0 {
		shared = append(shared, a[0].cut(b[0])...)
		if a[0].hi < b[0].hi {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return shared
}
