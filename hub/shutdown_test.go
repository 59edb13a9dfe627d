package hub_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/wire"
)

// Clients are closed evenly over the drain time, new ones are refused.
func TestShutdown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s := start(t, nil)
		const clients = 50
		began := time.Now()
		closed := make(chan time.Duration, clients)
		for range clients {
			c := s.connected(ctx, t, wire.JSON, "")
			go func() {
				closedWith(ctx, t, c, 3001)
				closed <- time.Since(began)
			}()
		}
		done := make(chan error, 1)
		go func() { done <- s.Shutdown(ctx, 10*time.Second) }()
		time.Sleep(time.Second)
		if c, err := hubtest.Dial(ctx, "http://pipe/", hubtest.DialOptions{HTTP: s.server.HTTP()}); err == nil {
			c.Close()
			t.Error("a node that shuts down took a client")
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		var perSecond [11]int
		for range clients {
			perSecond[int((<-closed).Seconds())]++
		}
		for i, n := range perSecond {
			if n > 7 || n < 3 && i < 10 {
				t.Errorf("closed in each second: %v", perSecond)
				break
			}
		}
	})
}

// A command that is under way is answered before the connection is closed.
func TestShutdownAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s := start(t, func(o *hub.Options) { o.Handler = sleepy{} })
		c := s.connected(ctx, t, wire.JSON, "")
		if err := c.Send(ctx, &wire.Command{ID: 7, RPC: &wire.RPCRequest{Method: "nap"}}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		done := make(chan error, 1)
		go func() { done <- s.Shutdown(ctx, 0) }()
		if m, err := c.Next(ctx); err != nil || m.Reply == nil || m.Reply.ID != 7 || m.Reply.Error != nil {
			t.Errorf("%+v, %v", m, err)
		}
		closedWith(ctx, t, c, 3001)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A shutdown that has no time left says so, and Run ends all the same.
func TestShutdownInHaste(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s := start(t, func(o *hub.Options) { o.Handler = stuck{} })
		c := s.connected(ctx, t, wire.JSON, "")
		if err := c.Send(ctx, &wire.Command{ID: 7, RPC: &wire.RPCRequest{Method: "nap"}}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		hasty, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if err := s.Shutdown(hasty, 0); err == nil {
			t.Error("shut down with a command under way")
		}
	})
}

// stuck waits for its context.
type stuck struct{ hubtest.Open }

func (stuck) RPC(ctx context.Context, _ *hub.Client, _ string, _ []byte) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
