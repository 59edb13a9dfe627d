package policy

import (
	"slices"
	"strings"
)

// plan is how somebody would go a way.
type plan struct {
	to       [attrs]*value // by attr, what is changed
	effort   int
	possible bool
}

// plan finds the least changes after which every condition of the way holds,
// and makes them in after, which begins as a copy of f.
func (w way) plan(f, after *facts) plan {
	p := plan{possible: true}
	if !f.SignedIn && slices.ContainsFunc(w, func(c *condition) bool { return c.left.ofUser() && !c.holds(f) }) {
		p.change(after, signedIn, value{b: true}, 1)
	}
	var done [attrs]bool
	for _, c := range w {
		if done[c.left] || c.holds(after) {
			continue
		}
		done[c.left] = true
		v, effort, ok := w.reach(after, c.left)
		if !ok {
			p.possible = false
			continue
		}
		p.change(after, c.left, v, effort)
	}
	p.possible = p.possible && w.holds(after)
	return p
}

func (p *plan) change(f *facts, a attr, v value, effort int) {
	f.set(a, v)
	p.to[a] = &v
	p.effort += effort
}

// changes lists what is changed, in an order in which Apply can follow: who is
// to study somewhere is a student first.
func (p *plan) changes() []Change {
	var changes []Change
	for a, v := range p.to {
		if v == nil {
			continue
		}
		c := Change{Attribute: attributes[a].name, Value: v.s}
		switch attributes[a].kind {
		case boolean:
			c.Value = v.b
		case number:
			c.Value = v.n
		default:
		}
		changes = append(changes, c)
	}
	return changes
}

func (w way) holds(f *facts) bool {
	return !slices.ContainsFunc(w, func(c *condition) bool { return !c.holds(f) })
}

// reach returns the value of an attr that is nearest to what f has and meets
// all that the way asks of it.
func (w way) reach(f *facts, a attr) (best value, effort int, ok bool) {
	if !a.ofUser() {
		return best, 0, false
	}
	room := [8]*condition{}
	asked := way(room[:0])
	for _, c := range w {
		if c.left == a {
			asked = append(asked, c)
		}
	}
	try := *f
	for _, v := range asked.candidates(f, a) {
		e, can := effortOf(f, a, v)
		if !can || ok && e >= effort {
			continue
		}
		try.set(a, v)
		if asked.holds(&try) {
			best, effort, ok = v, e, true
		}
	}
	return best, effort, ok
}

// candidates returns values among which the nearest is that meets a way, all
// of whose conditions are about one attr: of numbers, it stands at a limit of
// what is possible or beside a constant.
func (w way) candidates(f *facts, a attr) []value {
	is := attributes[a]
	switch is.kind {
	case boolean:
		return []value{{b: true}, {b: false}}
	case number:
		vs := make([]value, 0, 2+3*len(w))
		vs = append(vs, value{n: is.lo}, value{n: is.hi})
		for _, c := range w {
			nums, _ := c.against(f)
			for _, n := range nums {
				for _, n := range [...]int{n, max(n, is.lo) - 1, min(n, is.hi) + 1} {
					if n >= is.lo && n <= is.hi {
						vs = append(vs, value{n: n})
					}
				}
			}
		}
		return vs
	default:
		return w.candidateWords(f, a)
	}
}

// elsewhere stands for any value that a rule does not name.
const elsewhere = "elsewhere"

func (w way) candidateWords(f *facts, a attr) []value {
	var vs []value
	for _, s := range attributes[a].only {
		vs = append(vs, value{s: s})
	}
	if vs != nil {
		return vs
	}
	other := elsewhere
	for _, c := range w {
		_, strs := c.against(f)
		for _, s := range strs {
			vs = append(vs, value{s: s})
			if strings.HasPrefix(s, other) {
				other = s + "*"
			}
		}
	}
	return append(slices.DeleteFunc(vs, func(v value) bool { return v.s == "" }), value{s: other})
}

// Efforts are days, roughly, as people's lives go. They order ways; nothing
// else hangs on them.
const (
	effortClick  = 1   // follow, sign in
	effortVerify = 10  // what is so already
	effortJoin   = 60  // a school, an employer: most who are there have said so
	effortMove   = 200 // to another city
	effortRole   = 500 // be given it
)

// effortOf says how far it is from what f has to a value, and whether anybody
// can go there: age and membership only grow, gender stays.
func effortOf(f *facts, a attr, to value) (days int, possible bool) {
	from, known := f.of(a)
	if known && from.b == to.b && from.n == to.n && from.s == to.s {
		return 0, true
	}
	switch a {
	case signedIn:
		return effortClick, to.b
	case follows:
		return effortClick, true
	case role:
		return effortRole, true
	case student, employee, studentOf, employeeOf:
		return effortJoin, true
	case city:
		if known {
			return effortMove, true
		}
		return effortVerify, true
	case gender:
		return effortVerify, !known
	default:
		return effortOfNumber(a, from.n, to.n, known)
	}
}

func effortOfNumber(a attr, from, to int, known bool) (days int, possible bool) {
	switch {
	case a == credit && !known:
		return effortVerify + to - attributes[credit].lo, true
	case a == credit && to < from:
		return 2 * (from - to), true
	case a == credit:
		return to - from, true
	case a == age && !known:
		return effortVerify + to, true // so that the lowest age that is enough is named
	case to < from:
		return 0, false
	case a == age:
		return 365 * (to - from), true
	case a == level:
		return effortVerify * (to - from), true
	default:
		return to - from, true
	}
}
