package redisbroker_test

import (
	"bufio"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"lifecircle/hub/hubtest"
	"lifecircle/hub/hubtest/redisserver"
	"lifecircle/hub/redisbroker"
)

// A slot that no master has is told, though nobody here watches it, and is
// found again.
func TestSlotWithoutMaster(t *testing.T) {
	t.Parallel()
	ctx, c := deadline(t, 20*time.Second), redisserver.StartCluster(t)
	name := on(0, 1)[0]
	slot := strconv.Itoa(redisbroker.SlotOf(name))
	for i := range c.Addrs() { // its owner first: the others believe him
		c.Do(i, "CLUSTER", "DELSLOTS", slot)
	}
	b := clusterBroker(c, "")
	sink := hubtest.RunBroker(t, b)
	until(t, "degraded", func() bool {
		err := b.Health()
		return err != nil && strings.Contains(err.Error(), "no master")
	})
	c.Do(0, "CLUSTER", "ADDSLOTS", slot)
	until(t, "healthy", func() bool { return b.Health() == nil })
	subscribe(ctx, t, b, name)
	publish(ctx, t, b, `"found"`, name)
	awaitCount(ctx, t, sink, `"found"`, 1)
}

// excommunicate makes the first master and the others forget each other, and
// gives the second what the first had; the first knows nothing of that.
func excommunicate(c *redisserver.Cluster) {
	var ids []string
	for i := range c.Addrs() {
		ids = append(ids, c.Do(i, "CLUSTER", "MYID"))
	}
	for _, other := range []int{1, 2} {
		c.Do(0, "CLUSTER", "FORGET", ids[other])
		c.Do(other, "CLUSTER", "FORGET", ids[0])
	}
	c.Do(1, "CLUSTER", "ADDSLOTSRANGE", "0", strconv.Itoa(16384/3-1))
}

// One who knows only a part of the Cluster is not believed while another knows
// all of it.
func TestAServerThatKnowsAPart(t *testing.T) {
	t.Parallel()
	ctx, c := deadline(t, 20*time.Second), redisserver.StartCluster(t)
	excommunicate(c)
	b := clusterBroker(c, "") // asks the first one first
	sink := hubtest.RunBroker(t, b)
	until(t, "healthy", func() bool { return b.Health() == nil })
	names := []string{on(0, 1)[0], on(1, 1)[0], on(2, 1)[0]}
	subscribe(ctx, t, b, names...)
	publish(ctx, t, b, `"everywhere"`, names...)
	awaitCount(ctx, t, sink, `"everywhere"`, len(names))
	if n := b.Stats().Dropped; n > 0 {
		t.Errorf("%d dropped", n)
	}
}

// A master that lost its slots without noticing goes on to serve those who
// subscribed there, and has nothing for them: they go where the slots are.
func TestLeavesAMasterThatIsNoneAnyMore(t *testing.T) {
	t.Parallel()
	ctx, c := deadline(t, 20*time.Second), redisserver.StartCluster(t)
	b := clusterBroker(c, "")
	sink := hubtest.RunBroker(t, b)
	until(t, "healthy", func() bool { return b.Health() == nil })
	name := on(0, 1)[0]
	subscribe(ctx, t, b, name)
	before := lostTimes(sink)
	excommunicate(c)
	b.Reload()
	until(t, "told", func() bool { return lostTimes(sink) > before })
	publisher := clusterBroker(c, "")
	hubtest.RunBroker(t, publisher)
	until(t, "healthy", func() bool { return publisher.Health() == nil })
	publish(ctx, t, publisher, `"moved"`, name)
	awaitCount(ctx, t, sink, `"moved"`, 1)
}

// What waits until the Cluster is known is bounded in bytes, too.
func TestWhatWaitsForTheClusterIsBounded(t *testing.T) {
	t.Parallel()
	b := redisbroker.NewCluster(&redis.Options{}, []string{"127.0.0.1:1"}, "", slog.New(slog.DiscardHandler))
	large := strings.Repeat("x", 1<<20)
	for range 9 {
		publish(t.Context(), t, b, large, "c")
	}
	if n := b.Stats().Dropped; n == 0 || n > 2 {
		t.Errorf("%d of 9 MiB were dropped, want what is beyond 8", n)
	}
}

// A server that answers what it should not costs a publication, not the node.
func TestAStrangeAnswer(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var tasks sync.WaitGroup
	t.Cleanup(tasks.Wait)
	t.Cleanup(func() { _ = l.Close() })
	tasks.Go(func() { //nolint:contextcheck // ends with its listener
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			tasks.Go(func() {
				defer func() { _ = c.Close() }()
				in := bufio.NewReader(c)
				for {
					if _, err := readValue(in); err != nil {
						return
					}
					if _, err := c.Write([]byte("-MOVED 1 127.0.0.1:1\r\n")); err != nil {
						return
					}
				}
			})
		}
	})
	b := redisbroker.New(&redis.Options{Addr: l.Addr().String()}, "", slog.New(slog.DiscardHandler))
	hubtest.RunBroker(t, b)
	publish(t.Context(), t, b, `"x"`, "c")
	until(t, "dropped", func() bool { return b.Stats().Dropped > 0 })
}

// A node that starts while the whole Cluster is away works and says what is
// amiss; it ends in time, too.
func TestClusterIsAwayAtTheStart(t *testing.T) {
	t.Parallel()
	ctx, c := deadline(t, 40*time.Second), redisserver.StartCluster(t)
	for i := range c.Addrs() {
		c.Kill(i)
	}
	b := clusterBroker(c, "")
	sink := hubtest.RunBroker(t, b)
	names := append(append(on(0, 2), on(1, 2)...), on(2, 2)...)
	began := time.Now()
	subscribe(ctx, t, b, names...)
	publish(ctx, t, b, `"lost"`, names...)
	if d := time.Since(began); d > 5*time.Second || b.Health() == nil {
		t.Errorf("after %v: %v", d, b.Health())
	}
	for i := range c.Addrs() {
		c.Restart(i)
	}
	until(t, "healthy", func() bool { return b.Health() == nil })
	until(t, "told", func() bool { return lostTimes(sink) > 0 })
	subscribe(ctx, t, b, names...) // waits until all stand
	publish(ctx, t, b, `"back"`, names...)
	awaitCount(ctx, t, sink, `"back"`, len(names))
}
