package population_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/creditscore/population"
)

func asOf() time.Time { return time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC) }

func scores(t *testing.T, w *population.World) []int {
	t.Helper()
	lookup, _, err := w.Trust(population.Attack{})
	if err != nil {
		t.Fatal(err)
	}
	all := make([]int, len(w.People))
	for i := range all {
		all[i] = model.Points(w.Inputs(i), lookup, w.AsOf)
	}
	return all
}

// target is a share of the active, in percent (section 3).
type target struct {
	name      string
	low, high float64
	in        func(score int) bool
}

func targets() []target {
	return []target{
		{"below 550", 15, 25, func(s int) bool { return s < 550 }},
		{"550 to 599", 20, 27, func(s int) bool { return s >= 550 && s < 600 }},
		{"600 to 649", 20, 28, func(s int) bool { return s >= 600 && s < 650 }},
		{"650 to 699", 13, 20, func(s int) bool { return s >= 650 && s < 700 }},
		{"above 700", 12, 18, func(s int) bool { return s > 700 }},
		{"above 750", 3, 7, func(s int) bool { return s > 750 }},
	}
}

// T1: for 10 seeds, over the three networks, the shares lie inside the targets.
func TestDistributionIsInsideTheTargets(t *testing.T) {
	t.Parallel()
	people, seeds := 3000, uint64(10)
	if raceEnabled { // one goroutine: it would be the same, only slow
		seeds = 1
	}
	for seed := range seeds {
		network := population.Networks()[seed%3]
		all := scores(t, population.New(seed, people, network, asOf()))
		line := ""
		for _, want := range targets() {
			n := 0
			for _, s := range all {
				if want.in(s) {
					n++
				}
			}
			share := 100 * float64(n) / float64(len(all))
			line += fmt.Sprintf("  %s %.1f", want.name, share)
			if share < want.low || share > want.high {
				t.Errorf("seed %d, %s: %.1f %% are %s, want %.0f to %.0f", seed, network, share, want.name, want.low, want.high)
			}
		}
		t.Logf("seed %d %-7s %s", seed, network, line)
	}
}

// T10: two draws of one population are stable, another population is not.
func TestDriftIsSeen(t *testing.T) {
	t.Parallel()
	bins := func(shift int, seed uint64) []int {
		counts := make([]int, 12)
		for _, s := range scores(t, population.New(seed, 1500, population.Mixed, asOf())) {
			counts[min(11, max(0, s+shift-350)/50)]++
		}
		return counts
	}
	reference := bins(0, 1)
	if psi := model.Stability(reference, bins(0, 2)); psi > model.DriftAlarm {
		t.Errorf("the same population drifts by %.3f", psi)
	}
	if psi := model.Stability(reference, bins(40, 2)); psi < model.DriftAlarm {
		t.Errorf("40 points more for everybody drift by %.3f only", psi)
	}
}

// T11: the report of pass rates by traits, which no score knew. Those of the
// made-up people are drawn by lot, so no group may stand out beyond chance, which among 60 who pass of each is much.
func TestFairnessReport(t *testing.T) {
	t.Parallel()
	w := population.New(10, 5000, population.Towns, asOf())
	all := scores(t, w)
	for name, trait := range map[string]func(population.Traits) string{
		"gender": func(x population.Traits) string { return x.Gender },
		"age":    func(x population.Traits) string { return x.AgeGroup },
		"region": func(x population.Traits) string { return x.Region },
	} {
		counts := map[string]model.Group{}
		for i, p := range w.People {
			g := counts[trait(p.Traits)]
			g.Total++
			if all[i] > 750 {
				g.Passed++
			}
			counts[trait(p.Traits)] = g
		}
		var groups []model.Group
		for _, g := range counts {
			groups = append(groups, g)
		}
		ratio, review := model.Fairness(groups, 100)
		t.Logf("%s: ratio %.2f, review %v", name, ratio, review)
		if ratio < 0.5 {
			t.Errorf("%s: ratio %.2f of traits drawn by lot", name, ratio)
		}
	}
}

// T3 and T13: other traits and ten times the money, and every event, and so
// every score, is the same.
func TestTraitsAndMoneyReachNoEvent(t *testing.T) {
	t.Parallel()
	w := population.New(5, 200, population.Mixed, asOf())
	flipped := population.New(5, 200, population.Mixed, asOf())
	for i := range flipped.People {
		flipped.People[i].Traits = population.Traits{Name: "Somebody Else", Gender: "other", AgeGroup: "51+", Region: "abroad"}
	}
	amounts := int64(0)
	for i := range w.People {
		acts := flipped.History(i)
		for n := range acts {
			amounts += acts[n].Amount
			acts[n].Amount *= 10
		}
		if !reflect.DeepEqual(population.Events(w.History(i)), population.Events(acts)) {
			t.Fatalf("person %d has other events", i)
		}
	}
	if amounts == 0 {
		t.Error("no money was in it")
	}
}
