package policy

import "slices"

// way is one sufficient set of conditions: who meets all of them may. The ways
// of a rule are its disjunctive normal form. In Kleene's logic, where what is
// not known is neither true nor false, a rule is true exactly if one of its
// ways is; so they explain what CEL decides.
type way []*condition

var (
	always = []way{{}}
	never  = []way{}
)

// both returns the ways that meet all of what is given.
func both(all ...[]way) []way {
	result := always
	for _, ways := range all {
		if ways == nil || len(result)*len(ways) > MaxRuleWays {
			return nil
		}
		joined := make([]way, 0, len(result)*len(ways))
		for _, a := range result {
			for _, b := range ways {
				joined = append(joined, merge(a, b))
			}
		}
		result = shortest(joined)
	}
	return result
}

// either returns the ways that meet any of what is given.
func either(all ...[]way) []way {
	result := never
	for _, ways := range all {
		if ways == nil || len(result)+len(ways) > MaxRuleWays {
			return nil
		}
		result = shortest(slices.Concat(result, ways))
	}
	return result
}

func merge(a, b way) way {
	m := slices.Clone(a)
	for _, c := range b {
		if !slices.Contains(m, c) {
			m = append(m, c)
		}
	}
	return m
}

// shortest leaves out ways that ask for more than another does.
func shortest(ways []way) []way {
	kept := make([]way, 0, len(ways))
	for i, w := range ways {
		needless := slices.ContainsFunc(ways[:i], func(o way) bool { return within(o, w) }) ||
			slices.ContainsFunc(ways[i+1:], func(o way) bool { return len(o) < len(w) && within(o, w) })
		if !needless {
			kept = append(kept, w)
		}
	}
	return kept
}

// within tells whether all of a is in b.
func within(a, b way) bool {
	return !slices.ContainsFunc(a, func(c *condition) bool { return !slices.Contains(b, c) })
}
