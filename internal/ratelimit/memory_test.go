package ratelimit

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// clock stands still until it is told otherwise.
type clock struct{ us atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.us.Store(1_800_000_000_000_000)
	return c
}

func (c *clock) now() time.Time          { return time.UnixMicro(c.us.Load()) }
func (c *clock) advance(d time.Duration) { c.us.Add(d.Microseconds()) }

var threeThenOneASecond = Rate{Burst: 3, Count: 1, Per: time.Second}

// allowed counts how many of n events are allowed.
func allowed(t *testing.T, l Limiter, key string, r Rate, n int) (count int) {
	t.Helper()
	for range n {
		d, err := l.Allow(t.Context(), key, r)
		if err != nil {
			t.Fatal(err)
		}
		if d.Allowed != (d.RetryAfter == 0) {
			t.Fatalf("decision %+v contradicts itself", d)
		}
		if d.Allowed {
			count++
		}
	}
	return count
}

func TestMemory(t *testing.T) {
	t.Parallel()
	c := newClock()
	m := NewMemory(1000, c.now)
	if n := allowed(t, m, "a", threeThenOneASecond, 5); n != 3 {
		t.Errorf("%d of a burst of 3", n)
	}
	if n := allowed(t, m, "b", threeThenOneASecond, 5); n != 3 {
		t.Errorf("another key has %d", n)
	}
	if d, _ := m.Allow(t.Context(), "a", threeThenOneASecond); d.RetryAfter != time.Second {
		t.Errorf("retry after %s", d.RetryAfter)
	}
	c.advance(2500 * time.Millisecond)
	if n := allowed(t, m, "a", threeThenOneASecond, 5); n != 2 {
		t.Errorf("%d after 2.5 s", n)
	}
	c.advance(time.Hour)
	if n := allowed(t, m, "a", threeThenOneASecond, 5); n != 3 {
		t.Errorf("%d after an hour", n)
	}
	if n := allowed(t, m, "a", Rate{}, 100); n != 100 {
		t.Errorf("the zero rate allows %d of 100", n)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	const most = 640
	c := newClock()
	m := NewMemory(most, c.now)
	hour := Rate{Burst: 1, Count: 1, Per: time.Hour}
	for i := range 50 * most {
		if n := allowed(t, m, strings.Repeat("x", 100)+strconv.Itoa(i), hour, 1); n != 1 {
			t.Fatalf("new key %d is refused", i)
		}
	}
	if n := m.Len(); n > most || n < most/2 {
		t.Errorf("%d keys are remembered, bound %d", n, most)
	}
	c.advance(time.Hour)
	for i := range most { // each new key takes a few idle ones along
		_, _ = m.Allow(t.Context(), "later"+strconv.Itoa(i), threeThenOneASecond)
		c.advance(4 * time.Second)
	}
	if n := m.Len(); n > most/2 {
		t.Errorf("%d keys are remembered, all idle but one", n)
	}
}

// The key that was used most is the last one to be forgotten.
func TestMemoryKeepsBusyKeys(t *testing.T) {
	t.Parallel()
	c := newClock()
	m := NewMemory(64*20, c.now)
	day := Rate{Burst: 5, Count: 1, Per: 24 * time.Hour}
	allowed(t, m, "busy", day, 5)
	for i := range 64 * 100 {
		_, _ = m.Allow(t.Context(), strconv.Itoa(i), day)
	}
	if n := allowed(t, m, "busy", day, 5); n != 0 {
		t.Errorf("the busy key was forgotten: %d more", n)
	}
}

func TestMemoryIsExactUnderConcurrency(t *testing.T) {
	t.Parallel()
	m := NewMemory(1000, newClock().now)
	if n := storm(t, []Limiter{m}, "k", Rate{Burst: 37, Count: 1, Per: time.Second}); n != 37 {
		t.Errorf("%d allowed of a burst of 37", n)
	}
}

// storm lets 8 goroutines ask 50 times each and returns how many were allowed.
func storm(t *testing.T, limiters []Limiter, key string, r Rate) int64 {
	t.Helper()
	var count atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				d, err := limiters[i%len(limiters)].Allow(t.Context(), key, r)
				if err != nil {
					t.Error(err)
				}
				if d.Allowed {
					count.Add(1)
				}
			}
		})
	}
	wg.Wait()
	return count.Load()
}
