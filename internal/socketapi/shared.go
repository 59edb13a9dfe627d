package socketapi

import (
	"context"
	"sync"
)

// shared merges reads of the same thing: while one is under way, all who ask
// wait for the next, which serves them together. Nobody gets the result of a
// read that began before he asked. The zero value is ready.
type shared[K comparable, V any] struct {
	mu    sync.Mutex
	reads map[K]*sharedRead[V] // the read under way of a key, and the one after it
}

type sharedRead[V any] struct {
	done  chan struct{} // closed when value and err are there
	value V
	err   error
	next  *sharedRead[V] // who waits here asked while this one was under way
}

// do returns the result of read, done by one of those who ask for key.
func (s *shared[K, V]) do(ctx context.Context, key K, read func(context.Context) (V, error)) (V, error) {
	s.mu.Lock()
	running := s.reads[key]
	if running == nil {
		mine := &sharedRead[V]{done: make(chan struct{})}
		s.start(key, mine)
		s.mu.Unlock()
		s.run(ctx, key, mine, read)
		return mine.value, mine.err
	}
	wanted := running.next
	if wanted != nil {
		s.mu.Unlock()
		return wanted.wait(ctx)
	}
	mine := &sharedRead[V]{done: make(chan struct{})}
	running.next = mine
	s.mu.Unlock()
	<-running.done // bounded by the reader's own context
	s.run(ctx, key, mine, read)
	return mine.value, mine.err
}

func (s *shared[K, V]) start(key K, r *sharedRead[V]) {
	if s.reads == nil {
		s.reads = map[K]*sharedRead[V]{}
	}
	s.reads[key] = r
}

// run reads for everybody who waits for r. It goes on without the one who
// began it, because others wait.
func (s *shared[K, V]) run(ctx context.Context, key K, r *sharedRead[V], read func(context.Context) (V, error)) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rereadTimeout)
	defer cancel()
	defer s.finish(key, r) // even if read panics, nobody waits for ever
	r.value, r.err = read(ctx)
}

func (s *shared[K, V]) finish(key K, r *sharedRead[V]) {
	s.mu.Lock()
	if r.next != nil {
		s.reads[key] = r.next
	} else {
		delete(s.reads, key)
	}
	s.mu.Unlock()
	close(r.done)
}

func (r *sharedRead[V]) wait(ctx context.Context) (V, error) {
	select {
	case <-r.done:
		return r.value, r.err
	case <-ctx.Done():
		var none V
		return none, context.Cause(ctx)
	}
}
