package redisbroker_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/hubtest/redisserver"
	"lifecircle/hub/redisbroker"
)

func clusterBroker(c *redisserver.Cluster, prefix string) *redisbroker.Broker {
	return redisbroker.NewCluster(&redis.Options{}, c.Addrs(), prefix, slog.New(slog.DiscardHandler))
}

func TestSuiteOfCluster(t *testing.T) {
	t.Parallel()
	c := redisserver.StartCluster(t)
	hubtest.RunBrokerSuite(t, func(t *testing.T) func() hub.Broker {
		t.Helper()
		return func() hub.Broker { return clusterBroker(c, t.Name()) }
	})
}

// on finds channels whose slots a master has at first.
func on(master, n int) (names []string) {
	for i := 0; len(names) < n; i++ {
		if name := fmt.Sprint("c", i); redisbroker.SlotOf(name)*3/16384 == master {
			names = append(names, name)
		}
	}
	return names
}

// sameSlot finds another channel of the slot.
func sameSlot(name string) string {
	for i := 0; ; i++ {
		if other := fmt.Sprint("n", i); redisbroker.SlotOf(other) == redisbroker.SlotOf(name) {
			return other
		}
	}
}

// until waits until something is true, for 10 s.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for ctx := deadline(t, 10*time.Second); !is(); {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("never came true: %s", what)
		}
	}
}

func subscribe(ctx context.Context, t *testing.T, b hub.Broker, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := b.Subscribe(ctx, name); err != nil {
			t.Fatal(err)
		}
	}
}

func publish(ctx context.Context, t *testing.T, b hub.Broker, data string, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := b.Publish(ctx, name, hub.Publication{Data: []byte(data)}); err != nil {
			t.Fatal(err)
		}
	}
}

func awaitCount(ctx context.Context, t *testing.T, sink *hubtest.Sink, data string, n int) {
	t.Helper()
	if err := sink.Await(ctx, func(pubs map[string][]hub.Publication, _ int) bool { return count(pubs, data) >= n }); err != nil {
		t.Errorf("%d times %s: %v", n, data, err)
	}
}

func lostTimes(sink *hubtest.Sink) (n int) {
	_ = sink.Await(context.Background(), func(_ map[string][]hub.Publication, lost int) bool { n = lost; return true })
	return n
}

// A node receives what its clients watch and nothing else; nobody is told of a
// loss for that, and connections without use are closed.
func TestOnlyWhatIsWatched(t *testing.T) {
	t.Parallel()
	ctx, c := deadline(t, 20*time.Second), redisserver.StartCluster(t)
	b := clusterBroker(c, "")
	sink := hubtest.RunBroker(t, b)
	until(t, "healthy", func() bool { return b.Health() == nil })
	names := append(append(on(0, 3), on(1, 3)...), on(2, 3)...)
	subscribe(ctx, t, b, names...)
	subscriptions := func() (connections, channels int) {
		for i := range c.Addrs() {
			list := c.Do(i, "CLIENT", "LIST")
			for _, last := range []string{"ssubscribe", "sunsubscribe", "ping"} {
				connections += strings.Count(list, " cmd="+last+" ")
			}
			for n := range 10 {
				channels += n * strings.Count(list, fmt.Sprintf("ssub=%d ", n))
			}
		}
		return connections, channels
	}
	if connections, channels := subscriptions(); connections == 0 || connections > len(names) || channels != len(names) {
		t.Errorf("%d connections for %d channels", connections, channels)
	}
	if n := lostTimes(sink); n > 0 {
		t.Errorf("lost %d times", n)
	}
	unsubscribe := func(names ...string) {
		for _, name := range names {
			if err := b.Unsubscribe(ctx, name); err != nil {
				t.Fatal(err)
			}
		}
	}
	neighbour := sameSlot(names[0])
	subscribe(ctx, t, b, neighbour)
	unsubscribe(names...)
	until(t, "one channel", func() bool { _, channels := subscriptions(); return channels == 1 })
	publish(ctx, t, b, `"neighbour"`, neighbour)
	awaitCount(ctx, t, sink, `"neighbour"`, 1)
	unsubscribe(neighbour)
	until(t, "no connections", func() bool { connections, _ := subscriptions(); return connections == 0 })
	subscribe(ctx, t, b, names...)
	publish(ctx, t, b, `"again"`, names...)
	awaitCount(ctx, t, sink, `"again"`, len(names))
	if n := lostTimes(sink); n > 0 || b.Health() != nil {
		t.Errorf("lost %d times, %v", n, b.Health())
	}
}

// After a slot has moved its channels are received from the new master, the
// node is told that it may have missed something, and publications find their
// way although the publisher did not know.
func TestSlotMoves(t *testing.T) {
	t.Parallel()
	ctx, c := deadline(t, 20*time.Second), redisserver.StartCluster(t)
	publisher, b := clusterBroker(c, ""), clusterBroker(c, "")
	hubtest.RunBroker(t, publisher)
	sink := hubtest.RunBroker(t, b)
	moves, stays := on(0, 1)[0], on(2, 1)[0]
	until(t, "healthy", func() bool { return b.Health() == nil && publisher.Health() == nil })
	subscribe(ctx, t, b, moves, stays)
	publish(ctx, t, publisher, "0", moves, stays)
	awaitCount(ctx, t, sink, "0", 2)
	for round, to := range []int{1, 2, 0} {
		sessions := b.Stats().Sessions
		c.MoveSlots(to, redisbroker.SlotOf(moves))
		if err := sink.Await(ctx, func(_ map[string][]hub.Publication, lost int) bool { return lost > round }); err != nil {
			t.Fatal(err)
		}
		data := fmt.Sprint(round + 1)
		publish(ctx, t, publisher, data, moves, stays)
		awaitCount(ctx, t, sink, data, 2)
		if n := b.Stats().Sessions - sessions; n > 3 {
			t.Errorf("%d connections for one move", n)
		}
	}
	if n := publisher.Stats().Dropped; n > 0 {
		t.Errorf("%d dropped", n)
	}
}

// A master that takes commands and does not answer, and then one that is gone,
// hold nobody up who has to do with the others.
func TestOneMasterIsAway(t *testing.T) {
	t.Parallel()
	ctx, c := deadline(t, 20*time.Second), redisserver.StartCluster(t)
	b := clusterBroker(c, "")
	sink := hubtest.RunBroker(t, b)
	until(t, "healthy", func() bool { return b.Health() == nil })
	dead, living := on(1, 10), on(2, 10)
	subscribe(ctx, t, b, append(dead, living...)...)
	promptly := func(data string) {
		t.Helper()
		began := time.Now()
		for range 100 {
			publish(ctx, t, b, data, append(dead, living...)...)
		}
		err := sink.Await(ctx, func(pubs map[string][]hub.Publication, _ int) bool {
			n := 0
			for _, name := range living {
				n += count(map[string][]hub.Publication{name: pubs[name]}, data)
			}
			return n == 100*len(living)
		})
		if d := time.Since(began); err != nil || d > 800*time.Millisecond {
			t.Errorf("%s: after %v %v", data, d, err) // a connection is given up after a second
		}
	}
	c.Do(1, "CLIENT", "PAUSE", "2000", "ALL")
	promptly(`"hangs"`)
	c.Kill(1)
	promptly(`"killed"`)
	until(t, "degraded", func() bool { return b.Health() != nil })
	lost := lostTimes(sink)
	c.Restart(1)
	until(t, "healthy", func() bool { return b.Health() == nil })
	until(t, "told", func() bool { return lostTimes(sink) > lost })
	publish(ctx, t, b, `"back"`, append(dead, living...)...)
	awaitCount(ctx, t, sink, `"back"`, len(dead)+len(living))
	if n := b.Stats().Dropped; n == 0 {
		t.Error("nothing was dropped")
	}
}

// What is queued when Run ends is sent.
func TestEndsWithoutLoss(t *testing.T) {
	t.Parallel()
	s, c := redisserver.Start(t), redisserver.StartCluster(t)
	for name, newBroker := range map[string]func() *redisbroker.Broker{
		"server":  func() *redisbroker.Broker { return newBroker(s) },
		"cluster": func() *redisbroker.Broker { return clusterBroker(c, "") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := deadline(t, 20*time.Second)
			receiver, b := newBroker(), newBroker()
			sink := hubtest.RunBroker(t, receiver)
			until(t, "healthy", func() bool { return receiver.Health() == nil })
			names := append(on(0, 5), on(1, 5)...)
			subscribe(ctx, t, receiver, names...)
			running, stop := context.WithCancel(ctx)
			done := make(chan error)
			go func() { done <- b.Run(running, hubtest.NewSink()) }()
			until(t, "healthy", func() bool { return b.Health() == nil })
			for range 200 {
				publish(ctx, t, b, `"last"`, names...)
			}
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
			awaitCount(ctx, t, sink, `"last"`, 200*len(names))
			publish(ctx, t, b, `"late"`, names...)
			if n := b.Stats().Dropped; n != uint64(len(names)) {
				t.Errorf("%d dropped, want those that were published after the end", n)
			}
		})
	}
}
