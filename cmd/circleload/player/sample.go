package player

import (
	"sync"
	"time"
)

// sampler makes a Second of every second.
type sampler struct {
	crowd    *Crowd
	progress func(Snapshot)
	done     chan struct{}
	wg       sync.WaitGroup

	mu     sync.Mutex // guards what follows
	now    Phase
	end    time.Time // of the measured part
	last   totals
	series []Second
}

// totals are the counters of which a Second is the difference.
type totals struct {
	deliveries, hints, commands, refused, failed, cuts, recovered, faults, bytes int64
}

func newSampler(c *Crowd, progress func(Snapshot)) *sampler {
	return &sampler{crowd: c, progress: progress, done: make(chan struct{})}
}

func (s *sampler) phase(p Phase, end time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now, s.end = p, end
}

func (s *sampler) start() {
	s.wg.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-s.done:
				return
			case <-tick.C:
				snap := s.sample()
				if s.progress != nil {
					s.progress(snap)
				}
			}
		}
	})
}

// stop samples the rest, and returns all of it.
func (s *sampler) stop() []Second {
	close(s.done)
	s.wg.Wait()
	s.sample()
	return s.series
}

func (s *sampler) sample() Snapshot {
	snap := s.crowd.Snapshot()
	now := s.totals()
	delivery, command := s.crowd.rec.turn()
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.last
	s.last = now
	snap.Second = Second{
		At: len(s.series), Phase: s.now, Open: snap.Open, Subscribed: snap.Subscribed,
		Deliveries: now.deliveries - was.deliveries, Hints: now.hints - was.hints,
		P50: delivery.P50, P99: delivery.P99,
		Commands: now.commands - was.commands, CommandP50: command.P50, CommandP99: command.P99,
		Refused: now.refused - was.refused, Failed: now.failed - was.failed,
		Cuts: now.cuts - was.cuts, Recovered: now.recovered - was.recovered,
		Faults: now.faults - was.faults, BytesIn: now.bytes - was.bytes,
	}
	if s.now == Measuring {
		snap.Remaining = max(time.Until(s.end), 0)
	}
	s.series = append(s.series, snap.Second)
	return snap
}

func (s *sampler) totals() totals {
	r := s.crowd.rec
	t := totals{
		commands: r.done.Load(), refused: r.refused.Load(), failed: r.failed.Load(),
		cuts: r.cuts.Load(), recovered: r.recovered.Load(),
		faults: r.gaps.Load() + r.doubled.Load() + r.disordered.Load(),
		bytes:  s.crowd.swarm.Stats().BytesIn,
	}
	t.deliveries, t.hints = r.sums()
	return t
}
