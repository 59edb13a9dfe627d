package model

import "time"

// Path is the shortest way to a score: what to do, and when it is published.
type Path struct {
	Target   int      `json:"target"`
	Cheapest []Action `json:"cheapest"`
	// ReachableBy is the date on which the target is published if nothing else
	// changes; empty where nobody can promise one.
	ReachableBy string `json:"reachable_by,omitempty"`
}

// waits are how many days of waiting are weighed against doing something.
func waits() [5]int { return [5]int{0, 30, 90, 180, 360} }

// ToReach returns the actions of the least effort that bring a published score
// to the target, or as far as actions can, and nil if it is there. Each gain
// is the difference that the action makes to Score after those before it.
func ToReach(in Inputs, t Trust, target int, date time.Time, published int) *Path {
	return toReach(in, t, target, date, published)
}

func toReach(in Inputs, t Trust, target int, date time.Time, published int) *Path {
	if published >= target {
		return nil
	}
	var best plan
	for _, wait := range waits() {
		if wait > 0 && len(in.Penalties) == 0 && len(in.Reports) == 0 && len(in.Removals) == 0 {
			break // nothing that fades: waiting would be for months only
		}
		f := weigh(in, t, date.AddDate(0, 0, wait))
		p := solve(f, target)
		if wait > 0 {
			p.actions = append([]Action{{Do: Wait, N: wait}}, p.actions...)
		}
		if wait == 0 || p.better(&best, target) {
			best = p
		}
	}
	path := &Path{Target: target, Cheapest: best.actions}
	now := weigh(in, t, date)
	path.gains(&now, in, t, date)
	if best.score >= target {
		path.ReachableBy = path.date(date, published, final(&now))
	}
	return path
}

// gains fills in what each action gains and leaves out what gains nothing.
func (p *Path) gains(now *figures, in Inputs, t Trust, date time.Time) {
	f, before := *now, final(now)
	kept := p.Cheapest[:0]
	for _, a := range p.Cheapest {
		if a.Do == Wait {
			f = weigh(in, t, date.AddDate(0, 0, a.N))
		} else {
			a.apply(&f)
		}
		after := final(&f)
		a.Gain = after - before
		before = after
		kept = append(kept, a)
	}
	p.Cheapest = kept
}

// date returns when the target is published: when all actions have taken
// effect, during which the score rises to what it already is worth, and then
// 10 points a night.
func (p *Path) date(date time.Time, published, computed int) string {
	lead := 0
	for _, a := range p.Cheapest {
		days, known := a.days(date)
		if !known {
			return ""
		}
		lead = max(lead, days)
	}
	published = max(published, Next(published, computed, Change{Step: Night, Nights: lead}))
	nights := max(0, (p.Target-published+DailyRise-1)/DailyRise)
	return dateOf(date.AddDate(0, 0, lead+nights))
}
