package policy

import "slices"

// Change is another value of one attribute, by its name in rules. The value is
// a bool, an int or a string.
type Change struct {
	Attribute string `json:"attribute"`
	Value     any    `json:"value"`
}

// Apply returns the subject as he is after the changes.
func Apply(s Subject, changes []Change) Subject {
	for _, c := range changes {
		a, ok := byName[c.Attribute]
		if !ok {
			continue
		}
		switch v := c.Value.(type) {
		case bool:
			s.set(a, value{b: v})
		case int:
			s.set(a, value{n: v})
		case string:
			s.set(a, value{s: v})
		}
	}
	return s
}

// Nearest returns the changes of least effort after which the action is
// allowed: none if it is already. It returns false if there is no way, such as
// for those who are suspended, or for a rule that asks for the impossible.
func (r *Rules) Nearest(s Subject, c Circle, a Action) ([]Change, bool) {
	if r.Decide(s, c, a).Allowed {
		return nil, true
	}
	if s.Banned || !slices.Contains(ruled, a) || a == Tip && s.Author {
		return nil, false
	}
	f := facts{Subject: s, Circle: c}
	var best told
	for _, t := range r.plans(&f, a) {
		if t.possible && (!best.possible || t.effort < best.effort) {
			best = t
		}
	}
	return best.changes(), best.possible
}

// told is a way as somebody would go it, with what fails of it now.
type told struct {
	plan
	failing way
}

// plans returns all ways to an action. Staff view whatever the rule for view
// says, but a way that makes or ends a role may turn on just that: those that
// count with the other case are here if they lead somewhere.
func (r *Rules) plans(f *facts, a Action) []told {
	if a == Tip && f.AdultTips {
		a = tipByAdult
	}
	if r == nil || r.full == nil {
		r = open()
	}
	first, second := r.full[a], r.own[a]
	if f.staff() {
		first, second = second, first
	}
	plans := make([]told, 0, len(first)+len(second))
	for _, w := range first {
		plans = append(plans, r.plan(f, w))
	}
	if closed := r.full[View]; a != View && (len(closed) != 1 || len(closed[0]) > 0) {
		for _, w := range second {
			if t := r.plan(f, w); t.possible {
				plans = append(plans, t)
			}
		}
	}
	return plans
}

func (r *Rules) plan(f *facts, w way) told {
	after := *f
	t := told{plan: w.plan(f, &after)}
	t.possible = t.possible && (after.staff() || slices.ContainsFunc(r.full[View], func(w way) bool { return w.holds(&after) }))
	for _, c := range w {
		if !c.holds(f) {
			t.failing = append(t.failing, c)
		}
	}
	return t
}

// staff view a circle whatever its rules say.
func (s *Subject) staff() bool { return s.SignedIn && Moderates(s.Role) }

// open are the ways of a circle without rules.
func open() *Rules {
	r := &Rules{}
	c := compiler{weaver: newWeaver()}
	c.weave(r)
	return r
}
