package hub

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// stream is a channel in a test: a log, and how much of it has been delivered live.
type stream struct {
	epoch     string
	trimmed   uint64
	top       uint64
	delivered uint64
}

func (s *stream) snapshot(since uint64) snapshot {
	snap := snapshot{top: Position{Offset: s.top, Epoch: s.epoch}}
	for o := max(since, s.trimmed) + 1; o <= s.top && len(snap.pubs) < maxRecovery; o++ {
		snap.pubs = append(snap.pubs, Publication{Offset: o, Epoch: s.epoch, Data: []byte("1")})
	}
	return snap
}

// subscriber is the client's side, and what the channel keeps of it.
type subscriber struct {
	seam     seam
	attached bool
	live     bool
	cursor   uint64
	got      []uint64 // offsets in the order in which the client sees them
}

func (s *subscriber) event(e event) {
	switch {
	case !s.attached:
	case !s.live:
		s.seam.hold(e)
	case e.offset > s.cursor:
		s.cursor = e.offset
		s.got = append(s.got, e.offset)
	}
}

// Whatever the order in which events are committed and delivered while a client
// subscribes, it sees each one after its position once and in order.
func TestSeamHasNoHole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		st := &stream{epoch: "e", top: rapid.Uint64Range(0, 30).Draw(t, "top")}
		st.trimmed = rapid.Uint64Range(0, st.top).Draw(t, "trimmed")
		st.delivered = rapid.Uint64Range(0, st.top).Draw(t, "delivered")
		want := resume{
			wanted: rapid.Bool().Draw(t, "recover"),
			since: Position{
				Offset: rapid.Uint64Range(0, st.top+3).Draw(t, "since"),
				Epoch:  rapid.SampledFrom([]string{"e", "", "old", invalidEpoch}).Draw(t, "epoch"),
			},
		}
		sub := new(subscriber)
		move := func(label string) {
			for _, commit := range rapid.SliceOfN(rapid.Bool(), 0, 12).Draw(t, label) {
				if commit {
					st.top++
				} else if st.delivered < st.top {
					st.delivered++
					sub.event(event{offset: st.delivered, epoch: st.epoch})
				}
			}
		}
		move("before")
		sub.attached = true
		move("attached")
		snap := st.snapshot(want.since.Offset)
		move("read")
		replay, ok := recovered(want, snap)
		tail, cursor, err := sub.seam.join(snap.top)
		if err != nil {
			t.Fatalf("the snapshot was read after the seam began, and yet: %v", err)
		}
		begin := snap.top.Offset
		if ok {
			begin = want.since.Offset
		}
		for _, p := range replay {
			sub.got = append(sub.got, p.Offset)
		}
		for _, e := range tail {
			sub.got = append(sub.got, e.offset)
		}
		sub.live, sub.cursor = true, cursor
		move("live")
		for st.delivered < st.top {
			st.delivered++
			sub.event(event{offset: st.delivered, epoch: st.epoch})
		}
		for i, offset := range sub.got {
			if offset != begin+uint64(i)+1 {
				t.Fatalf("after %d came %v", begin, sub.got)
			}
		}
		if uint64(len(sub.got)) != st.top-begin {
			t.Fatalf("%d of %d events after %d", len(sub.got), st.top-begin, begin)
		}
	})
}

// A snapshot that was read before the seam began is found out, or harmless.
func TestSeamRefusesStaleSnapshot(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		top := rapid.Uint64Range(0, 10).Draw(t, "top")
		first := rapid.Uint64Range(1, 20).Draw(t, "first held")
		n := rapid.Uint64Range(1, 5).Draw(t, "held")
		var s seam
		for o := first; o < first+n; o++ {
			s.hold(event{offset: o, epoch: "e"})
		}
		tail, cursor, err := s.join(Position{Offset: top, Epoch: "e"})
		if hole := first > top+1; hole != (err != nil) {
			t.Fatalf("top %d, held from %d: %v", top, first, err)
		}
		if err == nil && cursor != max(top, first+n-1) {
			t.Fatalf("cursor %d after %d events", cursor, len(tail))
		}
	})
}

func TestSeamSpoils(t *testing.T) {
	t.Parallel()
	var s seam
	for range maxHeld + 1 {
		s.hold(event{offset: 1, epoch: "e"})
	}
	if _, _, err := s.join(Position{Offset: 9, Epoch: "e"}); err == nil {
		t.Error("joined although events were not held")
	}
	s.restart()
	s.hold(event{offset: 10, epoch: "other"})
	if _, _, err := s.join(Position{Offset: 9, Epoch: "e"}); err == nil {
		t.Error("joined events of another log")
	}
}

func TestRecovered(t *testing.T) {
	t.Parallel()
	log := func(from, to, size int) (snap snapshot) {
		for o := from; o <= to; o++ {
			snap.pubs = append(snap.pubs, Publication{Offset: uint64(o), Data: make([]byte, size)})
		}
		snap.top = Position{Offset: uint64(to), Epoch: "e"}
		return snap
	}
	hole := log(1, 9, 1)
	hole.pubs = append(hole.pubs[:4:4], hole.pubs[5:]...)
	short := log(1, 9, 1)
	short.top.Offset = 12
	tests := []struct {
		name   string
		since  uint64
		epoch  string
		snap   snapshot
		want   bool
		replay int
	}{
		{"all of it", 0, "", log(1, 9, 1), true, 9},
		{"a part", 5, "e", log(1, 9, 1), true, 4},
		{"nothing missed", 9, "e", log(1, 9, 1), true, 0},
		{"an empty log", 0, "e", log(1, 0, 1), true, 0},
		{"any epoch", 5, "", log(1, 9, 1), true, 4},
		{"another epoch", 5, "old", log(1, 9, 1), false, 0},
		{"another epoch at the top", 9, "old", log(1, 9, 1), false, 0},
		{"declared invalid", 5, "_", log(1, 9, 1), false, 0},
		{"beyond the top", 10, "e", log(1, 9, 1), false, 0},
		{"beyond the top, any epoch", 10, "", log(1, 9, 1), false, 0},
		{"trimmed", 3, "e", log(5, 9, 1), false, 0},
		{"trimmed, from the start", 0, "", log(5, 9, 1), false, 0},
		{"trimmed just before", 4, "e", log(5, 9, 1), true, 5},
		{"trimmed altogether", 3, "e", snapshot{top: Position{9, "e"}}, false, 0},
		{"a hole", 0, "e", hole, false, 0},
		{"not up to the top", 0, "e", short, false, 0},
		{"the most", 0, "e", log(1, maxRecovery, 1), true, maxRecovery},
		{"too many", 0, "e", log(1, maxRecovery+1, 1), false, 0},
		{"the most bytes", 0, "e", log(1, 8, maxRecoveryBytes/8), true, 8},
		{"too many bytes", 0, "e", log(1, 8, maxRecoveryBytes/8+1), false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			replay, ok := recovered(resume{wanted: true, since: Position{tt.since, tt.epoch}}, tt.snap)
			if ok != tt.want || len(replay) != tt.replay {
				t.Errorf("recovered %v with %d publications", ok, len(replay))
			}
			if _, ok := recovered(resume{since: Position{tt.since, tt.epoch}}, tt.snap); ok {
				t.Error("recovered without being asked")
			}
		})
	}
}

func ExampleDisconnect() {
	fmt.Println(closeReason(`{"reconnect":false}`))
	fmt.Println(closeReason("shutdown"))
	// Output:
	// reason: {"reconnect":false}
	// shutdown
}
