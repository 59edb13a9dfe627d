package hub_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/wire"
)

// fromQuery makes clients come from where they say.
func fromQuery(o *hub.Options) {
	o.RemoteAddr = func(r *http.Request) string { return r.URL.Query().Get("from") }
}

func (s setup) dialFrom(ctx context.Context, t *testing.T, address string) *hubtest.Client {
	t.Helper()
	return s.server.Dial(ctx, t, hubtest.DialOptions{Query: "from=" + address})
}

// knock asks for a socket without wanting one: 426 means that there is room.
func (s setup) knock(ctx context.Context, t *testing.T, address string) (status int, retryAfter string) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://pipe/?from="+address, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.server.HTTP().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = a.Body.Close()
	return a.StatusCode, a.Header.Get("Retry-After")
}

// await waits until the node's counters are so.
func (s setup) await(ctx context.Context, t *testing.T, so func(hub.Stats) bool) {
	t.Helper()
	for !so(s.Stats()) {
		if ctx.Err() != nil {
			t.Fatalf("still %+v", s.Stats())
		}
		gosched()
	}
}

func TestConnectionsOfAnAddress(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	s := start(t, func(o *hub.Options) { fromQuery(o); o.MaxAddressConnections = 2 })
	first := s.dialFrom(ctx, t, "2001:db8::1")
	second := s.dialFrom(ctx, t, "2001:db8::2:2")
	if status, wait := s.knock(ctx, t, "2001:db8::3"); status != http.StatusTooManyRequests || wait == "" {
		t.Errorf("the third of a /64: %d, Retry-After %q", status, wait)
	}
	for _, other := range []string{"2001:db8:0:1::1", "192.0.2.1", "::ffff:192.0.2.1", "@"} {
		if status, _ := s.knock(ctx, t, other); status != http.StatusUpgradeRequired {
			t.Errorf("%s has room, but is answered %d", other, status)
		}
	}
	v4, mapped := s.dialFrom(ctx, t, "192.0.2.1"), s.dialFrom(ctx, t, "::ffff:192.0.2.1")
	if status, _ := s.knock(ctx, t, "192.0.2.1"); status != http.StatusTooManyRequests {
		t.Errorf("one address in two forms counts as two: %d", status)
	}
	if got := s.Stats(); got.Addresses != 2 || got.Refused != 2 {
		t.Errorf("two addresses, two refused: %+v", got)
	}
	first.Close()
	s.await(ctx, t, func(n hub.Stats) bool { return n.Connecting == 3 })
	if status, _ := s.knock(ctx, t, "2001:db8::3"); status != http.StatusUpgradeRequired {
		t.Errorf("after one left: %d", status)
	}
	for _, c := range []*hubtest.Client{second, v4, mapped} {
		c.Close()
	}
	s.await(ctx, t, func(n hub.Stats) bool { return n.Addresses == 0 && n.Connecting == 0 }) // nothing is remembered
}

func TestConnectionsOfAUser(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, p wire.Protocol) {
		ctx := deadline(t)
		s := start(t, func(o *hub.Options) { o.MaxUserConnections = 2 })
		first := s.connected(ctx, t, p, "ann")
		for _, token := range []string{"ann", "bob", "", "", ""} { // guests are nobody's
			s.connected(ctx, t, p, token)
		}
		third := s.dial(ctx, t, p)
		if err := third.Send(ctx, &wire.Command{ID: 1, Connect: &wire.ConnectRequest{Token: "ann"}}); err != nil {
			t.Fatal(err)
		}
		closedWith(ctx, t, third, 3504)
		before := s.Stats().Clients
		first.Close()
		s.await(ctx, t, func(n hub.Stats) bool { return n.Clients < before })
		s.connected(ctx, t, p, "ann")
	})
}

// A handshake is under way until the client has connected, or is gone.
func TestHandshakesUnderWay(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	s := start(t, func(o *hub.Options) { o.MaxHandshakes = 2 })
	first, second := s.dial(ctx, t, wire.JSON), s.dial(ctx, t, wire.JSON)
	if status, wait := s.knock(ctx, t, ""); status != http.StatusServiceUnavailable || wait == "" {
		t.Errorf("the third: %d, Retry-After %q", status, wait)
	}
	if _, err := first.Connect(ctx, ""); err != nil {
		t.Fatal(err)
	}
	s.await(ctx, t, func(n hub.Stats) bool { return n.Connecting == 1 })
	s.dial(ctx, t, wire.JSON)
	second.Close()
	s.await(ctx, t, func(n hub.Stats) bool { return n.Connecting == 1 })
	hopeless := s.dial(ctx, t, wire.JSON)
	if _, err := hopeless.Connect(ctx, "ann/-1"); err == nil { // it may read why; its place stays taken
		t.Fatal("connected with an expired token")
	}
	if status, _ := s.knock(ctx, t, ""); status != http.StatusServiceUnavailable {
		t.Errorf("a client that was refused has not connected, but there is room: %d", status)
	}
	hopeless.Close()
	first.Close()
	s.await(ctx, t, func(n hub.Stats) bool { return n.Connecting == 1 && n.Clients == 1 })
}

func TestFullNode(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	s := start(t, func(o *hub.Options) { o.MaxConnections = 1 })
	first := s.connected(ctx, t, wire.JSON, "")
	if status, wait := s.knock(ctx, t, ""); status != http.StatusServiceUnavailable || wait == "" {
		t.Errorf("beyond the limit: %d, Retry-After %q", status, wait)
	}
	first.Close()
	s.await(ctx, t, func(n hub.Stats) bool { return n.Clients == 0 })
	s.connected(ctx, t, wire.JSON, "")
}

// ask sends n commands, one after the other's answer, a gap apart, and counts those that were done.
func ask(ctx context.Context, t *testing.T, c *hubtest.Client, n int, gap time.Duration) (done int) {
	t.Helper()
	for range n {
		_, err := c.RPC(ctx, "echo", []byte("1"))
		switch {
		case err == nil:
			done++
		case hubtest.ErrorCode(err) != 111:
			t.Fatal(err)
		}
		time.Sleep(gap)
	}
	return done
}

// A client may ask CommandBurst times at once and CommandRate times a second.
func TestPaceOfCommands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s := start(t, func(o *hub.Options) { o.CommandRate, o.CommandBurst = 10, 5 })
		c := s.connected(ctx, t, wire.JSON, "") // one of the five
		if done := ask(ctx, t, c, 6, 0); done != 4 {
			t.Errorf("%d at once were done, want 4 beside connect", done)
		}
		time.Sleep(time.Second)
		if done := ask(ctx, t, c, 100, time.Second/10); done != 100 {
			t.Errorf("%d of 100 at the rate were done", done)
		}
		time.Sleep(time.Second)
		if done := ask(ctx, t, c, 400, time.Second/40); done < 50 || done > 110 {
			t.Errorf("%d of 400 in 10 s at 4 times the rate were done", done) // a few less than the rate, and the burst
		}
		if done := ask(ctx, t, s.connected(ctx, t, wire.JSON, ""), 4, 0); done != 4 {
			t.Errorf("another client was held to account: %d", done)
		}
	})
}

// Who does not listen to 111 is cut off, and may come back later.
func TestFloodOfCommands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s := start(t, func(o *hub.Options) { o.CommandRate, o.CommandBurst = 10, 5 })
		c := s.connected(ctx, t, wire.Protobuf, "")
		go func() {
			for id := range uint32(1000) {
				if c.Send(ctx, &wire.Command{ID: id + 2, RPC: &wire.RPCRequest{Method: "echo", Data: []byte("1")}}) != nil {
					return
				}
			}
		}()
		closedWith(ctx, t, c, 3013)
		if n := s.Stats(); n.CommandsAnswered > 6 || n.CommandsRefused < 30 {
			t.Errorf("a client was cut without many refusals before: %+v", n)
		}
	})
}
