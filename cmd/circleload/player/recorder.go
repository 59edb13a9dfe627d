package player

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	longest     = 10 * time.Minute // that a histogram tells from longer
	maxExamples = 20               // faults that are told one by one
)

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, longest.Microseconds(), 3)
}

// record adds a duration, in microseconds, that may be out of range.
func record(h *hdrhistogram.Histogram, micros int64) {
	_ = h.RecordValue(min(max(micros, 1), longest.Microseconds())) // never out of range
}

// shard is what one loop records for each publication.
type shard struct {
	mu         sync.Mutex // the loop's, but once a second
	second     *hdrhistogram.Histogram
	deliveries int64
	hints      int64
	_          [64]byte // a cache line between shards
}

// recorder counts what happens. All its methods may be called from anywhere.
type recorder struct {
	shards []shard

	subscribed                               atomic.Int64 // subscriptions that stand now
	unpositioned                             atomic.Int64
	replayed                                 atomic.Int64
	cuts, reconnects, recovered, unrecovered atomic.Int64
	skipped, terminated, refreshed           atomic.Int64
	gaps, doubled, disordered                atomic.Int64
	done, refused, failed, published         atomic.Int64

	mu                sync.Mutex // guards what follows; a leaf
	delivery          *hdrhistogram.Histogram
	recovery, connect *hdrhistogram.Histogram
	commandSecond     *hdrhistogram.Histogram // of all kinds
	commands          map[string]*commandRecord
	closes            map[string]int64
	dialErrors        map[string]int64
	errors            map[string]int64
	examples          []string
}

type commandRecord struct {
	planned, done, refused, failed int64
	codes                          map[string]int64
	latency                        *hdrhistogram.Histogram
}

func newRecorder(shards int) *recorder {
	r := &recorder{
		shards:   make([]shard, shards),
		delivery: newHistogram(), recovery: newHistogram(), connect: newHistogram(), commandSecond: newHistogram(),
		commands: map[string]*commandRecord{}, closes: map[string]int64{}, dialErrors: map[string]int64{}, errors: map[string]int64{},
	}
	for i := range r.shards {
		r.shards[i].second = newHistogram()
	}
	return r
}

// delivered counts a publication with an offset; micros is its latency, negative if unknown.
func (r *recorder) delivered(loop int, micros int64, known bool) {
	s := &r.shards[loop]
	s.mu.Lock()
	s.deliveries++
	if known {
		record(s.second, micros)
	}
	s.mu.Unlock()
}

func (r *recorder) hint(loop int) {
	s := &r.shards[loop]
	s.mu.Lock()
	s.hints++
	s.mu.Unlock()
}

// took records a duration in one of the recorder's histograms.
func (r *recorder) took(h *hdrhistogram.Histogram, d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	record(h, d.Microseconds())
}

// tally counts one of a kind in one of the recorder's maps.
func (r *recorder) tally(counts map[string]int64, key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	counts[key]++
}

func (r *recorder) fault(v verdict, format string, args ...any) {
	switch v {
	case gap:
		r.gaps.Add(1)
	case late:
		r.disordered.Add(1)
	case doubled:
		r.doubled.Add(1)
	case inOrder:
		return
	}
	r.example(format, args...)
}

func (r *recorder) example(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.examples) < maxExamples {
		r.examples = append(r.examples, fmt.Sprintf(format, args...))
	}
}

func (r *recorder) commandLocked(kind string) *commandRecord {
	c := r.commands[kind]
	if c == nil {
		c = &commandRecord{codes: map[string]int64{}, latency: newHistogram()}
		r.commands[kind] = c
	}
	return c
}

// planned counts an action whose time has come.
func (r *recorder) planned(kind string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.commandLocked(kind).planned++
}

// outcome is how an action ended: "" is success, else a code.
type outcome struct {
	code    string
	refused bool // by a server that defends itself
}

// answered counts the end of an action.
func (r *recorder) answered(kind string, latency time.Duration, o outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.commandLocked(kind)
	switch {
	case o.code == "":
		c.done++
		r.done.Add(1)
		record(c.latency, latency.Microseconds())
		record(r.commandSecond, latency.Microseconds())
		if slices.Contains([]Kind{Post, Comment, Tip, Publish}, Kind(kind)) { // the others are counted, not narrated
			r.published.Add(1)
		}
		return
	case o.refused:
		c.refused++
		r.refused.Add(1)
	default:
		c.failed++
		r.failed.Add(1)
	}
	c.codes[o.code]++
}

// sums are the counters of all shards.
func (r *recorder) sums() (deliveries, hints int64) {
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		deliveries += s.deliveries
		hints += s.hints
		s.mu.Unlock()
	}
	return deliveries, hints
}

// turn ends a second: what its latencies were goes into the whole's.
func (r *recorder) turn() (delivery, command Latency) {
	second := newHistogram()
	for i := range r.shards {
		s := &r.shards[i]
		fresh := newHistogram()
		s.mu.Lock()
		full := s.second
		s.second = fresh
		s.mu.Unlock()
		second.Merge(full)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.delivery.Merge(second)
	command = latencyOf(r.commandSecond)
	r.commandSecond.Reset()
	return latencyOf(second), command
}

func latencyOf(h *hdrhistogram.Histogram) Latency {
	if h.TotalCount() == 0 {
		return Latency{}
	}
	ms := func(micros int64) float64 { return float64(micros) / 1000 }
	at := h.ValueAtPercentilesSlice([]float64{50, 90, 99, 99.9})
	return Latency{
		Count: h.TotalCount(), Mean: h.Mean() / 1000,
		P50: ms(at[0]), P90: ms(at[1]), P99: ms(at[2]), P999: ms(at[3]), Max: ms(h.Max()),
	}
}

// into writes what was recorded into the result.
func (r *recorder) into(out *Result) {
	out.Deliveries, out.Hints = r.sums()
	out.Doubled, out.Disordered = r.doubled.Load(), r.disordered.Load()
	out.Unpositioned, out.Replayed, out.Published = r.unpositioned.Load(), r.replayed.Load(), r.published.Load()
	out.Cuts, out.Reconnects = r.cuts.Load(), r.reconnects.Load()
	out.Recovered, out.Unrecovered, out.Skipped = r.recovered.Load(), r.unrecovered.Load(), r.skipped.Load()
	out.Terminated, out.Refreshed = r.terminated.Load(), r.refreshed.Load()
	r.mu.Lock()
	defer r.mu.Unlock()
	out.Delivery, out.Recovery, out.Connect = latencyOf(r.delivery), latencyOf(r.recovery), latencyOf(r.connect)
	out.Closes, out.DialErrors, out.Errors = maps.Clone(r.closes), maps.Clone(r.dialErrors), maps.Clone(r.errors)
	out.Examples = append([]string(nil), r.examples...)
	out.Commands = make(map[string]Command, len(r.commands))
	for kind, c := range r.commands {
		out.Commands[kind] = Command{
			Planned: c.planned, Done: c.done, Refused: c.refused, Failed: c.failed,
			Codes: maps.Clone(c.codes), Latency: latencyOf(c.latency),
		}
	}
}
