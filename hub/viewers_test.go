package hub_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/wire"
)

// The number of viewers on all nodes reaches the subscribers within 5 s, at most once in 2 s.
func TestViewers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		broker := hub.NewMemoryBroker()
		node := func(name string) setup {
			return start(t, func(o *hub.Options) {
				o.Broker, o.Name, o.PingInterval = broker, name, time.Hour
				o.Occupancy = func(channel string, clients int) hub.Publication {
					return hub.Publication{Data: fmt.Appendf(nil, "%d", clients), Key: channel}
				}
			})
		}
		a, b := node("a"), node("b")
		watcher := a.subscribed(ctx, t, wire.JSON, "c")
		await(ctx, t, watcher, 1)
		others := make([]*hubtest.Client, 0, 30)
		for i := range 30 {
			s := a
			if i%2 == 0 {
				s = b
			}
			c := s.connected(ctx, t, wire.JSON, "")
			others = append(others, c)
			if err := c.Send(ctx, &wire.Command{ID: 1000, Subscribe: &wire.SubscribeRequest{Channel: "c"}}); err != nil {
				t.Fatal(err)
			}
			go func() { // somebody must read
				for {
					if _, err := c.Next(ctx); err != nil {
						return
					}
				}
			}()
		}
		began := time.Now()
		if messages := await(ctx, t, watcher, 31); messages > 3 || time.Since(began) > 5*time.Second {
			t.Errorf("%d messages in %v", messages, time.Since(began))
		}
		synctest.Wait()
		a.connected(ctx, t, wire.JSON, "ann")
		if n := a.Occupancy("user:ann"); n != 0 {
			t.Errorf("%d watch a channel that the server subscribed somebody to", n)
		}
		if n, m := a.Occupancy("c"), b.Occupancy("c"); n != 31 || m != 31 {
			t.Errorf("nodes count %d and %d", n, m)
		}
		for _, c := range others {
			c.Close()
		}
		began = time.Now()
		if messages := await(ctx, t, watcher, 1); messages > 3 || time.Since(began) > 5*time.Second {
			t.Errorf("%d messages in %v", messages, time.Since(began))
		}
		quiet, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		if p, err := watcher.Publication(quiet); err == nil {
			t.Errorf("told %s again", p.Data)
		}
	})
}

// await reads until the number comes and counts the messages.
func await(ctx context.Context, t *testing.T, c *hubtest.Client, want int) (messages int) {
	t.Helper()
	for {
		p, err := c.Publication(ctx)
		if err != nil {
			t.Fatal(err)
		}
		messages++
		if n, err := strconv.Atoi(string(p.Data)); err == nil && n == want {
			return messages
		}
	}
}
