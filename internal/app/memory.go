package app

import (
	"context"
	"os"
	"runtime/debug"
	gc "runtime/metrics"
	"time"
)

// A small heap is collected again and again under load: with a few dozen MiB
// in use, a fifth of Go's share of a like was collection. So the heap may grow
// by gcRoom between two collections, or to twice what is in use as usual,
// whichever is more.
const (
	gcRoom  = 128 << 20 // bytes
	gcUsual = 100       // per cent, Go's own
	gcLook  = time.Second
)

// KeepRoom sets the collector's pace by what is in use until ctx ends, and then
// back. An operator who has set GOGC knows better.
func KeepRoom(ctx context.Context) error {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	tick := time.NewTicker(gcLook)
	defer tick.Stop()
	defer debug.SetGCPercent(gcUsual)
	sample := []gc.Sample{{Name: "/gc/heap/live:bytes"}}
	for last := gcUsual; ; {
		gc.Read(sample)
		if percent := gcPercent(sample[0].Value.Uint64()); percent != last {
			debug.SetGCPercent(percent)
			last = percent
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// gcPercent is how much the heap may grow, for so many bytes in use. What is
// little is taken as a bit more, so that the pace does not change with every look.
func gcPercent(live uint64) int {
	const step, least = 10, 8 << 20
	percent := int(gcRoom * 100 / max(live, least)) //nolint:gosec // at most 1,600
	return max(gcUsual, percent/step*step)
}
