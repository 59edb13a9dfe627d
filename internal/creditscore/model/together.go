package model

import "slices"

// together does everything that is done once and then, again and again, what
// gains the most for its effort, until the target is reached or nothing gains.
func together(best *plan, f figures, target int) {
	sets := choices(&f, target)
	set := slices.MaxFunc(sets, func(a, b []Action) int { return worth(&f, a) - worth(&f, b) })
	base := f
	for _, a := range set {
		a.apply(&base)
	}
	g := base
	var taken counts
	for final(&g) < target {
		do, n := bargain(&g, &taken, target)
		if n == 0 {
			break
		}
		Action{Do: counted()[do], N: n}.apply(&g)
		taken[do] += n
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

// chunks are how many portions the most of an action is weighed in.
const chunks = 8

// bargain returns what gains the most points for a day of effort, and how many
// of it are to be done at once; 0 where nothing gains.
func bargain(f *figures, taken *counts, target int) (do, n int) {
	best, now := 0.0, final(f)
	for i, kind := range counted() {
		rest := kind.most(f)
		step := (rest + chunks - 1) / chunks
		if kind != CleanMonths { // which knows by itself what was done before
			rest -= taken[i]
		} else {
			step = min(rest, windowMonths/chunks)
		}
		if step = min(step, rest); step < 1 {
			continue
		}
		g := *f
		a := Action{Do: kind, N: step}
		a.apply(&g)
		if rate := float64(min(target, final(&g))-now) / float64(a.effort()); rate > best {
			best, do, n = rate, i, step
		}
	}
	return do, n
}

// trim takes back what is not needed for the target, or for as much as can be
// reached of it, the last of counted first.
func trim(base *figures, taken *counts, target int) {
	total := func() int {
		g := *base
		for i, n := range taken {
			Action{Do: counted()[i], N: n}.apply(&g)
		}
		return final(&g)
	}
	target = min(target, total())
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
