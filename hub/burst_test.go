package hub_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
)

// What came while a channel was busy may be more than a queue holds: that cuts
// no client that reads, and Observe hears of all of it.
func TestBurstCutsNobodyWhoReads(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	busy, goOn := make(chan struct{}), make(chan struct{})
	var first sync.Once
	var observed atomic.Int64
	s := startTCP(t, func(o *hub.Options) {
		patient(o)
		o.SocketBuffer = 0
		o.Observe = func(f hub.Fanout) {
			observed.Add(int64(f.Events * f.Clients))
			first.Do(func() {
				close(busy)
				<-goOn
			})
		}
	})
	c := s.join(ctx, t, hubtest.DialOptions{}, nil)
	s.append(ctx, t, "0")
	<-busy
	const events, size = 240, 8 << 10 // each comes twice, from Publish and from the broker
	for i := range events {
		s.append(ctx, t, fmt.Sprintf("%q", noise(i, size)))
	}
	close(goOn)
	expectOffsets(ctx, t, c, 1, events+1)
	for observed.Load() < events+1 {
		if ctx.Err() != nil {
			t.Fatalf("%d events were observed", observed.Load())
		}
		gosched()
	}
	if n := s.Stats().SlowDisconnects; n != 0 {
		t.Errorf("%d clients were called slow", n)
	}
}

// The same for what the log fills in after a broker lost it.
func TestLargeHoleCutsNobodyWhoReads(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	s := startTCP(t, func(o *hub.Options) {
		o.SocketBuffer = 0
		o.HeadInterval = 20 * time.Millisecond
		o.MaxBatchDelay = 400 * time.Millisecond // between parts of what is filled in
	})
	c := s.join(ctx, t, hubtest.DialOptions{}, nil)
	const events, size = 250, 8 << 10
	for i := range events {
		s.log.Append("c", fmt.Sprintf("%q", noise(i, size)))
	}
	expectOffsets(ctx, t, c, 1, events)
	if n := s.Stats().SlowDisconnects; n != 0 {
		t.Errorf("%d clients were called slow", n)
	}
}

// A key means something only outside of the log: nothing in the log is replaced.
func TestKeysReplaceNothingInTheLog(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	busy, goOn := make(chan struct{}), make(chan struct{})
	var first sync.Once
	s := startTCP(t, func(o *hub.Options) {
		o.Observe = func(hub.Fanout) {
			first.Do(func() {
				close(busy)
				<-goOn
			})
		}
	})
	c := s.join(ctx, t, hubtest.DialOptions{}, nil)
	s.append(ctx, t, "0")
	<-busy
	for range 3 {
		p := s.log.Append("c", "1")
		p.Key = "k"
		if err := s.Publish(ctx, "c", p); err != nil {
			t.Fatal(err)
		}
	}
	close(goOn)
	expectOffsets(ctx, t, c, 1, 4)
}
