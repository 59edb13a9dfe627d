package demo

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// chinaTime is what the clocks of this world show.
var chinaTime = time.FixedZone("UTC+8", 8*60*60)

// hourWeights tells how awake the world is in each hour of China's day: busy
// at lunch, busiest in the evening.
var hourWeights = [24]float64{
	0.30, 0.14, 0.06, 0.03, 0.03, 0.06, 0.18, 0.45, 0.60, 0.55, 0.55, 0.80,
	1.00, 0.80, 0.50, 0.45, 0.50, 0.65, 0.85, 1.00, 1.15, 1.20, 1.00, 0.65,
}

const busiestHour = 1.20

// calendar picks times between now-worldSpan and now, more often near now.
type calendar struct {
	now        time.Time
	cumulative []float64 // weight of all hours up to and with this one, counted back from now
}

func newCalendar(now time.Time) *calendar {
	c := &calendar{now: now}
	var sum float64
	for h := range int(worldSpan / time.Hour) {
		days := float64(h) / 24
		sum += hourWeights[now.Add(-time.Duration(h)*time.Hour-30*time.Minute).In(chinaTime).Hour()] * (0.25 + math.Exp(-days/7))
		c.cumulative = append(c.cumulative, sum)
	}
	return c
}

// pick returns n times in order.
func (c *calendar) pick(rng *rand.Rand, n int) []time.Time {
	total := c.cumulative[len(c.cumulative)-1]
	times := make([]time.Time, n)
	for i := range times {
		h, _ := slices.BinarySearch(c.cumulative, rng.Float64()*total)
		back := time.Duration((float64(h) + rng.Float64()) * float64(time.Hour))
		times[i] = c.now.Add(-min(back, worldSpan)).Truncate(time.Millisecond)
	}
	slices.SortFunc(times, time.Time.Compare)
	return times
}

// later returns a time after t at which somebody reacts to what was said at t.
// Most are quick, some come the day after, and few are up at four.
func later(rng *rand.Rand, t time.Time, mean time.Duration) time.Time {
	for try := 0; ; try++ {
		wait := rng.ExpFloat64() * float64(mean)
		if rng.IntN(5) == 0 {
			wait += rng.ExpFloat64() * float64(12*time.Hour)
		}
		at := t.Add(20*time.Second + time.Duration(wait)).Truncate(time.Millisecond)
		if try == 8 || rng.Float64()*busiestHour < hourWeights[at.In(chinaTime).Hour()] {
			return at
		}
	}
}

// A moment is a word in a content file that bounds when a post is written.
var moments = map[string]func(t time.Time) bool{
	"morning":   func(t time.Time) bool { return t.Hour() >= 6 && t.Hour() < 10 },
	"noon":      func(t time.Time) bool { return t.Hour() >= 11 && t.Hour() < 14 },
	"afternoon": func(t time.Time) bool { return t.Hour() >= 13 && t.Hour() < 18 },
	"evening":   func(t time.Time) bool { return t.Hour() >= 18 && t.Hour() < 23 },
	"night":     func(t time.Time) bool { return t.Hour() >= 21 || t.Hour() < 3 },
	"weekend":   func(t time.Time) bool { return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday },
	"weekday":   func(t time.Time) bool { return t.Weekday() != time.Saturday && t.Weekday() != time.Sunday },
	"friday":    func(t time.Time) bool { return t.Weekday() == time.Friday },
	"monday":    func(t time.Time) bool { return t.Weekday() == time.Monday },
}
