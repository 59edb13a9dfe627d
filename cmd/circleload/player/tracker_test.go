package player

import (
	"testing"

	"pgregory.net/rapid"
)

// Whatever a server does with 1 to n: what never came is lost, what came again
// is doubled, and what came first after a later one is late.
func TestTrackerTellsEveryFault(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64Range(1, 40).Draw(t, "n")
		sent := rapid.SliceOf(rapid.Uint64Range(1, n)).Draw(t, "sent")
		if rapid.Bool().Draw(t, "nearly sound") {
			sent = sent[:0]
			for i := uint64(1); i <= n; i++ {
				if rapid.IntRange(0, 9).Draw(t, "drop") > 0 {
					sent = append(sent, i)
				}
			}
		}
		tr := tracker{epoch: "e"}
		seen := map[uint64]bool{}
		highest := uint64(0)
		for _, offset := range sent {
			want := inOrder
			switch {
			case seen[offset]:
				want = doubled
			case offset < highest:
				want = late
			case offset > highest+1:
				want = gap
			}
			if got := tr.see(offset); got != want {
				t.Fatalf("%d after %v: %d, want %d", offset, seen, got, want)
			}
			seen[offset] = true
			highest = max(highest, offset)
		}
		if got := tr.lost(Head{n, "e"}); got != n-uint64(len(seen)) {
			t.Fatalf("%d lost, want %d", got, n-uint64(len(seen)))
		}
		if got := tr.lost(Head{n, "other"}); got != highest-uint64(len(seen)) {
			t.Fatalf("of another log: %d lost", got)
		}
	})
}

// The memory of one subscription is bounded; what is forgotten is lost.
func TestTrackerIsBounded(t *testing.T) {
	t.Parallel()
	tr := tracker{}
	for i := uint64(1); i <= 10*maxSpans; i++ {
		tr.see(2 * i)
	}
	if len(tr.holes.spans) != maxSpans || tr.missing() != 10*maxSpans {
		t.Errorf("%d spans, %d missing", len(tr.holes.spans), tr.missing())
	}
	if tr.see(1) != doubled || tr.see(20*maxSpans-1) != late {
		t.Error("the oldest are forgotten first")
	}
}
