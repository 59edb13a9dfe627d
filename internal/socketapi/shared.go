package socketapi

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// gatherTime is the time between the beginnings of two reads for a crowd:
	// ten thousand who come back within seconds are served by tens of reads.
	gatherTime = 100 * time.Millisecond
	// crowd is how many make one. Fewer wait for less, in proportion; who comes
	// alone is served at once.
	crowd = 20
	// sharedProbes is how many idle keys a new key may remove.
	sharedProbes = 4
)

var errReadFailed = errors.New("the read ended without a result")

// shared merges reads of the same thing: who asks while one is under way, or
// soon after one that served many, waits for the next, which serves all of them
// together. Nobody gets the result of a read that began before he asked. The
// zero value is ready. What waits is bounded by the clients, who ask for one
// thing at a time.
type shared[K comparable, A, V any] struct {
	mu   sync.Mutex
	keys map[K]*sharedKey[A, V]
}

// sharedKey is guarded by shared.mu.
type sharedKey[A, V any] struct {
	running, next *sharedRead[A, V]
	earliest      time.Time // for the next to begin
}

type sharedRead[A, V any] struct {
	asks  []A           // of those whom it serves; complete when it begins
	done  chan struct{} // closed when value and err are there
	value V
	err   error
}

// do returns the result of read, done by one of those who ask for key, for all
// their asks.
func (s *shared[K, A, V]) do(ctx context.Context, key K, ask A, read func(context.Context, []A) (V, error)) (V, error) {
	s.mu.Lock()
	k := s.key(key)
	if r := k.next; r != nil {
		r.asks = append(r.asks, ask)
		s.mu.Unlock()
		return r.wait(ctx)
	}
	mine := &sharedRead[A, V]{asks: []A{ask}, done: make(chan struct{}), err: errReadFailed}
	before, earliest := k.running, k.earliest
	k.next = mine
	s.mu.Unlock()
	if before != nil {
		<-before.done // bounded by the reader's own context
	}
	time.Sleep(time.Until(earliest)) // for gatherTime at most, whoever goes away: others wait
	s.run(ctx, k, mine, read)
	return mine.value, mine.err
}

// key returns what is known of a key. It needs s.mu.
func (s *shared[K, A, V]) key(key K) *sharedKey[A, V] {
	if k := s.keys[key]; k != nil {
		return k
	}
	if s.keys == nil {
		s.keys = map[K]*sharedKey[A, V]{}
	}
	now, looked := time.Now(), 0
	for other, k := range s.keys { // begins anywhere
		if k.running == nil && k.next == nil && now.After(k.earliest) {
			delete(s.keys, other)
		}
		if looked++; looked == sharedProbes {
			break
		}
	}
	k := &sharedKey[A, V]{}
	s.keys[key] = k
	return k
}

// run reads for everybody who waits for r. It goes on without the one who
// began it, because others wait.
func (s *shared[K, A, V]) run(ctx context.Context, k *sharedKey[A, V], r *sharedRead[A, V], read func(context.Context, []A) (V, error)) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rereadTimeout)
	defer cancel()
	s.mu.Lock()
	k.running, k.next = r, nil
	k.earliest = time.Now().Add(gatherTime / crowd * time.Duration(min(len(r.asks), crowd)))
	s.mu.Unlock()
	defer func() { // even if read panics, nobody waits for ever
		s.mu.Lock()
		k.running = nil
		s.mu.Unlock()
		close(r.done)
	}()
	r.value, r.err = read(ctx, r.asks)
}

func (r *sharedRead[A, V]) wait(ctx context.Context) (V, error) {
	select {
	case <-r.done:
		return r.value, r.err
	case <-ctx.Done():
		var none V
		return none, context.Cause(ctx)
	}
}
