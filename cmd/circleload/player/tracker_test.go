package player

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"lifecircle/hub/wire"
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

// A reply to a subscribe from offset 5 of epoch e.
func TestTrackerResumes(t *testing.T) {
	t.Parallel()
	pubs := func(offsets ...uint64) (list []*wire.Publication) {
		for _, o := range offsets {
			list = append(list, &wire.Publication{Offset: o})
		}
		return list
	}
	for name, c := range map[string]struct {
		reply  wire.SubscribeResult
		want   resumed
		offset uint64
		lost   uint64
	}{
		"nothing new":        {wire.SubscribeResult{Recovered: true, Epoch: "e", Offset: 5}, resumed{recovered: true}, 5, 0},
		"offset as asked":    {wire.SubscribeResult{Recovered: true, Epoch: "e", Offset: 5, Publications: pubs(6, 7)}, resumed{recovered: true}, 7, 0},
		"offset of the top":  {wire.SubscribeResult{Recovered: true, Epoch: "e", Offset: 7, Publications: pubs(6, 7)}, resumed{recovered: true}, 7, 0},
		"a hole":             {wire.SubscribeResult{Recovered: true, Epoch: "e", Offset: 5, Publications: pubs(7)}, resumed{recovered: true, verdicts: []verdict{gap}}, 7, 1},
		"less than it says":  {wire.SubscribeResult{Recovered: true, Epoch: "e", Offset: 9, Publications: pubs(6)}, resumed{recovered: true, verdicts: []verdict{gap}}, 9, 3},
		"known already":      {wire.SubscribeResult{Recovered: true, Epoch: "e", Offset: 5, Publications: pubs(5, 6)}, resumed{recovered: true, verdicts: []verdict{doubled}}, 6, 0},
		"declined":           {wire.SubscribeResult{Epoch: "e", Offset: 9}, resumed{skipped: 4}, 9, 0},
		"declined, new log":  {wire.SubscribeResult{Epoch: "f", Offset: 9}, resumed{}, 9, 0},
		"declined, restored": {wire.SubscribeResult{Epoch: "e", Offset: 2}, resumed{}, 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := tracker{epoch: "e", offset: 5}
			got := tr.resume(&c.reply)
			if fmt.Sprint(got) != fmt.Sprint(c.want) || tr.offset != c.offset || tr.epoch != c.reply.Epoch || tr.missing() != c.lost {
				t.Errorf("%+v, and stands at %d with %d missing", got, tr.offset, tr.missing())
			}
		})
	}
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
