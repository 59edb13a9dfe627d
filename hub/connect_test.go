package hub_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/wire"
)

func TestConnect(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, p wire.Protocol) {
		ctx := deadline(t)
		s := start(t, nil)
		guest := s.dial(ctx, t, p)
		r, err := guest.Connect(ctx, "")
		if err != nil {
			t.Fatal(err)
		}
		if r.Client == "" || r.Version != "v1" || r.Node != "n1" || r.Ping != 25 || !r.Pong || r.Expires || r.TTL != 0 || len(r.Subs) != 0 {
			t.Errorf("a guest got %+v", r)
		}
		user := s.dial(ctx, t, p)
		r, err = user.Connect(ctx, "ann/900")
		if err != nil {
			t.Fatal(err)
		}
		if !r.Expires || r.TTL != 900 || r.Subs["user:ann"] == nil || r.Subs["user:ann"].Recoverable {
			t.Errorf("a user got %+v", r)
		}
		if err := s.Publish(ctx, "user:ann", hub.Publication{Data: []byte(`{"type":"score.updated"}`)}); err != nil {
			t.Fatal(err)
		}
		push, err := user.Push(ctx)
		if err != nil || push.Channel != "user:ann" || push.Pub == nil || string(push.Pub.Data) != `{"type":"score.updated"}` {
			t.Errorf("on the server-side subscription: %+v, %v", push, err)
		}
	})
}

// What a connection must not do, and how it ends then.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	connect := &wire.Command{ID: 1, Connect: &wire.ConnectRequest{}}
	tests := []struct {
		name string
		send []*wire.Command
		code int
	}{
		{"not connect first", []*wire.Command{{ID: 1, RPC: &wire.RPCRequest{Method: "echo"}}}, 3501},
		{"connect twice", []*wire.Command{connect, {ID: 2, Connect: &wire.ConnectRequest{}}}, 3501},
		{"unasked pong", []*wire.Command{connect, {}}, 3501},
		{"send", []*wire.Command{connect, {Send: &wire.SendRequest{Data: []byte("1")}}}, 3508},
		{"subscribe to nothing", []*wire.Command{connect, {ID: 2, Subscribe: &wire.SubscribeRequest{}}}, 3501},
		{"unknown delta", []*wire.Command{connect, {ID: 2, Subscribe: &wire.SubscribeRequest{Channel: "c", Delta: "x"}}}, 3501},
		{"unsubscribe from nothing", []*wire.Command{connect, {ID: 2, Unsubscribe: &wire.UnsubscribeRequest{}}}, 3501},
		{"refresh without token", []*wire.Command{connect, {ID: 2, Refresh: &wire.RefreshRequest{}}}, 3501},
		{"refresh what does not expire", []*wire.Command{connect, {ID: 2, Refresh: &wire.RefreshRequest{Token: "ann"}}}, 3501},
		{"expired, and on", []*wire.Command{{ID: 1, Connect: &wire.ConnectRequest{Token: "ann/-1"}}, {ID: 2, Connect: &wire.ConnectRequest{}}}, 3501},
	}
	s := start(t, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			eachProtocol(t, func(t *testing.T, p wire.Protocol) {
				ctx := deadline(t)
				c := s.dial(ctx, t, p)
				if err := c.Send(ctx, tt.send...); err != nil {
					t.Fatal(err)
				}
				closedWith(ctx, t, c, tt.code)
			})
		})
	}
	t.Run("rubbish", func(t *testing.T) {
		for _, frame := range []string{"", " ", "{", "[]", `{"id":1}`, `{"rpc":{}}`, "\x00\xff"} {
			ctx := deadline(t)
			c := s.dial(ctx, t, wire.JSON)
			if err := c.SendFrame(ctx, []byte(frame)); err != nil {
				t.Fatal(err)
			}
			closedWith(ctx, t, c, 3501)
		}
	})
	t.Run("too much", func(t *testing.T) {
		ctx := deadline(t)
		c := s.dial(ctx, t, wire.JSON)
		_ = c.SendFrame(ctx, make([]byte, 64<<10+1)) // it may be cut while it is sent
		if _, err := c.Next(ctx); hubtest.CloseCode(err) != 1009 {
			t.Error(err)
		}
	})
}

// The Handler's errors, each in the client's words.
func TestHandlerErrors(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	s := start(t, func(o *hub.Options) { o.Handler = moody{} })
	c := s.connected(ctx, t, wire.JSON, "")
	for method, code := range map[string]uint32{"own": 1402, "panic": 100, "unknown": 100, "slow": 100} {
		_, err := c.RPC(ctx, method, nil)
		refused(t, err, code)
	}
	if s.Stats().HandlerPanics != 1 {
		t.Errorf("panics: %+v", s.Stats())
	}
	if _, err := c.RPC(ctx, "away", nil); err == nil {
		t.Error("answered")
	} else if hubtest.CloseCode(err) != 4500 {
		t.Log(err) // the push comes first
	}
	expired := s.dial(ctx, t, wire.JSON)
	_, err := expired.Connect(ctx, "expired")
	refused(t, err, 109)
	banned := s.dial(ctx, t, wire.JSON)
	if _, err := banned.Connect(ctx, "banned"); err == nil {
		t.Error("a banned user came in")
	}
}

type moody struct{ hub.Closed }

func (moody) Connect(_ context.Context, _ *hub.Client, r hub.ConnectRequest) (hub.ConnectReply, error) {
	switch r.Token {
	case "expired":
		return hub.ConnectReply{}, hub.ErrTokenExpired
	case "banned":
		return hub.ConnectReply{}, hub.DisconnectForce
	}
	return hub.ConnectReply{}, nil
}

func (moody) RPC(_ context.Context, _ *hub.Client, method string, _ []byte) ([]byte, error) {
	switch method {
	case "own":
		return nil, &hub.Error{Code: 1402, Message: "insufficient_funds"}
	case "panic":
		panic("at the disco")
	case "away":
		return nil, &hub.Disconnect{Code: 4500, Reason: "go away"}
	case "slow":
		return nil, context.DeadlineExceeded
	default:
		return nil, errors.New("secret")
	}
}

func TestStale(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s := start(t, nil)
		c := s.dial(ctx, t, wire.JSON)
		began := time.Now()
		closedWith(ctx, t, c, 3502)
		if d := time.Since(began); d < 10*time.Second || d > 11*time.Second {
			t.Errorf("after %v", d)
		}
	})
}

func TestPings(t *testing.T) {
	t.Parallel()
	for _, p := range []wire.Protocol{wire.JSON, wire.Protobuf} {
		synctest.Test(t, func(t *testing.T) {
			ctx := t.Context()
			s := start(t, nil)
			c := s.connected(ctx, t, p, "")
			c.KeepPings = true
			last := time.Now()
			for i := range 4 {
				if m, err := c.Next(ctx); err != nil || !m.Ping {
					t.Fatal(m, err)
				}
				d := time.Since(last)
				if d < 12500*time.Millisecond || d > 25*time.Second || i > 0 && d < 25*time.Second {
					t.Errorf("ping %d after %v", i, d)
				}
				last = time.Now()
				if err := c.Pong(ctx); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.Pong(ctx); err != nil {
				t.Fatal(err)
			}
			closedWith(ctx, t, c, 3501) // the second pong for one ping
		})
	}
}

func TestNoPong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s := start(t, nil)
		c := s.connected(ctx, t, wire.JSON, "")
		c.KeepPings = true
		if m, err := c.Next(ctx); err != nil || !m.Ping {
			t.Fatal(m, err)
		}
		pinged := time.Now()
		closedWith(ctx, t, c, 3012)
		if d := time.Since(pinged); d != 8*time.Second {
			t.Errorf("after %v", d)
		}
	})
}

// A client whose commands take long is pinged, and its pong counts.
func TestPongBesideSlowCommand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s := start(t, func(o *hub.Options) { o.Handler = sleepy{}; o.CommandTimeout = time.Hour })
		c := s.connected(ctx, t, wire.JSON, "")
		began := time.Now()
		if _, err := c.RPC(ctx, "sleep", nil); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(began); d < 5*time.Minute {
			t.Errorf("after %v", d)
		}
		// With more commands than may wait the node stops reading; a pong may lie behind them.
		var sending sync.WaitGroup
		sending.Go(func() {
			for i := range uint32(50) {
				if err := c.Send(ctx, &wire.Command{ID: 100 + i, RPC: &wire.RPCRequest{Method: "nap"}}); err != nil {
					t.Error(err)
				}
			}
		})
		c.KeepPings = true
		for want := uint32(100); want < 150; {
			m, err := c.Next(ctx)
			switch {
			case err == nil && m.Ping:
				sending.Go(func() { _ = c.Pong(ctx) })
			case err != nil || m.Reply == nil || m.Reply.ID != want:
				t.Fatal(want, m, err)
			default:
				want++
			}
		}
		sending.Wait()
	})
}

type sleepy struct{ hubtest.Open }

func (sleepy) RPC(_ context.Context, _ *hub.Client, method string, _ []byte) ([]byte, error) {
	if method == "sleep" {
		time.Sleep(5 * time.Minute)
	}
	time.Sleep(20 * time.Second)
	return nil, nil
}

func TestExpiryAndRefresh(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, p wire.Protocol) {
		synctest.Test(t, func(t *testing.T) {
			ctx := t.Context()
			s := start(t, func(o *hub.Options) { o.PingInterval = time.Hour }) // nobody reads while the test sleeps
			c := s.connected(ctx, t, p, "ann/60")
			began := time.Now()
			time.Sleep(70 * time.Second) // expired, in the grace
			r, err := c.Call(ctx, &wire.Command{Refresh: &wire.RefreshRequest{Token: "ann/-1"}})
			if err != nil || r.Error == nil || r.Error.Code != 110 {
				t.Fatalf("refresh with an expired token: %+v, %v", r, err)
			}
			r, err = c.Call(ctx, &wire.Command{Refresh: &wire.RefreshRequest{Token: "ann/100"}})
			if err != nil || r.Refresh == nil || r.Refresh.Client == "" || !r.Refresh.Expires || r.Refresh.TTL != 100 {
				t.Fatalf("refresh: %+v, %v", r, err)
			}
			closedWith(ctx, t, c, 3005)
			if d := time.Since(began); d < 195*time.Second || d > 196*time.Second {
				t.Errorf("after %v", d)
			}
		})
	})
}

func TestAdmission(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	n := hubtest.RunNode(t, hub.Options{Handler: hubtest.Open{}, MaxConnections: 1, Origins: []string{"app.example"}})
	srv := httptest.NewServer(n)
	defer srv.Close()
	dial := func(origin string) (*hubtest.Client, error) {
		h := http.Header{}
		if origin != "" {
			h.Set("Origin", origin)
		}
		return hubtest.Dial(ctx, srv.URL, hubtest.DialOptions{Header: h})
	}
	if _, err := dial("https://evil.example"); err == nil {
		t.Error("a foreign origin came in")
	}
	first, err := dial("https://app.example")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dial(""); err == nil {
		t.Error("one more than allowed came in")
	}
	if _, err := first.Connect(ctx, ""); err != nil {
		t.Fatal(err)
	}
	first.Close()
	for n.Stats().Clients > 0 {
		gosched()
	}
	again, err := dial(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
	if s := n.Stats(); s.Refused != 1 {
		t.Errorf("%+v", s)
	}
}

// The protocol can be chosen in the address, and pings can be WebSocket pings.
func TestAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s := start(t, nil)
		for _, query := range []string{"cf_protocol=protobuf", "format=protobuf&cf_protocol_version=v2"} {
			c := s.server.Dial(ctx, t, hubtest.DialOptions{Protocol: wire.Protobuf, NoSubprotocol: true, Query: query})
			if _, err := c.Connect(ctx, ""); err != nil {
				t.Error(query, err)
			}
			c.Close()
		}
		c := s.server.Dial(ctx, t, hubtest.DialOptions{NoSubprotocol: true, Query: "cf_ws_frame_ping_pong=true"})
		c.KeepPings = true
		r, err := c.Connect(ctx, "")
		if err != nil || r.Ping != 0 || r.Pong {
			t.Errorf("%+v, %v", r, err)
		}
		quiet, cancel := context.WithTimeout(ctx, 5*time.Minute)
		defer cancel()
		if m, err := c.Next(quiet); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("on a quiet connection came %+v, %v", m, err)
		}
	})
}
