package policy

import "slices"

// planner finds how somebody would go the routes of a rule. It lives for one
// refusal.
type planner struct {
	f     *facts
	after facts   // as f is after the last plan
	truth []truth // of conditions as f stands, by their number
	steps []step  // of all plans
	fails way     // of all plans
}

type truth uint8

const (
	untested truth = iota
	isSo
	isNotSo
)

// step gives a person another value of an attr.
type step struct {
	attr attr
	to   value
}

// plan is how somebody would go a route, with what fails of it now.
type plan struct {
	steps    []step
	failing  way
	effort   int
	possible bool
}

func newPlanner(f *facts, conditions, routes int) *planner {
	return &planner{
		f: f, truth: make([]truth, conditions),
		steps: make([]step, 0, 2*routes), fails: make(way, 0, 4*routes),
	}
}

// holds is c.holds for what f has, found out once.
func (p *planner) holds(c *condition) bool {
	if p.truth[c.number] == untested {
		p.truth[c.number] = isNotSo
		if c.holds(p.f) {
			p.truth[c.number] = isSo
		}
	}
	return p.truth[c.number] == isSo
}

// plan finds the least changes after which every condition of the route holds,
// and makes them in p.after.
func (p *planner) plan(r *route) plan {
	p.after = *p.f
	after, result := &p.after, plan{possible: true, failing: p.failing(r.way)}
	first := len(p.steps)
	take := func(a attr, v value, effort int) {
		after.set(a, v)
		p.steps = append(p.steps, step{a, v})
		result.effort += effort
	}
	if !after.SignedIn && slices.ContainsFunc(result.failing, func(c *condition) bool { return c.left.ofUser() }) {
		take(signedIn, value{b: true}, effortClick)
	}
	for _, a := range r.asks {
		if p.met(a, after) {
			continue
		}
		v, effort, ok := a.reach(after)
		if !ok {
			result.possible = false
			continue
		}
		take(a.attr, v, effort)
	}
	result.steps = p.steps[first:len(p.steps):len(p.steps)]
	result.possible = result.possible && !slices.ContainsFunc(r.asks, func(a *ask) bool { return !p.met(a, after) })
	return result
}

func (p *planner) failing(w way) way {
	first := len(p.fails)
	for _, c := range w {
		if !p.holds(c) {
			p.fails = append(p.fails, c)
		}
	}
	return p.fails[first:len(p.fails):len(p.fails)]
}

// met tells whether after meets an ask.
func (p *planner) met(a *ask, after *facts) bool {
	if after.alike(p.f, a.attr) {
		return !slices.ContainsFunc(a.all, func(c *condition) bool { return !p.holds(c) })
	}
	return a.all.holds(after)
}

func (w way) holds(f *facts) bool {
	return !slices.ContainsFunc(w, func(c *condition) bool { return !c.holds(f) })
}

// alike tells whether two who stand in the same circle have the same of an attr.
func (f *facts) alike(other *facts, a attr) bool {
	if !a.ofUser() {
		return true
	}
	v, known := f.of(a)
	o, too := other.of(a)
	return known == too && v.b == o.b && v.n == o.n && v.s == o.s
}

// at returns where a plan leads to with an attr, nil if it stays.
func (p *plan) at(a attr) *value {
	for i := range p.steps {
		if p.steps[i].attr == a {
			return &p.steps[i].to
		}
	}
	return nil
}

// changes lists the steps in an order in which Apply can follow: who is to
// study somewhere is a student first.
func (p *plan) changes() []Change {
	var changes []Change
	for a := range attrs {
		v := p.at(a)
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

// reach returns the value that is nearest to what f has and meets the ask.
func (a *ask) reach(f *facts) (best value, effort int, ok bool) {
	if !a.attr.ofUser() {
		return best, 0, false
	}
	try := func(v value) {
		if e, can := effortOf(f, a.attr, v); can && (!ok || e < effort) {
			best, effort, ok = v, e, true
		}
	}
	switch attributes[a.attr].kind {
	case boolean:
		for _, b := range a.truths {
			try(value{b: b})
		}
	case number:
		from, _ := f.of(a.attr)
		for _, s := range a.spansAt(f) {
			try(value{n: min(max(from.n, s.lo), s.hi)})
		}
	default:
		a.eachWord(f, func(s string) bool {
			try(value{s: s})
			return !ok // one is as near as another
		})
	}
	return best, effort, ok
}

// spansAt returns the numbers that meet the ask in the circle of f.
func (a *ask) spansAt(f *facts) []span {
	spans := a.spans
	for _, c := range a.moving {
		is := attributes[a.attr]
		nums, _ := c.against(f)
		if nums == nil {
			return nil
		}
		spans = intersect(spans, spansOf(c.test, nums, span{is.lo, is.hi}))
	}
	return spans
}

// eachWord calls do with words that meet the ask in the circle of f, until it
// returns false.
func (a *ask) eachWord(f *facts, do func(string) bool) {
	unnamed := a.unnamed
	for _, c := range a.moving {
		_, strs := c.against(f)
		unnamed = unlike(unnamed, strs)
		for _, s := range strs {
			if s != "" && a.fixed.meets(value{s: s}) && a.moving.meetsAt(f, value{s: s}) && !do(s) {
				return
			}
		}
	}
	for _, s := range a.words {
		if a.moving.meetsAt(f, value{s: s}) && !do(s) {
			return
		}
	}
	if unnamed != a.unnamed && a.fixed.meets(value{s: unnamed}) && a.moving.meetsAt(f, value{s: unnamed}) {
		do(unnamed)
	}
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
