package fanout

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

// BenchmarkFanout compares what a delivery costs the server, and how long it takes.
func BenchmarkFanout(b *testing.B) {
	z := sizeOfFlags()
	b.Run("unbatched", func(b *testing.B) { compareDeliveries(b, z, unbatched(z), true) })
	for _, rate := range []float64{20, 40, 100} {
		b.Run(fmt.Sprintf("batched/%g", rate), func(b *testing.B) { compareDeliveries(b, z, batched(z, rate), false) })
	}
	b.Run("circles", func(b *testing.B) { compareDeliveries(b, z, circles(z), true) })
}

// load is who is there and what they get.
type load struct {
	channels []string // of each client
	schedule schedule
	together time.Duration // what the floor writes at once
}

// unbatched is one channel with everybody in it, and 2 publications a second.
func unbatched(z size) load {
	return load{channels: slices.Repeat([]string{"all"}, z.clients), schedule: evenly([]string{"all"}, 2, z.length)}
}

// batched is one channel with so many publications that several can wait for each other.
func batched(z size, rate float64) load {
	return load{
		channels: slices.Repeat([]string{"all"}, z.subscribers),
		schedule: evenly([]string{"all"}, rate, z.length),
		together: 100 * time.Millisecond,
	}
}

// circles is many channels with 10 subscribers, and 2 publications a second each.
func circles(z size) load {
	all := names("circle-", z.circles)
	return load{channels: slices.Repeat(all, 10), schedule: evenly(all, 2, z.length)}
}

func names(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s%d", prefix, i)
	}
	return out
}

// delivered is what a measurement found.
type delivered struct {
	micros       float64 // of the server's processor, each
	clientMicros float64 // of this process; if it is more than the server's, latency is ours
	p50, p99     float64 // ms
}

const (
	warmup = 10                     // the part of a load that runs before it counts: one in so many
	quiet  = 500 * time.Millisecond // after that, so that nothing of it counts: channels rest after a fan-out
)

func (st *stage) deliver(role string, l load) delivered {
	st.Helper()
	s := st.start(role)
	defer s.stop()
	c := newCrowd(st, s.addr, l.channels, false)
	defer c.close()
	if role == "floor" {
		l.schedule.Together = l.together
	}
	warm := l.schedule
	warm.Count = max(warm.Count/warmup, 1)
	run(s, c, l.channels, warm)
	l.schedule.Lead = quiet
	return run(s, c, l.channels, l.schedule)
}

// run publishes, and waits until everybody has everything.
func run(s *server, c *crowd, channels []string, what schedule) delivered {
	s.tb.Helper()
	c.forget()
	want := what.deliveries(channels)
	ours, err := processTime()
	before := s.do(order{})
	s.do(order{Publish: &what})
	c.await("publications", func() bool { return c.received >= want })
	after := s.do(order{})
	oursAfter, afterErr := processTime()
	if err := errors.Join(err, afterErr); err != nil {
		s.tb.Fatal(err)
	}
	return delivered{
		micros:       each(after.CPU-before.CPU, want),
		clientMicros: each(oursAfter-ours, want),
		p50:          c.percentile(0.5),
		p99:          c.percentile(0.99),
	}
}

// each is the share of one of n, in microseconds.
func each(d time.Duration, n int) float64 { return float64(d.Microseconds()) / float64(n) }

// deliveries is how many clients in the given channels get how many of s in all.
func (s *schedule) deliveries(channels []string) (n int) {
	members := make(map[string]int)
	for _, name := range channels {
		members[name]++
	}
	for i := range s.Count {
		n += members[s.Channels[i%len(s.Channels)]]
	}
	return n
}

// compareDeliveries runs the roles in turn and reports the medians.
func compareDeliveries(b *testing.B, z size, l load, withRedis bool) {
	b.Helper()
	st, roles := newStage(b, z), z.comparison("floor", withRedis)
	found := inTurn(st, z.rounds, roles, func(role string) delivered { return st.deliver(role, l) })
	reportEach(b, roles, found,
		figure[delivered]{"us/delivery", func(d delivered) float64 { return d.micros }, "x-floor"},
		figure[delivered]{"client-us/delivery", func(d delivered) float64 { return d.clientMicros }, ""},
		figure[delivered]{"p50-ms", func(d delivered) float64 { return d.p50 }, ""},
		figure[delivered]{"p99-ms", func(d delivered) float64 { return d.p99 }, "p99-x-floor"})
}
