package policy

import (
	"cmp"
	"slices"
	"strings"

	"lifecircle/internal/problem"
)

const (
	// maxWaysTold bounds how many alternatives a refusal names, the nearest first.
	maxWaysTold = 4
	// maxClausesTold bounds the conditions that a refusal names of them; all of
	// the nearest are named.
	maxClausesTold = MaxWayConditions + 4
)

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
	var reason strings.Builder
	reason.WriteString(leads[asked])
	d.Rule = make([]problem.Clause, 0, clausesOf(ways))
	said := teller{f: f}
	gendered := false
	for i := range ways {
		said.hows = [attrs]string{}
		for n, c := range ways[i].failing {
			clause := said.clause(&ways[i], c)
			if len(ways) > 1 {
				clause.Way = i + 1
			}
			reason.WriteString(joint(i, n))
			reason.WriteString(clause.Have)
			reason.WriteString(", needs ")
			reason.WriteString(clause.Need)
			d.Rule = append(d.Rule, clause)
			gendered = gendered || c.left == gender
		}
	}
	reason.WriteByte('.')
	if gendered {
		reason.WriteString(" The circle says why: ")
		reason.WriteString(r.reason)
	}
	d.Reason = reason.String()
	return d
}

// joint stands before the nth clause of a way.
func joint(way, n int) string {
	switch {
	case n > 0:
		return ", and "
	case way > 0:
		return "; or "
	default:
		return ""
	}
}

func clausesOf(plans []plan) int {
	n := 0
	for _, p := range plans {
		n += len(p.failing)
	}
	return n
}

// nearestFirst returns the plans that are worth telling: those that somebody
// can follow, by effort, then the others; none that asks for more than another
// told. The first is told whole; others, while there is room.
func (r *Rules) nearestFirst(f *facts, a Action) []plan {
	if a == tipByAdult {
		a = Tip
	}
	all := slices.DeleteFunc(r.plans(f, a), func(p plan) bool { return len(p.failing) == 0 })
	slices.SortStableFunc(all, func(a, b plan) int {
		switch {
		case a.possible != b.possible && a.possible:
			return -1
		case a.possible != b.possible:
			return 1
		default:
			return cmp.Or(a.effort-b.effort, len(a.failing)-len(b.failing))
		}
	})
	kept, clauses := all[:0], 0
	for _, p := range all {
		if len(kept) == maxWaysTold {
			break
		}
		fits := len(kept) == 0 || clauses+len(p.failing) <= maxClausesTold
		if fits && !slices.ContainsFunc(kept, func(o plan) bool { return within(o.failing, p.failing) }) {
			kept, clauses = append(kept, p), clauses+len(p.failing)
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

// teller writes clauses, and what is the same in many of them once.
type teller struct {
	f     *facts
	haves [attrs]string
	hows  [attrs]string // of one plan
}

// clause says what a condition asks, what there is, and how to get there.
func (t *teller) clause(p *plan, c *condition) problem.Clause {
	v, known := t.f.of(c.left)
	if t.haves[c.left] == "" {
		t.haves[c.left] = have(c.left, v, known)
	}
	if t.hows[c.left] == "" {
		t.hows[c.left] = p.how(c.left, t.f)
	}
	clause := problem.Clause{
		Clause: c.text, Have: t.haves[c.left], Need: c.need(t.f), How: t.hows[c.left],
		Attribute: attributes[c.left].name, Test: testNames[c.test], Values: c.values(t.f),
	}
	if known {
		clause.Value = c.left.text(v)
	}
	if to := p.at(c.left); to != nil && p.possible {
		clause.Target = c.left.text(*to)
		if attributes[c.left].kind == number && known {
			clause.Missing = to.n - v.n
		}
	}
	return clause
}
