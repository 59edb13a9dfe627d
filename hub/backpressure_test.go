package hub_test

import (
	"bytes"
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/wire"
)

// counting counts the commands that reach it; "big" has a large answer, "stuck" none.
type counting struct {
	hubtest.Open
	calls *atomic.Int64
}

func (h counting) RPC(ctx context.Context, _ *hub.Client, method string, _ []byte) ([]byte, error) {
	h.calls.Add(1)
	if method == "stuck" {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return append(append([]byte{'"'}, bytes.Repeat([]byte("x"), 400<<10)...), '"'), nil
}

// sendAll sends commands until the peer stops reading, and returns how many it took.
func sendAll(ctx context.Context, c *hubtest.Client, n int, method string) (sent *atomic.Int64, done chan struct{}) {
	sent, done = new(atomic.Int64), make(chan struct{})
	go func() {
		defer close(done)
		for i := range n {
			if c.Send(ctx, &wire.Command{ID: uint32(i) + 10, RPC: &wire.RPCRequest{Method: method}}) != nil {
				return
			}
			sent.Add(1)
		}
	}()
	return sent, done
}

// A client whose commands are not done is not read from any further.
func TestCommandsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		var calls atomic.Int64
		s := start(t, func(o *hub.Options) { o.Handler = counting{calls: &calls} })
		c := s.connected(ctx, t, wire.JSON, "")
		sent, done := sendAll(ctx, c, 100, "stuck")
		synctest.Wait()
		if n := sent.Load(); n < 33 || n > 36 || calls.Load() != 1 {
			t.Errorf("%d commands were taken, %d handled", n, calls.Load())
		}
		c.Close()
		<-done
	})
}

// A client that asks for much and reads nothing is answered no further.
func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		var calls atomic.Int64
		s := start(t, func(o *hub.Options) { o.Handler = counting{calls: &calls} })
		c := s.connected(ctx, t, wire.JSON, "")
		_, done := sendAll(ctx, c, 30, "big")
		synctest.Wait()
		if n := calls.Load(); n < 2 || n > 4 {
			t.Errorf("%d commands were answered", n)
		}
		<-done
		for want := uint32(10); want < 40; want++ {
			if m, err := c.Next(ctx); err != nil || m.Reply == nil || m.Reply.ID != want {
				t.Fatalf("await reply %d: %v", want, err)
			}
		}
	})
}
