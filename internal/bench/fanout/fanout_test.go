package fanout

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// BenchmarkFanout compares what a delivery costs the server, and how long it takes.
func BenchmarkFanout(b *testing.B) {
	z := sizeOfFlags()
	b.Run("unbatched", func(b *testing.B) { compareDeliveries(b, z, unbatched(z)) })
	for _, rate := range []float64{20, 40, 100} {
		b.Run(fmt.Sprintf("batched/%g", rate), func(b *testing.B) { compareDeliveries(b, z, batched(z, rate)) })
	}
	b.Run("circles", func(b *testing.B) { compareDeliveries(b, z, circles(z)) })
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
	micros   float64 // of the server's processor, each
	p50, p99 float64 // ms
}

const warmup = 500 * time.Millisecond // of the same load, before it counts

func deliver(tb testing.TB, role string, l load) delivered {
	tb.Helper()
	s := startServer(tb, role)
	defer s.stop()
	c := newCrowd(tb, s.addr, l.channels)
	defer c.close()
	if role == "floor" {
		l.schedule.Together = l.together
	}
	warm := l.schedule
	warm.Count = max(int(warm.Rate*warmup.Seconds()), 1)
	run(s, c, l, warm)
	return run(s, c, l, l.schedule)
}

// run publishes, and reads until everybody has everything.
func run(s *server, c *crowd, l load, what schedule) delivered {
	s.tb.Helper()
	c.received, c.latency = 0, c.latency[:0]
	want := what.deliveries(l.channels)
	before := s.do(order{Stats: true})
	published := s.begin(order{Publish: &what})
	c.await("publications", func() bool { return c.received >= want })
	published()
	after := s.do(order{Stats: true})
	return delivered{
		micros: float64((after.CPU - before.CPU).Microseconds()) / float64(want),
		p50:    millis(c.percentile(0.5)),
		p99:    millis(c.percentile(0.99)),
	}
}

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

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// roles are what is measured. The first is the floor.
var roles = []string{"floor", "hub", "redis"}

// compareDeliveries runs the floor and the roles in turn and reports the medians.
func compareDeliveries(b *testing.B, z size, l load) {
	b.Helper()
	pinClients(b)
	found := make(map[string][]delivered)
	for b.Loop() {
		for range z.rounds {
			for _, role := range roles {
				d := deliver(b, role, l)
				b.Logf("%s: %.2f us a delivery, p50 %.1f ms, p99 %.1f ms", role, d.micros, d.p50, d.p99)
				found[role] = append(found[role], d)
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	reportMedian(b, found, "us/delivery", func(d delivered) float64 { return d.micros })
	reportMedian(b, found, "p99-ms", func(d delivered) float64 { return d.p99 })
}

// reportMedian reports the median of each role, and how often it is the floor's.
func reportMedian[T any](b *testing.B, found map[string][]T, unit string, value func(T) float64) {
	b.Helper()
	floor := median(found[roles[0]], value)
	for _, role := range roles {
		m := median(found[role], value)
		b.ReportMetric(m, role+"-"+unit)
		if role != roles[0] {
			b.ReportMetric(m/floor, role+"-"+unit+"-x-floor")
		}
	}
}

func median[T any](of []T, value func(T) float64) float64 {
	values := make([]float64, len(of))
	for i, v := range of {
		values[i] = value(v)
	}
	slices.Sort(values)
	if n := len(values); n%2 == 0 {
		return (values[n/2-1] + values[n/2]) / 2
	}
	return values[len(values)/2]
}
