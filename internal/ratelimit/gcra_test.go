package ratelimit

import (
	"errors"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawPace returns a pace and a start, in microseconds since 1970.
func drawPace(t *rapid.T) (p pace, now int64) {
	burst := rapid.Int64Range(1, 50).Draw(t, "burst")
	interval := rapid.Int64Range(1, 10_000_000).Draw(t, "interval")
	return pace{interval: interval, span: interval * burst}, rapid.Int64Range(1e15, 4e15).Draw(t, "start")
}

// A bucket of tokens says the same: span is its size, an event costs interval,
// and one is refilled each microsecond.
func TestAdvanceIsATokenBucket(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, now := drawPace(t)
		next, level := int64(0), p.span
		for range rapid.IntRange(1, 200).Draw(t, "events") {
			passed := rapid.Int64Range(0, 3*p.interval).Draw(t, "passed")
			now, level = now+passed, min(p.span, level+passed)
			var wait int64
			next, wait = p.advance(next, now)
			if level >= p.interval {
				level -= p.interval
				if wait != 0 {
					t.Fatalf("refused for %d µs with %d in the bucket", wait, level+p.interval)
				}
			} else if wait != p.interval-level {
				t.Fatalf("wait is %d µs, the bucket lacks %d", wait, p.interval-level)
			}
		}
	})
}

func TestWaitIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, now := drawPace(t)
		next := rapid.Int64Range(0, 8e15).Draw(t, "next")
		kept, wait := p.advance(next, now)
		if wait == 0 {
			return
		}
		if wait > p.interval {
			t.Fatalf("wait of %d µs for events %d apart", wait, p.interval)
		}
		if _, w := p.advance(kept, now+wait); w != 0 {
			t.Fatalf("refused after the wait of %d µs: %d more", wait, w)
		}
		if _, w := p.advance(kept, now+wait-1); w != 1 {
			t.Fatalf("1 µs early the wait is %d", w)
		}
	})
}

// However the clock jumps, nobody gains more than a burst by it, and nobody is
// shut out for longer than his burst takes.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, now := drawPace(t)
		next := int64(0)
		for range 20 {
			now += rapid.Int64Range(-1e12, 1e12).Draw(t, "jump")
			var wait int64
			if next, wait = p.advance(next, now); wait > p.interval || next > now+p.span {
				t.Fatalf("after a jump: wait %d, next %d ahead", wait, next-now)
			}
		}
	})
}

func TestUnusableRates(t *testing.T) {
	t.Parallel()
	for _, r := range []Rate{
		{Burst: 1},
		{Burst: 1, Count: 1},
		{Count: 1, Per: time.Second},
		{Burst: -1, Count: 1, Per: time.Second},
		{Burst: 1, Count: -1, Per: time.Second},
		{Burst: 1, Count: 1, Per: -time.Second},
		{Burst: math.MaxInt, Count: 1, Per: time.Second},
		{Burst: 1, Count: 1, Per: math.MaxInt64},
	} {
		if _, err := NewMemory(1, nil).Allow(t.Context(), "k", r); !errors.Is(err, ErrRate) {
			t.Errorf("%+v: %v", r, err)
		}
	}
	if p, err := (Rate{Burst: 3, Count: 7, Per: time.Second}).pace(); err != nil || p != (pace{interval: 142_858, span: 428_574}) {
		t.Errorf("pace = %+v, %v", p, err)
	}
}
