package hub

import (
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever reports are lost, the numbers are right once two full reports came through.
func TestOccupancyReports(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var o occupancy
		o.init("self")
		now := time.Unix(0, 0)
		counts, told := map[string]int{}, map[string]int{}
		full := uint64(0)
		send := func(r occupancyReport, lossy bool) {
			if !lossy || rapid.Bool().Draw(t, "arrives") {
				r.Counts = maps.Clone(r.Counts)
				o.apply(r, now)
			}
		}
		for range rapid.IntRange(1, 30).Draw(t, "rounds") {
			channel := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "channel")
			if n := rapid.IntRange(0, 3).Draw(t, "clients"); n == 0 {
				delete(counts, channel)
			} else {
				counts[channel] = n
			}
			send(occupancyReport{Node: "other", Counts: changes(told, counts)}, true)
			told = maps.Clone(counts)
			if rapid.IntRange(0, 3).Draw(t, "full") == 0 {
				full++
				send(occupancyReport{Node: "other", Full: full, Last: true, Counts: counts}, true)
			}
		}
		for range 2 {
			full++
			send(occupancyReport{Node: "other", Full: full, Last: true, Counts: counts}, false)
		}
		if !maps.Equal(o.total, counts) {
			t.Fatalf("counted %v, there are %v", o.total, counts)
		}
		o.expire(now.Add(time.Second))
		if len(o.total) > 0 || len(o.nodes) > 0 {
			t.Fatalf("a silent node still counts: %v", o.total)
		}
	})
}
