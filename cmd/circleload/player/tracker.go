package player

import (
	"slices"

	"lifecircle/hub/wire"
)

// tracker follows the offsets of one subscription. It is pure: publications
// and replies in, verdicts out.
type tracker struct {
	epoch  string
	offset uint64 // the highest seen, or where the subscription began
	holes  *holes // nil while nothing is missing
}

// holes is what was passed over and may still come.
type holes struct {
	spans []span // in order of their offsets
	gone  uint64 // no longer waited for: lost
}

type span struct{ from, to uint64 } // both missing

const maxSpans = 64 // of one subscription; beyond it the oldest is lost for good

// verdict is what an offset means after those before it.
type verdict uint8

const (
	inOrder verdict = iota
	gap             // it came before others that are due
	late            // it was passed over, and comes now
	doubled
)

// see takes a publication's offset.
func (t *tracker) see(offset uint64) verdict {
	switch {
	case offset == t.offset+1:
		t.offset = offset
		return inOrder
	case offset > t.offset:
		t.skip(span{t.offset + 1, offset - 1})
		t.offset = offset
		return gap
	case t.fill(offset):
		return late
	}
	return doubled
}

func (t *tracker) skip(s span) {
	if t.holes == nil {
		t.holes = &holes{}
	}
	h := t.holes
	if len(h.spans) == maxSpans {
		h.gone += h.spans[0].count()
		h.spans = slices.Delete(h.spans, 0, 1)
	}
	h.spans = append(h.spans, s)
}

func (s span) count() uint64 { return s.to - s.from + 1 }

// fill takes offset out of what is missing, if it is.
func (t *tracker) fill(offset uint64) bool {
	if t.holes == nil {
		return false
	}
	spans := t.holes.spans
	i := slices.IndexFunc(spans, func(s span) bool { return s.from <= offset && offset <= s.to })
	if i < 0 {
		return false
	}
	s := spans[i]
	var left []span
	if s.from < offset {
		left = append(left, span{s.from, offset - 1})
	}
	if offset < s.to {
		left = append(left, span{offset + 1, s.to})
	}
	t.holes.spans = slices.Replace(spans, i, i+1, left...)
	return true
}

// missing is how many were passed over and have not come.
func (t *tracker) missing() (n uint64) {
	if t.holes == nil {
		return 0
	}
	n = t.holes.gone
	for _, s := range t.holes.spans {
		n += s.count()
	}
	return n
}

// resumed is what a reply to a subscription from a position brought.
type resumed struct {
	recovered bool
	skipped   uint64 // passed over by a recovery that was declined
	verdicts  []verdict
}

// begin takes the reply to the first subscribe.
func (t *tracker) begin(r *wire.SubscribeResult) {
	t.epoch, t.offset = r.Epoch, r.Offset
}

// resume takes the reply to a subscribe from where the tracker stands.
func (t *tracker) resume(r *wire.SubscribeResult) resumed {
	if !r.Recovered {
		out := resumed{}
		if r.Epoch == t.epoch && r.Offset > t.offset {
			out.skipped = r.Offset - t.offset
		}
		t.giveUp()
		t.begin(r)
		return out
	}
	out := resumed{recovered: true}
	for _, p := range r.Publications {
		if v := t.see(p.Offset); v != inOrder {
			out.verdicts = append(out.verdicts, v)
		}
	}
	if r.Offset > t.offset { // it says that this was all
		t.skip(span{t.offset + 1, r.Offset})
		t.offset = r.Offset
		out.verdicts = append(out.verdicts, gap)
	}
	t.epoch = r.Epoch
	return out
}

// giveUp makes lost what is missing: nobody will send it any more.
func (t *tracker) giveUp() {
	if t.holes != nil {
		t.holes.gone, t.holes.spans = t.missing(), nil
	}
}

// lost is what has not come of a log that ends at head.
func (t *tracker) lost(head Head) uint64 {
	n := t.missing()
	if head.Epoch == t.epoch && head.Offset > t.offset {
		n += head.Offset - t.offset
	}
	return n
}

// reached says whether everything up to head was seen, or can be no more.
func (t *tracker) reached(head Head) bool {
	return head.Epoch != t.epoch || head.Offset <= t.offset
}
