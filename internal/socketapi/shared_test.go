package socketapi

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// reader is a slow read that remembers whom it served, and when it began.
type reader struct {
	takes  time.Duration
	mu     sync.Mutex // guards the following
	served [][]int
	began  []time.Duration
	start  time.Time
}

func (r *reader) read(_ context.Context, asks []int) (int, error) {
	r.mu.Lock()
	r.served = append(r.served, asks)
	r.began = append(r.began, time.Since(r.start))
	n := len(r.served)
	r.mu.Unlock()
	time.Sleep(r.takes)
	return n, nil
}

// TestSharedReadsServeOnlyWhoAskedBefore lets people come at all times.
func TestSharedReadsServeOnlyWhoAskedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			s      shared[string, int, int]
			r      = &reader{takes: 30 * time.Millisecond, start: time.Now()}
			askers sync.WaitGroup
		)
		const people = 500
		for i := range people {
			askers.Go(func() {
				asked := time.Since(r.start)
				n, err := s.do(t.Context(), "circle", i, r.read)
				r.mu.Lock()
				defer r.mu.Unlock()
				if err != nil || r.began[n-1] < asked || !slices.Contains(r.served[n-1], i) {
					t.Errorf("%d asked at %s and got read %d of %s (%v)", i, asked, n, r.began[n-1], err)
				}
			})
			time.Sleep(time.Millisecond)
		}
		askers.Wait()
		if n := len(slices.Concat(r.served...)); n != people {
			t.Errorf("%d asks were served", n)
		}
		if len(r.served) > 2+int(people*time.Millisecond/gatherTime)+1 {
			t.Errorf("%d reads in %s: %v", len(r.served), time.Since(r.start), r.began)
		}
		time.Sleep(gatherTime)
		for _, other := range []string{"a", "b"} {
			if _, err := s.do(t.Context(), other, 0, r.read); err != nil {
				t.Error(err)
			}
			time.Sleep(gatherTime)
		}
		if len(s.keys) != 1 {
			t.Errorf("%d keys are remembered, though only one was asked for lately", len(s.keys))
		}
	})
}

func TestWhoComesAloneIsServedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s shared[string, int, int]
		r := &reader{takes: time.Millisecond, start: time.Now()}
		for i := range 50 {
			before := time.Now()
			if _, err := s.do(t.Context(), "circle", i, r.read); err != nil || time.Since(before) != r.takes {
				t.Errorf("%d waited %s (%v)", i, time.Since(before), err)
			}
			time.Sleep(2 * gatherTime / crowd)
		}
	})
}

// TestTheOneWhoReadsMayGoAway: the others who wait with him are served.
func TestTheOneWhoReadsMayGoAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			s      shared[string, int, int]
			askers sync.WaitGroup
		)
		r := &reader{takes: 10 * time.Millisecond, start: time.Now()}
		read := func(ctx context.Context, asks []int) (int, error) {
			n, _ := r.read(ctx, asks)
			return n, ctx.Err()
		}
		askers.Go(func() { _, _ = s.do(t.Context(), "circle", 0, read) })
		synctest.Wait()
		gone, leave := context.WithCancel(t.Context())
		askers.Go(func() { _, _ = s.do(gone, "circle", 1, read) })
		synctest.Wait()
		askers.Go(func() {
			if n, err := s.do(t.Context(), "circle", 2, read); n != 2 || err != nil {
				t.Errorf("read %d (%v)", n, err)
			}
		})
		askers.Go(func() { // he does not read, and does not wait for it either
			if _, err := s.do(gone, "circle", 3, read); !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
		})
		synctest.Wait()
		leave()
		askers.Wait()
	})
}

func TestASharedReadThatFailsFailsForAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			s      shared[string, int, int]
			askers sync.WaitGroup
			broken = errors.New("broken")
		)
		hold := make(chan struct{})
		askers.Go(func() {
			_, _ = s.do(t.Context(), "circle", 0, func(context.Context, []int) (int, error) { <-hold; return 0, nil })
		})
		synctest.Wait()
		for i := range 3 {
			askers.Go(func() {
				if _, err := s.do(t.Context(), "circle", i, func(context.Context, []int) (int, error) { return 0, broken }); !errors.Is(err, broken) {
					t.Errorf("%v", err)
				}
			})
		}
		synctest.Wait()
		close(hold)
		askers.Wait()
		if got, err := s.do(t.Context(), "circle", 0, func(context.Context, []int) (int, error) { return 7, nil }); got != 7 || err != nil {
			t.Errorf("after a failure: %d %v", got, err)
		}
	})
}

func TestASharedReadThatPanicsLeavesNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			s      shared[string, int, int]
			askers sync.WaitGroup
		)
		hold := make(chan struct{})
		askers.Go(func() {
			_, _ = s.do(t.Context(), "circle", 0, func(context.Context, []int) (int, error) { <-hold; return 0, nil })
		})
		synctest.Wait()
		for i := range 3 {
			askers.Go(func() {
				defer func() { _ = recover() }()
				if _, err := s.do(t.Context(), "circle", i, func(context.Context, []int) (int, error) { panic("bug") }); !errors.Is(err, errReadFailed) {
					t.Errorf("%v", err)
				}
			})
		}
		synctest.Wait()
		close(hold)
		askers.Wait()
	})
}
