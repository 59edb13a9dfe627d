package hub

import (
	"context"
	"slices"
	"sync"
)

// MemoryBroker is a Broker for the nodes of one process. It knows a node from
// New on, so that nothing published before Run is lost.
type MemoryBroker struct {
	mu    sync.RWMutex
	sinks []Sink // not changed in place: Publish goes through it without the lock
}

// NewMemoryBroker returns a broker for one node, or for several in one process (in tests).
func NewMemoryBroker() *MemoryBroker { return new(MemoryBroker) }

// Run delivers to sink until ctx ends.
func (b *MemoryBroker) Run(ctx context.Context, sink Sink) error {
	b.add(sink)
	<-ctx.Done()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sinks = slices.DeleteFunc(slices.Clone(b.sinks), func(s Sink) bool { return s == sink })
	return nil
}

func (b *MemoryBroker) add(sink Sink) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Contains(b.sinks, sink) {
		b.sinks = append(slices.Clone(b.sinks), sink)
	}
}

// Subscribe does nothing: every node gets everything and drops what it does not serve.
func (b *MemoryBroker) Subscribe(context.Context, string) error { return nil }

// Unsubscribe does nothing.
func (b *MemoryBroker) Unsubscribe(context.Context, string) error { return nil }

// Publish hands p to all nodes.
func (b *MemoryBroker) Publish(_ context.Context, channel string, p Publication) error {
	b.mu.RLock()
	sinks := b.sinks
	b.mu.RUnlock()
	for _, s := range sinks {
		s.Receive(channel, p)
	}
	return nil
}
