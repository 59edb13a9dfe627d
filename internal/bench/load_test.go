package bench

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// flood calls do from many callers until it returns false to each, and returns
// how often it was true.
func flood(do func(i int) bool) int64 {
	var (
		next, done atomic.Int64
		callers    sync.WaitGroup
	)
	for range writers {
		callers.Go(func() {
			for do(int(next.Add(1)) - 1) {
				done.Add(1)
			}
		})
	}
	callers.Wait()
	return done.Load()
}

// paced calls do at a rate, however long each takes, and returns the median and
// the 99th percentile of milliseconds from the planned time of a call to its end.
func paced(b *testing.B, rate float64, lasts time.Duration, do func(i int) error) (p50, p99 float64) {
	b.Helper()
	var (
		n     = int(rate * lasts.Seconds())
		took  = make([]time.Duration, n)
		calls sync.WaitGroup
		begin = time.Now()
	)
	for i := range n {
		planned := begin.Add(time.Duration(float64(i) / rate * float64(time.Second)))
		time.Sleep(time.Until(planned))
		calls.Go(func() {
			if err := do(i); err != nil {
				b.Error(err)
			}
			took[i] = time.Since(planned)
		})
	}
	calls.Wait()
	slices.Sort(took)
	at := func(share float64) float64 { return took[int(share*float64(n-1))].Seconds() * 1e3 }
	return at(0.5), at(0.99)
}
