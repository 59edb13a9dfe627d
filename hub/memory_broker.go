package hub

import (
	"context"
	"sync"
)

// MemoryBroker is a Broker for nodes of one process. It loses what is published
// while a node does not run, as any broker may.
type MemoryBroker struct {
	mu    sync.Mutex
	sinks map[Sink]struct{}
}

// NewMemoryBroker returns a broker for one node, or for several in one process (in tests).
func NewMemoryBroker() *MemoryBroker { return &MemoryBroker{sinks: make(map[Sink]struct{})} }

// Run delivers to sink until ctx ends.
func (b *MemoryBroker) Run(ctx context.Context, sink Sink) error {
	b.mu.Lock()
	b.sinks[sink] = struct{}{}
	b.mu.Unlock()
	<-ctx.Done()
	b.mu.Lock()
	delete(b.sinks, sink)
	b.mu.Unlock()
	return nil
}

// Subscribe does nothing: every node gets everything and drops what it does not serve.
func (b *MemoryBroker) Subscribe(context.Context, string) error { return nil }

// Unsubscribe does nothing.
func (b *MemoryBroker) Unsubscribe(context.Context, string) error { return nil }

// Publish hands p to all running nodes.
func (b *MemoryBroker) Publish(_ context.Context, channel string, p Publication) error {
	b.mu.Lock()
	sinks := make([]Sink, 0, 8)
	for s := range b.sinks {
		sinks = append(sinks, s)
	}
	b.mu.Unlock()
	for _, s := range sinks {
		s.Receive(channel, p)
	}
	return nil
}
