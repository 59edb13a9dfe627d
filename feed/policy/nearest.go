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
	var best plan
	for _, p := range r.plans(&f, a) {
		if p.possible && (!best.possible || p.effort < best.effort) {
			best = p
		}
	}
	return best.changes(), best.possible
}

// plans returns how to go all routes to an action. Staff view whatever the rule
// for view says, but a route that makes or ends a role may turn on just that:
// those that count with the other case are here if they lead somewhere.
func (r *Rules) plans(f *facts, a Action) []plan {
	if a == Tip && f.AdultTips {
		a = tipByAdult
	}
	routed := r.routed(a)
	first, second := routed.full[a], routed.own[a]
	if f.staff() {
		first, second = second, first
	}
	if a == View || r.visible() {
		second = nil
	}
	planner := newPlanner(f, routed.conditions, len(first)+len(second))
	plans := make([]plan, 0, len(first)+len(second))
	for i := range first {
		plans = append(plans, r.plan(planner, &first[i], !f.staff()))
	}
	for i := range second {
		if p := r.plan(planner, &second[i], f.staff()); p.possible {
			plans = append(plans, p)
		}
	}
	return plans
}

// plan plans one route. If it is full, who has gone it may view; else only
// staff may, whatever they were before.
func (r *Rules) plan(planner *planner, rt *route, full bool) plan {
	p := planner.plan(rt)
	p.possible = p.possible && (full || planner.after.staff() || r.visible())
	return p
}

// staff view a circle whatever its rules say.
func (s *Subject) staff() bool { return s.SignedIn && Moderates(s.Role) }
