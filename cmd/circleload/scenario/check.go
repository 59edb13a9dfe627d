package scenario

import (
	"fmt"
	"slices"
	"time"
)

// The bounds of a run. They keep a slip of the finger from becoming an attack.
const (
	minDuration  = time.Second
	maxDuration  = 24 * time.Hour
	maxReconnect = time.Hour
	maxPeople    = 500_000
	maxCircles   = 10_000
	maxRate      = 1_000_000 // a second
	maxBytes     = 60 << 10  // a frame of ours carries 64 KiB
	maxMessage   = 200       // of a tip, for our server
	maxAmount    = 20_000    // fen, for our server
	maxActions   = 16
	maxCuts      = 64
)

// Check says what is wrong with the numbers, the first thing only. It is to be
// called again after a number was changed.
func (s Scenario) Check() error {
	bounds := []bound{
		{"duration", s.Duration.Seconds(), minDuration.Seconds(), maxDuration.Seconds()},
		{"viewers", float64(s.Viewers), 0, maxPeople},
		{"circles", float64(s.Circles), 1, maxCircles},
		{"each", float64(s.Each), 1, float64(s.Circles)},
		{"connect_rate", s.Connect, 0, maxRate},
		{"slow.viewers", float64(s.Slow.Viewers), 0, maxPeople},
		{"slow.bytes_per_second", float64(s.Slow.BytesPerSecond), 0, maxRate},
		{"actors", float64(s.Actors), 0, maxPeople},
		{"the number of actions", float64(len(s.Actions)), 0, maxActions},
		{"the number of cuts", float64(len(s.Cuts)), 0, maxCuts},
		{"reconnect.min", s.Reconnect.Min.Seconds(), 0, maxReconnect.Seconds()},
		{"reconnect.max", s.Reconnect.Max.Seconds(), 0, maxReconnect.Seconds()},
	}
	if err := check(bounds); err != nil {
		return err
	}
	switch {
	case s.Viewers+s.Slow.Viewers+s.Actors == 0:
		return fmt.Errorf("nobody comes: set viewers or actors")
	case s.Reconnect.Max > 0 && s.Reconnect.Max < s.Reconnect.Min:
		return fmt.Errorf("reconnect.max is less than reconnect.min")
	}
	for i, a := range s.Actions {
		if err := a.check(s); err != nil {
			return fmt.Errorf("action %d: %w", i+1, err)
		}
	}
	for i, c := range s.Cuts {
		if err := c.check(s); err != nil {
			return fmt.Errorf("cut %d: %w", i+1, err)
		}
	}
	return nil
}

func (a Action) check(s Scenario) error {
	if !slices.Contains([]Kind{Post, Like, Comment, Tip}, a.Kind) {
		return fmt.Errorf("kind %q is none of post, like, comment, tip", a.Kind)
	}
	if a.Over != Socket && a.Over != HTTP {
		return fmt.Errorf("over %q is neither socket nor http", a.Over)
	}
	if s.Actors == 0 && !s.SignedIn {
		return fmt.Errorf("nobody can do it: set actors, or signed_in for the viewers")
	}
	if a.Rate == 0 {
		return fmt.Errorf("it has no rate")
	}
	most := maxBytes
	if a.Kind == Tip {
		most = maxMessage
	}
	return check([]bound{
		{"rate", a.Rate, 0, maxRate},
		{"bytes", float64(a.Bytes), 1, float64(most)},
		{"amount", float64(a.Amount), 1, maxAmount},
		{"after", a.After.Seconds(), 0, s.Duration.Seconds()},
		{"for", a.For.Seconds(), 0, maxDuration.Seconds()},
	})
}

func (c Cut) check(s Scenario) error {
	if c.Share == 0 && c.Rate == 0 {
		return fmt.Errorf("it has neither share nor rate")
	}
	return check([]bound{
		{"share", c.Share, 0, 1},
		{"rate", c.Rate, 0, maxRate},
		{"after", c.After.Seconds(), 0, s.Duration.Seconds()},
		{"for", c.For.Seconds(), 0, maxDuration.Seconds()},
	})
}

type bound struct {
	name          string
	value, lo, hi float64
}

func check(bounds []bound) error {
	for _, b := range bounds {
		if !(b.value >= b.lo && b.value <= b.hi) { // a NaN is outside, too
			return fmt.Errorf("%s is %g; it must lie between %g and %g", b.name, b.value, b.lo, b.hi)
		}
	}
	return nil
}
