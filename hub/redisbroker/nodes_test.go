package redisbroker_test

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/hubtest/redisserver"
	"lifecircle/hub/redisbroker"
	"lifecircle/hub/wire"
)

const (
	events   = 600 // in all
	channels = 6   // they share the events
	perLog   = events / channels
	latest   = 2 * time.Second // after its publication everybody has an event
)

// Redis is only a doorbell: whatever happens to it, everybody sees every event
// once, in order, at most 2 s late, and new subscriptions are made meanwhile.
func TestNodesOutliveRedis(t *testing.T) {
	t.Parallel()
	run := func(name string, accident func(s *redisserver.Server, w *world) (newBroker func() *redisbroker.Broker)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, w := redisserver.Start(t), newWorld(t)
			w.play(accident(s, w))
		})
	}
	run("gone and back", func(s *redisserver.Server, w *world) func() *redisbroker.Broker {
		w.at(150, s.Kill)
		w.at(250, func() { w.expect("degraded", degraded) })
		w.at(400, s.Restart)
		w.end = func() {
			for i, n := range w.nodes {
				if st := n.Stats(); st.GapsFilled == 0 || st.BrokerLost < 2 {
					t.Errorf("node %d: %+v", i, st)
				}
			}
		}
		return func() *redisbroker.Broker { return newBroker(s) }
	})
	run("flushed", func(s *redisserver.Server, w *world) func() *redisbroker.Broker {
		w.at(200, func() { s.Do("FLUSHALL"); s.Do("SCRIPT", "FLUSH") })
		return func() *redisbroker.Broker { return newBroker(s) }
	})
	run("1 % of messages dropped", func(s *redisserver.Server, w *world) func() *redisbroker.Broker {
		p := w.dropping()
		return func() *redisbroker.Broker {
			return redisbroker.New(&redis.Options{Network: "unix", Addr: s.Socket(), Dialer: p.dial}, "", slog.New(slog.DiscardHandler))
		}
	})
}

// The same with a Cluster.
func TestNodesOutliveCluster(t *testing.T) {
	t.Parallel()
	run := func(name string, accident func(c *redisserver.Cluster, w *world) (newBroker func() *redisbroker.Broker)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, w := redisserver.StartCluster(t), newWorld(t)
			w.play(accident(c, w))
		})
	}
	run("slots are moved", func(c *redisserver.Cluster, w *world) func() *redisbroker.Broker {
		var moved []int
		for ch := range channels {
			moved = append(moved, redisbroker.SlotOf(channelName(ch)))
		}
		for i, when := range []int{100, 250, 400} {
			w.at(when, func() { c.MoveSlots(i, moved...) })
		}
		return func() *redisbroker.Broker { return clusterBroker(c, "") }
	})
	run("a master is gone and back", func(c *redisserver.Cluster, w *world) func() *redisbroker.Broker {
		w.at(150, func() { c.Kill(1) })
		w.at(250, func() { w.expect("degraded", degraded) })
		w.at(450, func() { c.Restart(1) })
		return func() *redisbroker.Broker { return clusterBroker(c, "") }
	})
	run("flushed", func(c *redisserver.Cluster, w *world) func() *redisbroker.Broker {
		w.at(200, func() {
			for i := range c.Addrs() {
				c.Do(i, "FLUSHALL")
			}
		})
		return func() *redisbroker.Broker { return clusterBroker(c, "") }
	})
	run("1 % of messages dropped", func(c *redisserver.Cluster, w *world) func() *redisbroker.Broker {
		p := w.dropping()
		return func() *redisbroker.Broker {
			return redisbroker.NewCluster(&redis.Options{Dialer: p.dial}, c.Addrs(), "", slog.New(slog.DiscardHandler))
		}
	})
}

func healthy(b *redisbroker.Broker) bool  { return b.Health() == nil }
func degraded(b *redisbroker.Broker) bool { return b.Health() != nil }

// world is two nodes with viewers of every channel on both.
type world struct {
	t         *testing.T
	ctx       context.Context
	log       *hubtest.Log
	brokers   []*redisbroker.Broker
	nodes     []*hub.Node
	servers   []*hubtest.Server
	viewers   sync.WaitGroup
	published [channels][perLog + 1]atomic.Int64 // nanoseconds, by offset
	accidents map[int]func()                     // by event
	end       func()
}

func newWorld(t *testing.T) *world {
	return &world{t: t, ctx: deadline(t, 30*time.Second), log: hubtest.NewLog("e"), accidents: make(map[int]func()), end: func() {}}
}

// at has something happen before an event.
func (w *world) at(event int, happens func()) { w.accidents[event] = happens }

// dropping are proxies that have dropped something when all is over.
func (w *world) dropping() *proxies {
	p := newProxies(w.t, 100)
	w.end = func() {
		if p.dropped.Load() == 0 {
			w.t.Error("nothing was dropped")
		}
	}
	return p
}

// play publishes all events, has everything happen and waits until everybody has everything.
func (w *world) play(newBroker func() *redisbroker.Broker) {
	for i := range 2 {
		b := newBroker()
		n := hubtest.RunNode(w.t, hub.Options{Log: w.log, Broker: b, Handler: hubtest.Open{}, Name: fmt.Sprint("n", i), Logger: slog.New(slog.DiscardHandler)})
		w.brokers, w.nodes, w.servers = append(w.brokers, b), append(w.nodes, n), append(w.servers, hubtest.Listen(w.t, n))
	}
	for ch := range channels {
		w.view(ch, 0, 0)
		w.view(ch, 0, 1)
	}
	w.expect("healthy", healthy)
	for i := range events {
		if happens := w.accidents[i]; happens != nil {
			happens()
		}
		if i == events/2 {
			w.view(0, 10, 0)
			w.view(1, uint64(i/channels)-1, 1)
		}
		ch := i % channels
		p := w.log.Append(channelName(ch), strconv.Itoa(i))
		w.published[ch][p.Offset].Store(time.Now().UnixNano())
		if err := w.nodes[i/channels%2].Publish(w.ctx, channelName(ch), p); err != nil {
			w.t.Fatal(err)
		}
		time.Sleep(4 * time.Millisecond) // the pace of the events
	}
	w.viewers.Wait()
	w.expect("healthy", healthy)
	for i, n := range w.nodes {
		if st := n.Stats(); st.Resets > 0 || st.GapErrors > 0 {
			w.t.Errorf("node %d: %+v", i, st)
		}
	}
	w.end()
}

// expect waits until something is true of all brokers.
func (w *world) expect(what string, is func(*redisbroker.Broker) bool) {
	for i, b := range w.brokers {
		for !is(b) {
			select {
			case <-w.ctx.Done():
				w.t.Fatalf("broker %d is not %s: %v", i, what, b.Health())
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
}

func channelName(ch int) string { return fmt.Sprint("c", ch) }

// view has somebody read a channel from an offset to the end.
func (w *world) view(ch int, from uint64, node int) {
	c := w.servers[node].Dial(w.ctx, w.t, hubtest.DialOptions{Protocol: wire.Protocol(node)})
	w.viewers.Go(func() {
		if err := w.watch(c, ch, from); err != nil {
			w.t.Errorf("viewer of channel %d from %d on node %d: %v", ch, from, node, err)
		}
	})
}

func (w *world) watch(c *hubtest.Client, ch int, from uint64) error {
	if _, err := c.Connect(w.ctx, ""); err != nil {
		return err
	}
	began := time.Now()
	r, err := c.Recover(w.ctx, channelName(ch), from, "e")
	if err != nil {
		return err
	}
	if d := time.Since(began); d > latest || !r.Recovered {
		return fmt.Errorf("recovered %v after %v", r.Recovered, d)
	}
	for seen := from + uint64(len(r.Publications)); seen < perLog; seen++ {
		p, err := c.Publication(w.ctx)
		if err != nil {
			return fmt.Errorf("after %d: %w", seen, err)
		}
		if p.Offset != seen+1 {
			return fmt.Errorf("after %d came %d", seen, p.Offset)
		}
		at := w.published[ch][p.Offset].Load() // 0: just about to be written
		if late := time.Since(time.Unix(0, at)); at > 0 && late > latest {
			return fmt.Errorf("%d came %v late", p.Offset, late)
		}
	}
	return nil
}
