package model

import "slices"

// together does everything that is done once and then, again and again, what
// gains the most for its effort, until the target is reached or nothing gains.
func together(best *plan, f figures, target int) {
	sets := choices(&f, target)
	set := slices.MaxFunc(sets, func(a, b []Action) int { return worth(&f, a) - worth(&f, b) })
	g := f
	for _, a := range set {
		a.apply(&g)
	}
	var taken [len(counts{})]int
	for final(&g) < target {
		do, n := bargain(&g, &taken, target)
		if n == 0 {
			break
		}
		Action{Do: counted()[do], N: n}.apply(&g)
		taken[do] += n
	}
	base := f
	for _, a := range set {
		a.apply(&base)
	}
	trim(&base, &taken, target)
	actions := slices.Clone(set)
	for i, n := range taken {
		if n > 0 {
			a := Action{Do: counted()[i], N: n}
			a.apply(&base)
			actions = append(actions, a)
		}
	}
	consider(best, &base, actions, target)
}

// counts are how often each of counted is done.
type counts = [5]int

func worth(f *figures, actions []Action) int {
	g := *f
	for _, a := range actions {
		a.apply(&g)
	}
	return final(&g)*2 + int(g.level)
}

// bargain returns what gains the most points for a day of effort, and how many
// of it are to be done at once.
func bargain(f *figures, taken *counts, target int) (do, n int) {
	best, now := 0.0, final(f)
	for i, kind := range counted() {
		rest := kind.most(f)
		if kind != CleanMonths { // which counts what was done before by itself
			rest -= taken[i]
		}
		for _, step := range [...]int{1, 3, 10, 40, rest} {
			if step > rest || step < 1 {
				continue
			}
			g := *f
			a := Action{Do: kind, N: step}
			a.apply(&g)
			if rate := float64(min(target, final(&g))-now) / float64(a.effort()); rate > best {
				best, do, n = rate, i, step
			}
		}
	}
	return do, n
}

// trim takes back what is not needed for the target, the most laborious first.
// Without it, or where the target is not reached, everything stays.
func trim(base *figures, taken *counts, target int) {
	total := func() int {
		g := *base
		for i, n := range taken {
			Action{Do: counted()[i], N: n}.apply(&g)
		}
		return final(&g)
	}
	if total() < target {
		return
	}
	for i := len(taken) - 1; i >= 0; i-- {
		low, high := -1, taken[i]
		for high-low > 1 {
			taken[i] = (low + high) / 2
			if total() >= target {
				high = taken[i]
			} else {
				low = taken[i]
			}
		}
		taken[i] = high
	}
}
