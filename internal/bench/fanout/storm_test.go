package fanout

import (
	"slices"
	"testing"
	"time"
)

// BenchmarkStorm cuts all clients of a channel and lets them come back at once
// with their offsets. Its floor does no more than shake hands.
func BenchmarkStorm(b *testing.B) {
	z := sizeOfFlags()
	st, roles := newStage(b, z), z.comparison("upgrade", true)
	found := inTurn(st, z.rounds, roles, func(role string) storm { return st.storm(role, z) })
	reportEach(b, roles, found,
		figure[storm]{"s", func(w storm) float64 { return w.seconds }, "s-x-floor"},
		figure[storm]{"us/client", func(w storm) float64 { return w.micros }, "x-floor"},
		figure[storm]{"connect-us/client", func(w storm) float64 { return w.connectMicros }, ""},
		figure[storm]{"cut-us/client", func(w storm) float64 { return w.cutMicros }, ""},
		figure[storm]{"log-reads", func(w storm) float64 { return w.logReads }, ""},
		figure[storm]{"others-p99-ms", func(w storm) float64 { return w.others }, ""})
}

// storm is what one took.
type storm struct {
	seconds       float64 // from the first connect until all have what they missed
	micros        float64 // of the server's processor a client, in that time
	connectMicros float64 // the same for the first time, with nothing missed
	cutMicros     float64 // the same for noticing that it was cut
	logReads      float64
	others        float64 // p99 of deliveries to clients that stayed, ms
}

const (
	othersChannel = "others"
	others        = 100 // clients that stay
	othersRate    = 10  // publications a second that they get
)

func (st *stage) storm(role string, z size) storm {
	st.Helper()
	s := st.start(role)
	defer s.stop()
	bare := role == "upgrade"
	all := []string{"all"}
	first := evenly(all, 1, time.Second) // so that nobody recovers from the very beginning
	s.do(order{Publish: &first})
	o := newCrowd(st, s.addr, slices.Repeat([]string{othersChannel}, others), bare)
	defer o.close()
	start := s.do(order{})
	c := newCrowd(st, s.addr, slices.Repeat(all, z.clients), bare)
	defer c.close()
	connected := s.do(order{})
	c.cut()
	cut := s.await(others)
	missed := evenly(all, 1000, time.Second)
	missed.Count = z.missed
	s.do(order{Publish: &missed})
	forOthers := evenly([]string{othersChannel}, othersRate, patience)
	before, begin := s.do(order{Begin: &forOthers}), time.Now()
	c.join()
	took := time.Since(begin)
	after := s.do(order{Halt: true})
	if !bare {
		c.checkRecovered(uint64(first.Count + z.missed))
		o.await("publications for those who stayed", func() bool { return o.received >= after.Published*others })
	}
	return storm{
		seconds:       took.Seconds(),
		micros:        each(after.CPU-before.CPU, z.clients),
		connectMicros: each(connected.CPU-start.CPU, z.clients),
		cutMicros:     each(cut.CPU-connected.CPU, z.clients),
		logReads:      float64(after.LogReads - before.LogReads),
		others:        o.percentile(0.99),
	}
}

// checkRecovered fails if not everybody is at the offset, by recovery.
func (c *crowd) checkRecovered(offset uint64) {
	c.tb.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, v := range c.viewers {
		if !v.recovered || v.offset != offset {
			c.tb.Fatalf("client %d is at %d instead of %d (recovered: %v)", i, v.offset, offset, v.recovered)
		}
	}
}
