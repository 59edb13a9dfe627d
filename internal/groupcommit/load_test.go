package groupcommit_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lifecircle/internal/groupcommit"
)

// The capacity of the store below: 64 items in 82 ms. All time is virtual.
const (
	batch   = 64
	fixed   = 50 * time.Millisecond // of one flush
	perItem = 500 * time.Microsecond
	full    = fixed + batch*perItem // a flush of a full batch
	rated   = int(batch * time.Second / full)
)

// store takes the time that its capacity asks for, and all longer while it is stuck.
type store struct{ stuck time.Duration }

func (s *store) flush(_ context.Context, items []time.Time) []error {
	time.Sleep(fixed + time.Duration(len(items))*perItem + s.stuck)
	s.stuck = 0
	return make([]error, len(items))
}

// outcome is what became of the items that were offered in some period.
type outcome struct {
	mu            sync.Mutex
	done, refused int
	slowest       time.Duration // of those that were done
}

// offer sends items at the rate for so long, however they fare, waits for
// them, and tells what became of those after the first while.
func offer(t *testing.T, c *groupcommit.Committer[time.Time], perSecond int, first, then time.Duration) (early, late *outcome) {
	t.Helper()
	early, late = &outcome{}, &outcome{}
	var callers sync.WaitGroup
	const step = 10 * time.Millisecond
	var owed time.Duration
	for start := time.Now(); time.Since(start) < first+then; time.Sleep(step) {
		o := early
		if time.Since(start) >= first {
			o = late
		}
		for owed += step * time.Duration(perSecond); owed >= time.Second; owed -= time.Second {
			callers.Go(func() {
				begin := time.Now()
				err := c.Do(t.Context(), 1, begin)
				o.add(t, err, time.Since(begin))
			})
		}
	}
	callers.Wait()
	return early, late
}

func (o *outcome) add(t *testing.T, err error, took time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err == nil:
		o.done++
		o.slowest = max(o.slowest, took)
	case !errors.Is(err, groupcommit.ErrFull):
		t.Error(err)
	default:
		o.refused++
		if took > 0 {
			t.Errorf("refused after %s, want at once", took)
		}
	}
}

// under runs a test with a committer over such a store, in virtual time.
func under(t *testing.T, test func(*testing.T, *groupcommit.Committer[time.Time], *store)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		c := groupcommit.New(groupcommit.Options{Lanes: 1, MaxBatch: batch}, s.flush)
		stop := start(t, c)
		test(t, c, s)
		stop()
	})
}

const usual = groupcommit.DefaultMaxWait

// Three times of what can be done is offered: nearly as much as can be done is
// done, quickly, and when it is over all is as before.
func TestOverloadIsRefused(t *testing.T) {
	under(t, func(t *testing.T, c *groupcommit.Committer[time.Time], _ *store) {
		const seconds = 20
		onset, o := offer(t, c, 3*rated, 3*time.Second, seconds*time.Second)
		if limit := 5*usual + 4*full; onset.slowest > limit { // until it is known that it lasts
			t.Errorf("at first the slowest took %s, want at most %s", onset.slowest, limit)
		}
		if want := rated * seconds * 95 / 100; o.done < want {
			t.Errorf("%d were done in %d s, want %d", o.done, seconds, want)
		}
		if want := 2 * rated * seconds * 95 / 100; o.refused < want {
			t.Errorf("%d were refused in %d s, want %d", o.refused, seconds, want)
		}
		if limit := usual + 2*full + usual/4; o.slowest > limit {
			t.Errorf("the slowest took %s, want about %s: the wait, the commit before and its own", o.slowest, limit)
		}
		if _, o = offer(t, c, rated*8/10, 0, 10*time.Second); o.refused > 0 || o.slowest > usual+2*full {
			t.Errorf("afterwards %d were refused, and the slowest took %s", o.refused, o.slowest)
		}
	})
}

// Overload in waves, between which the queue runs empty for a moment, is not
// taken for the end of it each time: the waits stay short.
func TestOverloadInWavesIsRefused(t *testing.T) {
	under(t, func(t *testing.T, c *groupcommit.Committer[time.Time], _ *store) {
		offer(t, c, 3*rated, 0, 3*time.Second)
		for range 20 {
			if _, o := offer(t, c, 6*rated, 0, time.Second); o.slowest > usual+2*full+usual/4 {
				t.Errorf("the slowest took %s", o.slowest)
			}
		}
	})
}

// Who asks Crowded first finds room in the lane that is meant, nearly always:
// being looked at for nothing would cost as much as being done.
func TestCrowdedSparesTheLook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := groupcommit.New(groupcommit.Options{Lanes: 2, MaxBatch: batch}, func(_ context.Context, items []time.Time) []error {
			time.Sleep(full*3/4 + rand.N(full/2)) // lanes do not keep step
			return make([]error, len(items))
		})
		stop := start(t, c)
		var callers sync.WaitGroup
		var done, inVain atomic.Int64
		for begin := time.Now(); time.Since(begin) < 20*time.Second; time.Sleep(time.Second / time.Duration(6*rated)) {
			if c.Crowded() {
				continue
			}
			key := rand.Uint64()
			callers.Go(func() {
				if c.Do(t.Context(), key, time.Now()) == nil {
					done.Add(1)
				} else if time.Since(begin) > 3*time.Second { // until then the lanes take all
					inVain.Add(1)
				}
			})
		}
		callers.Wait()
		if n, most := inVain.Load(), done.Load()/10; n > most || done.Load() < int64(2*rated*17*95/100) {
			t.Errorf("%d were looked at in vain, want at most %d: one of ten that were done", n, most)
		}
		stop()
	})
}

// A store that stands still for a moment is no overload, not even soon after one.
func TestHiccupIsNoOverload(t *testing.T) {
	under(t, func(t *testing.T, c *groupcommit.Committer[time.Time], s *store) {
		if _, o := offer(t, c, 3*rated, 0, 3*time.Second); o.refused == 0 {
			t.Error("there was no overload")
		}
		offer(t, c, rated*8/10, 0, time.Second)
		s.stuck = time.Second / 2
		_, o := offer(t, c, rated*8/10, 0, 10*time.Second)
		if o.refused > 0 {
			t.Errorf("%d were refused", o.refused)
		}
		if o.slowest < time.Second/2 {
			t.Errorf("nothing stood still: the slowest took %s", o.slowest)
		}
	})
}

// A slow store is no overload, if every commit takes all that waits.
func TestSlowStoreIsNoOverload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := groupcommit.New(groupcommit.Options{Lanes: 1, MaxBatch: batch}, func(_ context.Context, items []time.Time) []error {
			time.Sleep(time.Second)
			return make([]error, len(items))
		})
		stop := start(t, c)
		if _, o := offer(t, c, batch*8/10, 0, 10*time.Second); o.refused > 0 {
			t.Errorf("%d were refused", o.refused)
		}
		stop()
	})
}
