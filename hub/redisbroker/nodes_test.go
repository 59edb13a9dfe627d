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

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/hubtest/redisserver"
	"lifecircle/hub/wire"
)

// Redis is only a doorbell: it is killed, away for a while, and comes back
// empty; everybody sees every event once, in order, at most 2 s late, and new
// subscriptions are made meanwhile.
func TestNodesOutliveRedis(t *testing.T) {
	t.Parallel()
	ctx := deadline(t, 30*time.Second)
	server := redisserver.Start(t)
	log := hubtest.NewLog("e")
	nodes := make([]*hub.Node, 2)
	servers := make([]*hubtest.Server, 2)
	for i := range nodes {
		nodes[i] = hubtest.RunNode(t, hub.Options{
			Log: log, Broker: newBroker(server), Handler: hubtest.Open{}, Name: fmt.Sprint("n", i), Logger: slog.New(slog.DiscardHandler),
		})
		servers[i] = hubtest.Listen(t, nodes[i])
	}
	const events = 800
	published := make([]atomic.Int64, events+1) // nanoseconds, by offset
	var viewers sync.WaitGroup
	view := func(from uint64, node int) {
		c := servers[node].Dial(ctx, t, hubtest.DialOptions{Protocol: wire.Protocol(node)})
		viewers.Go(func() {
			if err := watch(ctx, c, from, published); err != nil {
				t.Errorf("viewer from %d on node %d: %v", from, node, err)
			}
		})
	}
	for i := range 6 {
		view(0, i%2)
	}
	for i := range events {
		switch i {
		case 200:
			server.Kill()
		case 350:
			view(100, 0)
			view(340, 1)
		case 500:
			server.Restart()
		}
		p := log.Append("c", strconv.Itoa(i))
		published[p.Offset].Store(time.Now().UnixNano())
		if err := nodes[i%2].Publish(ctx, "c", p); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	viewers.Wait()
	for i, n := range nodes {
		if st := n.Stats(); st.GapsFilled == 0 || st.BrokerLost < 2 || st.Resets > 0 {
			t.Errorf("node %d: %+v", i, st)
		}
	}
}

// watch reads from an offset to the end.
func watch(ctx context.Context, c *hubtest.Client, from uint64, published []atomic.Int64) error {
	if _, err := c.Connect(ctx, ""); err != nil {
		return err
	}
	began := time.Now()
	r, err := c.Recover(ctx, "c", from, "e")
	if err != nil {
		return err
	}
	if d := time.Since(began); d > 1500*time.Millisecond || !r.Recovered {
		return fmt.Errorf("recovered %v after %v", r.Recovered, d)
	}
	seen := from + uint64(len(r.Publications))
	for int(seen) < len(published)-1 {
		p, err := c.Publication(ctx)
		if err != nil {
			return err
		}
		if p.Offset != seen+1 {
			return fmt.Errorf("after %d came %d", seen, p.Offset)
		}
		seen = p.Offset
		if at := published[seen].Load(); at > 0 && time.Since(time.Unix(0, at)) > 2*time.Second {
			return fmt.Errorf("%d came %v late", seen, time.Since(time.Unix(0, at)))
		}
	}
	return nil
}
