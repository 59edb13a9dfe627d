package e2e

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"lifecircle/cmd/circleload/player"
)

// slowSize are the figures of viewers who do not read.
type slowSize struct {
	viewers, circles int
	slow             int     // of them
	events           float64 // a second
	bytes            int     // of a text
	lasts            time.Duration
	growth           float64 // of the others' p99, at most; 0: not judged, on a machine that runs many tests
}

// What one client may make a server keep, and what else a server may grow by
// while that happens.
const (
	queueBytes = 1 << 20 // of one client
	spareBytes = 64 << 20
)

// Viewers who never read are cut with 3008, cost the server a bounded amount of
// memory and nobody else anything.
func TestPromiseSlowClients(t *testing.T) {
	aside(t)
	size := sized(
		slowSize{viewers: 60, circles: 1, slow: 6, events: 60, bytes: 4_500, lasts: 7 * time.Second},
		slowSize{viewers: 2_000, circles: 20, slow: 20, events: 60, bytes: 3_000, lasts: 40 * time.Second, growth: 1.2})
	s := newStage(t, actors, size.circles, start(t, apart(t)))
	p := s.plan(size.viewers-size.slow, size.events, size.lasts)
	p.Actions[0].Bytes = size.bytes
	besideSlow := p
	besideSlow.Viewers = append(slices.Clone(p.Viewers), player.Viewers{
		Count: size.slow, URLs: s.sockets(), Channels: s.world.Channels(), Each: -1, Slow: true, // of all circles: the kernel, too, keeps a lot for them
	})
	if size.growth == 0 {
		s.playBesideSlow(besideSlow, size)
		return
	}
	var alone, beside float64 // ms, the better of two: a machine has moods
	for round := range 2 {
		first, second := s.play(p, nil).Delivery.P99, s.playBesideSlow(besideSlow, size).Delivery.P99
		if round == 0 {
			alone, beside = first, second
		}
		alone, beside = min(alone, first), min(beside, second)
	}
	t.Logf("p99 is %.1f ms beside slow viewers, %.1f ms without", beside, alone)
	if beside > alone*size.growth {
		t.Errorf("p99 grows by %.0f %%", 100*(beside/alone-1))
	}
}

// playBesideSlow plays a plan with slow viewers, and judges what becomes of
// them, of the server and of the others.
func (s *stage) playBesideSlow(p player.Plan, size slowSize) player.Result {
	s.t.Helper()
	watch := s.watchMemory()
	r := s.play(p, nil)
	m := watch()
	if r.Unrecovered > 0 || r.Reconnects > int64(m.cut) {
		s.t.Errorf("others were cut, too: %d reconnects, closes %v", r.Reconnects, r.Closes)
	}
	if m.cut < size.slow {
		s.t.Errorf("%d of %d viewers who do not read were cut", m.cut, size.slow)
	}
	s.t.Logf("%d cut with 3008; queues up to %.1f MiB, memory %.1f MiB more", m.cut, float64(m.queued)/(1<<20), float64(m.grown)/(1<<20))
	if bound := int64(size.slow) * queueBytes; m.queued > bound*5/4 || m.grown > bound+spareBytes {
		s.t.Errorf("queues held up to %d bytes, the process grew by %d", m.queued, m.grown)
	}
	return r
}

// memory is what a watched server held at most.
type memory struct {
	cut    int   // clients, with 3008
	queued int64 // bytes, in queues of clients
	grown  int64 // bytes, resident
}

// watchMemory looks at the first node again and again until stop is called.
func (s *stage) watchMemory() (stop func() memory) {
	n := s.nodes[0]
	ctx, cancel := context.WithCancel(s.t.Context())
	const cuts = "lifecircle_client_slow_disconnects_total"
	begin, before := n.residentBytes(), n.mustMetric(cuts)
	var m memory
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			if queued, err := n.metric(ctx, "lifecircle_queue_bytes"); err == nil {
				m.queued = max(m.queued, int64(queued))
			}
			m.grown = max(m.grown, n.residentBytes()-begin)
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	})
	return func() memory {
		cancel()
		watching.Wait()
		m.cut = int(n.mustMetric(cuts) - before)
		return m
	}
}
