package model_test

import (
	"math"
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
