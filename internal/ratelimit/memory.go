package ratelimit

import (
	"context"
	"hash/maphash"
	"sync"
	"time"
)

const (
	shards = 64
	// probes is how many remembered keys are looked at for each new one: the
	// idle ones among them go, so that memory shrinks without a goroutine.
	probes = 8
)

// Memory limits the events of one node. It is safe for concurrent use.
type Memory struct {
	now    func() time.Time
	seeds  [2]maphash.Seed
	perKey int // keys in a shard
	shards [shards]shard
}

// digest stands for a key: 128 bits, whatever its length.
type digest [2]uint64

type shard struct {
	mu   sync.Mutex // guards next
	next map[digest]int64
}

// NewMemory returns a limiter that remembers about maxKeys keys at most, 64 at
// least. When it is full, a new key pushes out the one that is closest to
// being idle of a few: that one starts afresh. A nil now is time.Now.
func NewMemory(maxKeys int, now func() time.Time) *Memory {
	if now == nil {
		now = time.Now
	}
	m := &Memory{now: now, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, perKey: max(1, maxKeys/shards)}
	for i := range m.shards {
		m.shards[i].next = make(map[digest]int64)
	}
	return m
}

// Allow implements Limiter; its only error is ErrRate.
func (m *Memory) Allow(_ context.Context, key string, r Rate) (Decision, error) {
	if r.unlimited() {
		return Decision{Allowed: true}, nil
	}
	p, err := r.pace()
	if err != nil {
		return Decision{}, err
	}
	d := digest{maphash.String(m.seeds[0], key), maphash.String(m.seeds[1], key)}
	s := &m.shards[d[0]%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	now := m.now().UnixMicro()
	next, known := s.next[d]
	if !known {
		s.makeRoom(m.perKey, now)
	}
	kept, wait := p.advance(next, now)
	s.next[d] = kept
	return decide(wait), nil
}

// makeRoom forgets the idle ones of a few keys, and one in any case when the
// shard is full. Its time does not grow with the shard.
func (s *shard) makeRoom(limit int, now int64) {
	var soonest digest
	seen := 0
	for d, next := range s.next { // starts at a random place
		if next <= now {
			delete(s.next, d)
		}
		if seen == 0 || next < s.next[soonest] {
			soonest = d
		}
		if seen++; seen == probes {
			break
		}
	}
	if len(s.next) >= limit {
		delete(s.next, soonest)
	}
}

// Len returns how many keys are remembered.
func (m *Memory) Len() (n int) {
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		n += len(s.next)
		s.mu.Unlock()
	}
	return n
}
