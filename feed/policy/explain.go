package policy

import (
	"cmp"
	"slices"
	"strings"

	"lifecircle/internal/problem"
)

// maxWaysTold bounds how many alternatives a refusal names, the nearest first.
const maxWaysTold = 4

// leads begin the sentence that refuses an action.
var leads = map[Action]string{
	View: "You may not look into this circle: ", Like: "You may not like here: ", Comment: "You may not comment here: ",
	Tip: "You may not tip here: ", MakePost: "You may not post here: ",
}

// explain refuses asked, because the rule of failed (view may be what closes
// a circle to all else) does not allow it.
func (r *Rules) explain(f *facts, failed, asked Action) Decision {
	d := Decision{Code: problem.NotAllowed}
	switch {
	case failed == tipByAdult:
		d.Code = problem.TipAdultsOnly
	case !f.SignedIn:
		d.Code = problem.Unauthorized
	}
	ways := r.nearestFirst(f, failed)
	if len(ways) == 0 {
		d.Rule = []problem.Clause{r.closed(failed)}
		d.Reason = leads[asked] + "its rule is closed to you."
		return d
	}
	var alternatives []string
	gendered := false
	for i, w := range ways {
		var parts []string
		for _, c := range w.failing {
			clause := w.clause(c, f)
			if len(ways) > 1 {
				clause.Way = i + 1
			}
			d.Rule = append(d.Rule, clause)
			parts = append(parts, clause.Have+", needs "+clause.Need)
			gendered = gendered || c.left == gender
		}
		alternatives = append(alternatives, strings.Join(parts, ", and "))
	}
	d.Reason = leads[asked] + strings.Join(alternatives, "; or ") + "."
	if gendered {
		d.Reason += " The circle says why: " + r.reason
	}
	return d
}

// nearestFirst returns the ways that are worth telling: those that somebody can
// go, by effort, then the others; none that asks for more than another told.
func (r *Rules) nearestFirst(f *facts, a Action) []told {
	if a == tipByAdult {
		a = Tip
	}
	all := slices.DeleteFunc(r.plans(f, a), func(t told) bool { return len(t.failing) == 0 })
	slices.SortStableFunc(all, func(a, b told) int {
		switch {
		case a.possible != b.possible && a.possible:
			return -1
		case a.possible != b.possible:
			return 1
		default:
			return cmp.Or(a.effort-b.effort, len(a.failing)-len(b.failing))
		}
	})
	kept := all[:0]
	for _, t := range all {
		if len(kept) < maxWaysTold && !slices.ContainsFunc(kept, func(o told) bool { return within(o.failing, t.failing) }) {
			kept = append(kept, t)
		}
	}
	return kept
}

// closed is the clause for a rule that no condition can meet.
func (r *Rules) closed(a Action) problem.Clause {
	text := "false"
	if rule := r.of(a); rule != nil {
		text = rule.text
	}
	return problem.Clause{Clause: text, Have: "it is not", Need: "needs to be true", How: "ask an owner of the circle"}
}

// clause says what a condition asks, what there is, and how to get there.
func (t *told) clause(c *condition, f *facts) problem.Clause {
	v, known := f.of(c.left)
	clause := problem.Clause{
		Clause: c.text, Have: have(c.left, v, known), Need: c.need(f), How: t.how(c, f),
		Attribute: attributes[c.left].name, Test: testNames[c.test],
	}
	if known {
		clause.Value = c.left.text(v)
		if attributes[c.left].kind == list {
			clause.Value = strings.Join(v.ss, ", ")
		}
	}
	nums, strs := c.against(f)
	for _, n := range nums {
		clause.Values = append(clause.Values, credit.text(value{n: n}))
	}
	clause.Values = append(clause.Values, strs...)
	if attributes[c.left].kind == boolean {
		clause.Values = nil
	}
	if to := t.to[c.left]; to != nil && t.possible {
		clause.Target = c.left.text(*to)
		if attributes[c.left].kind == number && known {
			clause.Missing = to.n - v.n
		}
	}
	return clause
}
