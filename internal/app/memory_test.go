package app

import "testing"

// The heap has its room while it is small, and grows as usual when it is large.
func TestGCPercent(t *testing.T) {
	t.Parallel()
	for live, want := range map[uint64]int{0: 1600, 8 << 20: 1600, 32 << 20: 400, 128 << 20: 100, 1 << 30: 100, 100 << 20: 120} {
		if got := gcPercent(live); got != want {
			t.Errorf("%d bytes in use: %d per cent, want %d", live, got, want)
		}
	}
}
