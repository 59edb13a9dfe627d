package hubtest

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"lifecircle/hub"
)

const suiteTime = 10 * time.Second // for each wait of the suite

// RunBrokerSuite tests what every broker promises. newBus is called once a
// test; the brokers that it returns reach each other and nobody else.
func RunBrokerSuite(t *testing.T, newBus func(t *testing.T) (newBroker func() hub.Broker)) {
	tests := []struct {
		name string
		test func(*testing.T, func() hub.Broker)
	}{
		{"publications arrive whole", testWhole},
		{"all nodes receive, the publisher too", testAllNodes},
		{"what follows Subscribe arrives", testSubscribeThenPublish},
		{"unsubscribe and subscribe again", testAgain},
		{"many channels at once", testManyChannels},
		{"Run ends with its context", testRunEnds},
		{"nodes deliver in order", testNodes},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.test(t, newBus(t))
		})
	}
}

// Sink collects what a broker delivers.
type Sink struct {
	mu      sync.Mutex
	pubs    map[string][]hub.Publication
	lost    int
	changed chan struct{}
}

// NewSink returns an empty sink.
func NewSink() *Sink {
	return &Sink{pubs: make(map[string][]hub.Publication), changed: make(chan struct{})}
}

// Receive implements hub.Sink.
func (s *Sink) Receive(channel string, p hub.Publication) {
	s.change(func() { s.pubs[channel] = append(s.pubs[channel], p) })
}

// Lost implements hub.Sink.
func (s *Sink) Lost() { s.change(func() { s.lost++ }) }

func (s *Sink) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

// Await waits until enough is true of what came.
func (s *Sink) Await(ctx context.Context, enough func(pubs map[string][]hub.Publication, lost int) bool) error {
	for {
		s.mu.Lock()
		ok, changed := enough(s.pubs, s.lost), s.changed
		s.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			s.mu.Lock()
			defer s.mu.Unlock()
			return fmt.Errorf("await publications: %w (%d channels, lost %d times)", ctx.Err(), len(s.pubs), s.lost)
		}
	}
}

// RunBroker runs b until the test ends.
func RunBroker(t testing.TB, b hub.Broker) *Sink {
	t.Helper()
	sink := NewSink()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx, sink) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("run the broker: %v", err)
		}
	})
	return sink
}

func suiteContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), suiteTime)
	t.Cleanup(cancel)
	return ctx
}

// subscribed runs b, and subscribes it so that a publication has been seen to arrive.
func subscribed(ctx context.Context, t *testing.T, b hub.Broker, channel string) *Sink {
	t.Helper()
	sink := RunBroker(t, b)
	if err := b.Subscribe(ctx, channel); err != nil {
		t.Fatal(err)
	}
	for probe, try := time.NewTicker(20*time.Millisecond), true; try; { // Run may only just be connecting
		if err := b.Publish(ctx, channel, hub.Publication{Data: []byte(`"probe"`)}); err != nil {
			t.Fatal(err)
		}
		select {
		case <-probe.C:
		case <-ctx.Done():
			t.Fatal(ctx.Err())
		}
		sink.mu.Lock()
		try = len(sink.pubs[channel]) == 0
		sink.mu.Unlock()
	}
	return sink
}

// data counts the publications of a channel that are not probes.
func data(pubs []hub.Publication) (n int) {
	for _, p := range pubs {
		if string(p.Data) != `"probe"` {
			n++
		}
	}
	return n
}

func testWhole(t *testing.T, newBroker func() hub.Broker) {
	ctx := suiteContext(t)
	b := newBroker()
	sink := subscribed(ctx, t, b, "c")
	want := []hub.Publication{
		{Offset: 1, Epoch: "e1", Data: []byte(`{"text":"圈子\u0000"}`)},
		{Offset: 1<<53 - 1, Epoch: "e1", Data: []byte(`null`)},
		{Data: []byte(`{"type":"counts"}`), Key: "post:1"},
	}
	for _, p := range want {
		if err := b.Publish(ctx, "c", p); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range want {
		err := sink.Await(ctx, func(pubs map[string][]hub.Publication, _ int) bool {
			for _, got := range pubs["c"] {
				if reflect.DeepEqual(got, p) {
					return true
				}
			}
			return false
		})
		if err != nil {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

func testAllNodes(t *testing.T, newBroker func() hub.Broker) {
	ctx := suiteContext(t)
	a, b := newBroker(), newBroker()
	sinks := []*Sink{subscribed(ctx, t, a, "c"), subscribed(ctx, t, b, "c")}
	const n = 100
	for i := range n {
		from := a
		if i%2 == 1 {
			from = b
		}
		if err := from.Publish(ctx, "c", hub.Publication{Offset: uint64(i) + 1, Epoch: "e", Data: []byte("1")}); err != nil {
			t.Fatal(err)
		}
	}
	for i, s := range sinks {
		if err := s.Await(ctx, func(pubs map[string][]hub.Publication, _ int) bool { return data(pubs["c"]) >= n }); err != nil {
			t.Errorf("node %d: %v", i, err)
		}
	}
}

func testSubscribeThenPublish(t *testing.T, newBroker func() hub.Broker) {
	ctx := suiteContext(t)
	a, b := newBroker(), newBroker()
	sink := subscribed(ctx, t, a, "warm")
	subscribed(ctx, t, b, "warm")
	for i := range 50 {
		channel := fmt.Sprintf("c%d", i)
		if err := a.Subscribe(ctx, channel); err != nil {
			t.Fatal(err)
		}
		if err := b.Publish(ctx, channel, hub.Publication{Data: []byte("1")}); err != nil {
			t.Fatal(err)
		}
	}
	if err := sink.Await(ctx, func(pubs map[string][]hub.Publication, _ int) bool { return len(pubs) == 51 }); err != nil {
		t.Error(err)
	}
}

func testAgain(t *testing.T, newBroker func() hub.Broker) {
	ctx := suiteContext(t)
	b := newBroker()
	sink := subscribed(ctx, t, b, "c")
	for i := range 5 {
		if err := b.Unsubscribe(ctx, "c"); err != nil {
			t.Fatal(err)
		}
		if err := b.Subscribe(ctx, "c"); err != nil {
			t.Fatal(err)
		}
		if err := b.Publish(ctx, "c", hub.Publication{Data: []byte("1")}); err != nil {
			t.Fatal(err)
		}
		if err := sink.Await(ctx, func(pubs map[string][]hub.Publication, _ int) bool { return data(pubs["c"]) > i }); err != nil {
			t.Fatal(err)
		}
	}
}

func testManyChannels(t *testing.T, newBroker func() hub.Broker) {
	ctx := suiteContext(t)
	b := newBroker()
	sink := subscribed(ctx, t, b, "warm")
	const n = 300
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			channel := fmt.Sprintf("c%d", i)
			if err := b.Subscribe(ctx, channel); err != nil {
				t.Error(err)
			}
			if err := b.Publish(ctx, channel, hub.Publication{Data: []byte("1")}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if err := sink.Await(ctx, func(pubs map[string][]hub.Publication, _ int) bool { return len(pubs) == n+1 }); err != nil {
		t.Error(err)
	}
}

func testRunEnds(t *testing.T, newBroker func() hub.Broker) {
	ctx, stop := context.WithCancel(suiteContext(t))
	b := newBroker()
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx, NewSink()) }()
	stop()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(suiteTime):
		t.Error("Run goes on")
	}
}

// testNodes has two nodes with a client each, and publishes on both in turn.
func testNodes(t *testing.T, newBroker func() hub.Broker) {
	ctx := suiteContext(t)
	log := NewLog("e")
	nodes := []*hub.Node{RunNode(t, hub.Options{Log: log, Broker: newBroker(), Handler: Open{}}), RunNode(t, hub.Options{Log: log, Broker: newBroker(), Handler: Open{}})}
	clients := make([]*Client, len(nodes))
	for i, n := range nodes {
		clients[i] = Listen(t, n).Dial(ctx, t, DialOptions{})
		if _, err := clients[i].Connect(ctx, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := clients[i].Subscribe(ctx, "c"); err != nil {
			t.Fatal(err)
		}
	}
	const n = 200
	go func() {
		for i := range n {
			_ = nodes[i%2].Publish(ctx, "c", log.Append("c", fmt.Sprint(i))) // what it refuses comes by way of the log
		}
	}()
	for i, c := range clients {
		for want := uint64(1); want <= n; want++ {
			p, err := c.Publication(ctx)
			if err != nil {
				t.Fatalf("node %d, offset %d: %v", i, want, err)
			}
			if p.Offset != want {
				t.Fatalf("node %d: got offset %d, want %d", i, p.Offset, want)
			}
		}
	}
}
