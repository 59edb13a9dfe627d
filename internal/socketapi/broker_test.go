package socketapi

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lifecircle/feed"
	"lifecircle/hub"
	"lifecircle/internal/circlelog"
	"lifecircle/internal/id"
)

// shown is a hub's sink that remembers.
type shown struct {
	mu   sync.Mutex // guards the following
	got  []hub.Publication
	lost int
}

func (s *shown) Receive(_ string, p hub.Publication) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, p)
}

func (s *shown) Lost() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost++
}

// take returns what was shown since the last call.
func (s *shown) take() []hub.Publication {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.got
	s.got = nil
	return got
}

// shaky is a broker that can be away, and says when it lost something.
type shaky struct {
	*hub.MemoryBroker
	mu   sync.Mutex // guards the following
	away error
	sink hub.Sink
}

func (b *shaky) Run(ctx context.Context, sink hub.Sink) error {
	b.mu.Lock()
	b.sink = sink
	b.mu.Unlock()
	return b.MemoryBroker.Run(ctx, sink)
}

func (b *shaky) Publish(ctx context.Context, channel string, p hub.Publication) error {
	b.mu.Lock()
	away := b.away
	b.mu.Unlock()
	if away != nil {
		return away
	}
	return b.MemoryBroker.Publish(ctx, channel, p)
}

func (b *shaky) set(away error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away = away
}

func (b *shaky) lose() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sink.Lost()
}

type counterFunc func(circle id.ID) ([]feed.PostCounts, error)

func (f counterFunc) RecentCounts(_ context.Context, circle id.ID) ([]feed.PostCounts, error) {
	return f(circle)
}

// node is one node's way of news, from the feed to the hub.
type node struct {
	publisher *Publisher
	broker    *Broker
	viewers   *shown
}

// runNodes runs n nodes on one broker until the test ends; call it in a synctest bubble.
func runNodes(t *testing.T, n int, inner hub.Broker, counter Counter) []*node {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	nodes := make([]*node, n)
	for i := range nodes {
		broker := NewBroker(inner, slog.New(slog.DiscardHandler))
		broker.Counter = counter
		nodes[i] = &node{NewPublisher(broker, true, slog.New(slog.DiscardHandler)), broker, &shown{}}
		wg.Go(func() { _ = broker.Run(ctx, nodes[i].viewers) })
		wg.Go(func() { _ = nodes[i].publisher.Run(ctx) })
		if err := broker.Subscribe(ctx, circleChannel(someCircle)); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { cancel(); wg.Wait() })
	synctest.Wait()
	return nodes
}

func versions(t *testing.T, publications []hub.Publication) (all []int64) {
	t.Helper()
	for _, p := range publications {
		var msg countsMessage
		if err := json.Unmarshal(p.Data, &msg); err != nil || msg.Type != "counts" || p.Offset != 0 {
			t.Fatalf("%s: %v", p.Data, err)
		}
		for _, c := range msg.Posts {
			all = append(all, c.Version)
		}
	}
	return all
}

func TestEventsTravelInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nodes := runNodes(t, 2, hub.NewMemoryBroker(), nil)
		for i := range uint64(100) {
			nodes[0].publisher.Published([]circlelog.Event{{Circle: someCircle, Offset: i + 1, Epoch: "e", Data: []byte(`{}`)}})
		}
		synctest.Wait()
		for i, n := range nodes {
			got := n.viewers.take()
			if len(got) != 100 || !slices.IsSortedFunc(got, func(a, b hub.Publication) int { return int(a.Offset) - int(b.Offset) }) || got[0].Epoch != "e" {
				t.Errorf("node %d got %d events", i, len(got))
			}
		}
	})
}

// TestAStormOnManyNodesIsAFewMessages likes one post on four nodes at once.
func TestAStormOnManyNodesIsAFewMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nodes := runNodes(t, 4, hub.NewMemoryBroker(), nil)
		const likes = 2000
		for v := range int64(likes) {
			nodes[v%4].publisher.Counted(somePost, feed.Counts{Version: v + 1, Likes: v + 1})
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		for i, n := range nodes {
			got := n.viewers.take()
			seen := versions(t, got)
			if len(got) > 4*2+2 || seen[len(seen)-1] != likes || !slices.IsSorted(seen) || len(slices.Compact(slices.Clone(seen))) != len(seen) {
				t.Errorf("node %d showed %d messages, versions %v", i, len(got), seen)
			}
		}
		time.Sleep(time.Second)
		if got := nodes[0].viewers.take(); len(got) != 0 {
			t.Errorf("repeats were shown: %d", len(got))
		}
	})
}

func TestCountsAreReadAgainWhenSomeMayBeLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broker := &shaky{MemoryBroker: hub.NewMemoryBroker()}
		var asked []id.ID
		nodes := runNodes(t, 1, broker, counterFunc(func(circle id.ID) ([]feed.PostCounts, error) {
			asked = append(asked, circle)
			return []feed.PostCounts{counted(int64(circle), 1, 7), counted(int64(circle), 2, 1)}, nil
		}))
		nodes[0].publisher.Counted(id.Post{Circle: someCircle, Post: 2}, feed.Counts{Version: 1})
		time.Sleep(time.Second)
		nodes[0].viewers.take()
		broker.lose()
		broker.lose()
		synctest.Wait()
		time.Sleep(10 * time.Millisecond)
		if got := versions(t, nodes[0].viewers.take()); !slices.Equal(got, []int64{7}) || nodes[0].viewers.lost != 2 {
			t.Errorf("shown %v after %d losses", got, nodes[0].viewers.lost)
		}
		if err := nodes[0].broker.Unsubscribe(t.Context(), circleChannel(someCircle)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		before := len(asked)
		broker.lose()
		synctest.Wait()
		if before == 0 || len(asked) != before {
			t.Errorf("asked %d times, then %d for a circle that nobody watches", before, len(asked))
		}
	})
}

func TestWithoutTheBrokerThisNodeStillShowsItsCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broker := &shaky{MemoryBroker: hub.NewMemoryBroker()}
		n := runNodes(t, 1, broker, nil)[0]
		broker.set(errors.New("away"))
		n.publisher.Counted(somePost, feed.Counts{Version: 1})
		synctest.Wait()
		if got := versions(t, n.viewers.take()); !slices.Equal(got, []int64{1}) {
			t.Errorf("shown: %v", got)
		}
	})
}

// blocked is a hub that takes nothing until it is released.
type blocked struct{ release chan struct{} }

func (b blocked) Publish(ctx context.Context, _ string, _ hub.Publication) error {
	select {
	case <-b.release:
	case <-ctx.Done():
	}
	return nil
}

func TestASlowBrokerDelaysNoCommit(t *testing.T) {
	t.Parallel()
	slow := blocked{make(chan struct{})}
	p := NewPublisher(slow, false, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = p.Run(ctx) }()
	for i := range uint64(3 * publishQueue) { // does not block, or this test does not end
		p.Published([]circlelog.Event{{Circle: someCircle, Offset: i + 1}})
		p.Counted(somePost, feed.Counts{Version: int64(i)}) //nolint:gosec // small
	}
	if p.Dropped() < publishQueue {
		t.Errorf("dropped %d", p.Dropped())
	}
	close(slow.release)
	cancel()
	<-done
}
