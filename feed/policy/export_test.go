package policy

import "slices"

// WaysHold decides by the ways that explain a rule, instead of by CEL.
func (r *Rules) WaysHold(s Subject, c Circle, a Action) bool {
	f := facts{Subject: s, Circle: c}
	ways := r.full
	if f.staff() {
		ways = r.own
	}
	if a == Tip && c.AdultTips {
		a = tipByAdult
	}
	return a == View && f.staff() || slices.ContainsFunc(ways[a], func(w way) bool { return w.holds(&f) })
}
