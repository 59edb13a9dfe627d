package player

import (
	"context"
	"math/rand/v2"
	"time"
)

// schedule gives the times of an action, fixed before anything happens: no
// answer, and no lack of one, moves them.
type schedule struct {
	start, end time.Time
	rate       float64
	rng        *rand.Rand // nil: equal distances
	n          int
	passed     time.Duration // of a random schedule
}

// next returns the next planned time; ok is false when there is none before the end.
func (s *schedule) next() (at time.Time, ok bool) {
	if s.rng != nil {
		s.passed += time.Duration(s.rng.ExpFloat64() / s.rate * float64(time.Second))
		at = s.start.Add(s.passed)
	} else {
		at = s.start.Add(time.Duration(float64(s.n) / s.rate * float64(time.Second)))
	}
	s.n++
	return at, at.Before(s.end)
}

// window is the part of a run in which something happens.
func window(start, end time.Time, after, length time.Duration) (from, to time.Time) {
	from, to = start.Add(after), end
	if length > 0 && from.Add(length).Before(end) {
		to = from.Add(length)
	}
	return from, to
}

// cutting makes the cuts of one kind.
func (c *Crowd) cutting(ctx context.Context, cut Cut, start, end time.Time) {
	from, to := window(start, end, cut.After, cut.For)
	if !sleepUntil(ctx, from) {
		return
	}
	if cut.Share > 0 {
		c.Cut(int(cut.Share*float64(c.cuttable()) + 0.5))
	}
	if cut.Rate <= 0 {
		return
	}
	s := schedule{start: from, end: to, rate: cut.Rate}
	for {
		at, ok := s.next()
		if !ok || !sleepUntil(ctx, at) {
			return
		}
		c.Cut(1)
	}
}

// cuttable is how many viewers can be cut, if they are ready.
func (c *Crowd) cuttable() (n int) {
	for _, cl := range c.list() {
		if !cl.group.Slow && !cl.group.actors {
			n++
		}
	}
	return n
}
