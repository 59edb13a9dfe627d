package trust

import (
	"math"
	"slices"
)

// Percentiles of the reference: below the first the gate is closed (section
// 2), below the second people are told that it is near.
const (
	closedBelow = 5
	nearBelow   = 10
)

// Scale is how trust is read: in relation to people whom somebody has checked
// by hand. All are in the units of what Propagate returned.
type Scale struct {
	Median    float32 // of the reference
	Threshold float32 // T: below it the score ends at 700
	Near      float32 // below it somebody is told that T is near
}

// Calibrate returns the scale that a hand-checked reference gives.
func Calibrate(trust []float32, reference []Node) Scale {
	values := linked(trust, reference)
	return Scale{Median: rank(values, 50), Threshold: rank(values, closedBelow), Near: rank(values, nearBelow)}
}

// Threshold returns T, the 5th percentile of a hand-checked reference (section
// 2). Members without trust are left out; without any member it is infinite.
func Threshold(trust []float32, reference []Node) float32 {
	return rank(linked(trust, reference), closedBelow)
}

// Share returns v in relation to the median, as the parts of the score count it.
func (s Scale) Share(v float32) float64 {
	if s.Median <= 0 {
		return 0
	}
	return float64(v) / float64(s.Median)
}

// Relative returns the same scale with a median of 1, as Share returns trust:
// a threshold and what is near it. Without a reference both are infinite.
func (s Scale) Relative() (threshold, near float64) {
	if math.IsInf(float64(s.Threshold), 1) {
		return math.Inf(1), math.Inf(1)
	}
	return s.Share(s.Threshold), s.Share(s.Near)
}

// Margin is all that anybody is told about trust: a number would be an oracle.
type Margin string

// What people are told.
const (
	Low  Margin = "low"  // below the threshold: the gate is closed
	Near Margin = "near" // open, and lower than nine in ten of the reference
	OK   Margin = "ok"
)

// MarginOf returns where a value stands, all on one scale.
func MarginOf(value, threshold, near float64) Margin {
	switch {
	case !(value >= threshold): // so NaN is low
		return Low
	case value < near:
		return Near
	default:
		return OK
	}
}

func linked(trust []float32, reference []Node) []float32 {
	values := make([]float32, 0, len(reference))
	for _, v := range reference {
		if trust[v] > 0 {
			values = append(values, trust[v])
		}
	}
	slices.Sort(values)
	return values
}

// rank returns the p-th percentile of sorted values by nearest rank.
func rank(sorted []float32, p int) float32 {
	if len(sorted) == 0 {
		return float32(math.Inf(1))
	}
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}
