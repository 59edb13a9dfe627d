package model

import "slices"

// plan is a way to a score.
type plan struct {
	actions []Action
	score   int // after all of them, gates included
}

// better tells whether p is to be preferred to q: it reaches the target and q
// does not, or it takes less effort; if neither reaches it, more points count.
func (p *plan) better(q *plan, target int) bool {
	switch reach, other := p.score >= target, q.score >= target; {
	case reach != other:
		return reach
	case !reach && p.score != q.score:
		return p.score > q.score
	default:
		return p.total() < q.total()
	}
}

func (p *plan) total() (days int) {
	for _, a := range p.actions {
		days += a.effort()
	}
	return days
}

// counted are the actions that can be done many times, once is what cannot.
func counted() [5]Do {
	return [5]Do{MoreContacts, NewPartners, KeepPromises, CleanMonths, Appreciation}
}

// solve looks for the plan of least effort: every choice of what is done once,
// alone and with as little as will do of one thing that is done many times;
// where none of these reaches the target, many things together.
func solve(f figures, target int) plan {
	best := plan{score: final(&f)}
	if best.score >= target {
		return best
	}
	for _, once := range choices(&f, target) {
		g := f
		for _, a := range once {
			a.apply(&g)
		}
		consider(&best, &g, once, target)
		for _, do := range counted() {
			if n := fewest(&g, do, target); n > 0 {
				a := Action{Do: do, N: n}
				h := g
				a.apply(&h)
				consider(&best, &h, append(slices.Clone(once), a), target)
			}
		}
	}
	if best.score < target {
		together(&best, f, target)
	}
	return best
}

func consider(best *plan, f *figures, actions []Action, target int) {
	if p := (plan{actions: actions, score: final(f)}); p.better(best, target) {
		best.actions, best.score = slices.Clone(actions), p.score
	}
}

// choices are the sets of things done once. What opens a gate on the way to
// the target is in all of them.
func choices(f *figures, target int) [][]Action {
	var must []Action
	if target > SuperGood && !f.trusted {
		must = append(must, Action{Do: VouchedFor})
	}
	var sets [][]Action
	identity := []Do{Identity2, Identity3}
	switch {
	case f.level >= LevelBank:
		identity = nil
	case f.level >= LevelDocument:
		identity = identity[1:]
	}
	if f.level >= LevelDocument || target <= Good {
		sets = append(sets, must)
	}
	for _, do := range identity {
		sets = append(sets, append(slices.Clone(must), Action{Do: do}))
	}
	if !f.attribute {
		for _, set := range slices.Clone(sets) {
			sets = append(sets, append(slices.Clone(set), Action{Do: AnyAttribute}))
		}
	}
	return sets
}

// fewest returns the fewest of an action that reach the target, 0 if none do.
func fewest(f *figures, do Do, target int) int {
	reaches := func(n int) bool {
		g := *f
		Action{Do: do, N: n}.apply(&g)
		return final(&g) >= target
	}
	low, high := 0, do.most(f)
	if high <= 0 || !reaches(high) {
		return 0
	}
	for high-low > 1 {
		if middle := (low + high) / 2; reaches(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}
