package hub

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func published(from, to uint64) (pubs []Publication) {
	for o := from; o <= to; o++ {
		pubs = append(pubs, Publication{Offset: o, Epoch: "e", Data: []byte("1")})
	}
	return pubs
}

// Whatever a broker drops, doubles and reorders, with fills from the log in
// between, each publication comes out once and in order.
func TestSequenceOfALossyBroker(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var s sequencer
		var out []Publication
		var top uint64
		start := rapid.Uint64Range(0, 20).Draw(t, "start")
		steps := rapid.IntRange(1, 60).Draw(t, "steps")
		for i := range steps {
			top++
			switch rapid.SampledFrom([]string{"pass", "pass", "lose", "double", "any", "see", "fill", "start"}).Draw(t, "step") {
			case "double":
				out, _ = s.push(out, Publication{Offset: top, Epoch: "e"})
				fallthrough
			case "pass":
				out, _ = s.push(out, Publication{Offset: top, Epoch: "e"})
			case "any": // late, early or again
				out, _ = s.push(out, Publication{Offset: rapid.Uint64Range(1, top).Draw(t, "offset"), Epoch: "e"})
			case "see":
				if s.started {
					if err := s.see(Position{top, "e"}, s.last); err != nil {
						t.Fatal(err)
					}
				}
			case "fill":
				if s.started {
					since := s.last
					end := rapid.Uint64Range(min(since+1, top), top).Draw(t, "page")
					var err error
					if out, err = s.fill(out, since, published(since+1, max(since, end)), Position{top, "e"}); err != nil {
						t.Fatal(err)
					}
				}
			}
			if !s.started && (uint64(i) >= start || i == steps-1) {
				start = top
				out = append(out, s.start(Position{top, "e"})...)
			}
		}
		out, err := s.fill(out, s.last, published(s.last+1, top), Position{top, "e"})
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range out {
			if p.Offset != start+uint64(i)+1 {
				t.Fatalf("after %d came %v", start, out)
			}
		}
		if s.last != top || s.missing() != 0 || uint64(len(out)) != top-start || len(s.early) != 0 || s.waiting != 0 {
			t.Fatalf("at the end: %+v after %d of %d", s, len(out), top-start)
		}
	})
}

func TestSequenceStartKeepsWhatFollows(t *testing.T) {
	t.Parallel()
	var s sequencer
	for _, o := range []uint64{7, 5, 6, 9} {
		if out, foreign := s.push(nil, Publication{Offset: o, Epoch: "e"}); len(out) > 0 || foreign {
			t.Fatal("something came out before the start")
		}
	}
	ready := s.start(Position{5, "e"})
	if len(ready) != 2 || ready[0].Offset != 6 || ready[1].Offset != 7 || s.missing() != 2 {
		t.Errorf("came out: %v, missing %d", ready, s.missing())
	}
}

func TestSequenceTellsLogsApart(t *testing.T) {
	t.Parallel()
	var s sequencer
	s.start(Position{5, "e"})
	if _, foreign := s.push(nil, Publication{Offset: 6, Epoch: "new"}); !foreign {
		t.Error("a publication of another log was not noticed")
	}
	for _, top := range []Position{{9, "new"}, {4, "e"}} {
		if err := s.see(top, 5); !errors.Is(err, errForeignLog) {
			t.Errorf("top %v: %v", top, err)
		}
	}
	if err := s.see(Position{5, "e"}, 5); err != nil {
		t.Error(err)
	}
	for _, pubs := range [][]Publication{nil, published(8, 9)} {
		if _, err := s.fill(nil, 5, pubs, Position{9, "e"}); !errors.Is(err, errHoleLost) {
			t.Errorf("filled with %v: %v", pubs, err)
		}
	}
}

func TestSequenceForgetsWhenFull(t *testing.T) {
	t.Parallel()
	var s sequencer
	s.start(Position{0, "e"})
	for o := uint64(2); o < maxEarly+100; o++ {
		s.push(nil, Publication{Offset: o, Epoch: "e", Data: []byte("1")})
	}
	if len(s.early) != maxEarly || s.missing() != maxEarly+99 {
		t.Errorf("%d wait, %d missing", len(s.early), s.missing())
	}
	out, _ := s.push(nil, Publication{Offset: 1, Epoch: "e"})
	if len(out) != maxEarly+1 || s.missing() != 98 || s.waiting != 0 {
		t.Errorf("%d came out, %d missing, %d bytes wait", len(out), s.missing(), s.waiting)
	}
}
