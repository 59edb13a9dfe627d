package e2e

import (
	"context"
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
		slowSize{viewers: 2_000, circles: 20, slow: 20, events: 40, bytes: 1_500, lasts: time.Minute, growth: 1.2})
	s := newStage(t, actors, size.circles, start(t, apart(t)))
	p := s.plan(size.viewers-size.slow, size.events, size.lasts)
	p.Actions[0].Bytes = size.bytes
	var alone player.Result
	if size.growth > 0 {
		alone = s.play(p, nil)
	}
	p.Viewers = append(p.Viewers, player.Viewers{Count: size.slow, URLs: s.sockets(), Channels: s.world.Channels(), Slow: true})
	watch := s.watchMemory()
	beside := s.play(p, nil)
	m := watch()
	if beside.Reconnects > int64(size.slow) || beside.Unrecovered > 0 {
		t.Errorf("others were cut, too: %d reconnects, closes %v", beside.Reconnects, beside.Closes)
	}
	if m.cut < size.slow {
		t.Errorf("%d of %d viewers who do not read were cut", m.cut, size.slow)
	}
	bound := int64(size.slow) * queueBytes
	t.Logf("%d cut with 3008; queues up to %.1f MiB, memory %.1f MiB more", m.cut, float64(m.queued)/(1<<20), float64(m.grown)/(1<<20))
	if m.queued > bound*5/4 || m.grown > bound+spareBytes {
		t.Errorf("queues held up to %d bytes, the process grew by %d", m.queued, m.grown)
	}
	if size.growth > 0 && beside.Delivery.P99 > alone.Delivery.P99*size.growth {
		t.Errorf("p99 is %.1f ms beside slow viewers, %.1f ms without", beside.Delivery.P99, alone.Delivery.P99)
	}
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
