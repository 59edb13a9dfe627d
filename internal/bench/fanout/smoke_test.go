package fanout

import (
	"testing"
	"time"
)

// TestSmall runs every measurement with small numbers. The figures mean
// nothing; that each part gets what it waits for does.
func TestSmall(t *testing.T) {
	z := size{clients: 50, subscribers: 20, circles: 5, missed: 7, redis: true, raw: true, length: 100 * time.Millisecond}
	st := newStage(t, z)
	for name, l := range map[string]load{"unbatched": unbatched(z), "batched": batched(z, 100), "circles": circles(z)} {
		for _, role := range z.comparison("floor", true) {
			d := st.deliver(role, l)
			if d.micros <= 0 || d.p50 <= 0 || d.p99 < d.p50 || d.p99 > millis(patience) {
				t.Errorf("%s, %s: %+v", name, role, d)
			}
		}
	}
	for _, role := range z.comparison("floor", true) {
		if h := st.hold(role, z.clients); h.inUse == 0 || h.resident == 0 {
			t.Errorf("idle, %s: %+v", role, h)
		}
	}
	for _, role := range z.comparison("upgrade", true) {
		w := st.storm(role, z)
		if w.micros <= 0 || w.seconds <= 0 || role != "upgrade" && (w.logReads < 1 || w.others <= 0) {
			t.Errorf("storm, %s: %+v", role, w)
		}
	}
}
