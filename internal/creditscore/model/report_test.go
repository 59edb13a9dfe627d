package model_test

import (
	"math"
	"slices"
	"testing"

	"lifecircle/internal/creditscore/model"
)

func TestStability(t *testing.T) {
	t.Parallel()
	same := model.Stability([]int{20, 23, 24, 17, 16}, []int{200, 230, 240, 170, 160})
	moved := model.Stability([]int{50, 50}, []int{60, 40})
	if math.Abs(same) > 1e-12 || math.Abs(moved-(0.1*math.Log(1.2)-0.1*math.Log(0.8))) > 1e-12 {
		t.Errorf("the same: %v, moved: %v", same, moved)
	}
	if far := model.Stability([]int{100, 0}, []int{0, 100}); math.IsInf(far, 0) || far < model.DriftAlarm {
		t.Errorf("everybody moved: %v", far)
	}
	if !math.IsNaN(model.Stability(nil, nil)) || !math.IsNaN(model.Stability([]int{1}, []int{1, 2})) || !math.IsNaN(model.Stability([]int{0}, []int{1})) {
		t.Error("nothing to compare has an index")
	}
}

func TestFairness(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		groups []model.Group
		ratio  float64
		review bool
	}{
		{nil, 1, false},
		{[]model.Group{{"a", 0, 500}, {"b", 0, 500}}, 1, false},
		{[]model.Group{{"a", 50, 1000}, {"b", 40, 1000}}, 0.8, false},
		{[]model.Group{{"a", 50, 1000}, {"b", 39, 1000}}, 0.78, true},
		{[]model.Group{{"a", 50, 1000}, {"b", 0, 1000}}, 0, true},
		{[]model.Group{{"a", 50, 1000}, {"few", 0, 9}}, 1, false},
	} {
		if ratio, review := model.Fairness(c.groups, 10); math.Abs(ratio-c.ratio) > 1e-9 || review != c.review {
			t.Errorf("%v: %v, %v", c.groups, ratio, review)
		}
	}
}

// The targets are those of section 3: 700 itself is in none of them.
func TestRangesOfScores(t *testing.T) {
	t.Parallel()
	for score, want := range map[int][]string{
		350: {"below 550"}, 549: {"below 550"}, 550: {"550 to 599"}, 599: {"550 to 599"}, 600: {"600 to 649"}, 649: {"600 to 649"},
		650: {"650 to 699"}, 699: {"650 to 699"}, 700: nil, 701: {"above 700"}, 750: {"above 700"}, 751: {"above 700", "above 750"}, 950: {"above 700", "above 750"},
	} {
		var s model.Spread
		s[score] = 3
		var got []string
		for _, r := range model.Ranges() {
			if share, _ := s.Share(r); share == 100 {
				got = append(got, r.Name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d is %v, want %v", score, got, want)
		}
		if bins := s.Bins(); len(bins) != 12 || bins[min(11, (score-350)/50)] != 3 {
			t.Errorf("%d is in bins %v", score, bins)
		}
	}
	var s model.Spread
	s[500], s[560], s[620], s[660], s[700], s[720], s[800] = 20, 23, 24, 16, 2, 10, 5
	for _, r := range model.Ranges() {
		if share, inside := s.Share(r); !inside {
			t.Errorf("%s: %.1f %%", r.Name, share)
		}
	}
	s[500] = 40
	if _, inside := s.Share(model.Ranges()[0]); inside {
		t.Error("a third below 550 is inside")
	}
}
