package hub_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/wire"
)

// A message may be as long as the limit says, whatever comes right behind it.
func TestLongestMessage(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	s := start(t, nil)
	dial := s.server.HTTP().Transport.(*http.Transport).DialContext //nolint:forcetypeassert // as Listen made it
	var conn net.Conn
	o := hubtest.DialOptions{HTTP: &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		var err error
		conn, err = dial(ctx, network, addr)
		return conn, err
	}}}}
	c, err := hubtest.Dial(ctx, "http://pipe/", o)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Connect(ctx, ""); err != nil {
		t.Fatal(err)
	}
	const limit = 64 << 10
	call := func(id, size int) []byte {
		text := fmt.Sprintf(`{"id":%d,"rpc":{"method":"none","data":""}}`, id)
		return bytes.Replace([]byte(text), []byte(`""`), append(append([]byte{'"'}, bytes.Repeat([]byte("x"), size-len(text))...), '"'), 1)
	}
	long := binary.BigEndian.AppendUint64([]byte{0x81, 0x80 | 127}, limit)
	long = append(append(long, 0, 0, 0, 0), call(10, limit)...)
	next := append([]byte{0x81, 0x80 | 126, 1, 0, 0, 0, 0, 0}, call(11, 256)...)
	go func() { // a pipe's write is what the other end reads
		_, _ = conn.Write(long[:len(long)-1])
		_, _ = conn.Write(append(long[len(long)-1:], next...))
	}()
	for id := uint32(10); id <= 11; id++ {
		m, err := c.Next(ctx)
		if err != nil || m.Reply == nil || m.Reply.ID != id {
			t.Fatalf("reply %d: %+v, %v", id, m, err)
		}
	}
}

// unbounded is a connection that cannot be given a buffer.
type unbounded struct{ net.Conn }

func (unbounded) SetWriteBuffer(int) error { return errors.New("not possible") }

type unboundedListener struct{ net.Listener }

func (l unboundedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return unbounded{conn}, err
}

// A connection whose handshake fails after it was taken from the HTTP server is closed.
func TestFailedHandshakeIsClosed(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	srv := httptest.NewUnstartedServer(hubtest.RunNode(t, hub.Options{Handler: hubtest.Open{}}))
	srv.Listener = unboundedListener{srv.Listener}
	srv.Start()
	defer srv.Close()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	until, _ := ctx.Deadline()
	_ = conn.SetDeadline(until)
	_, _ = io.WriteString(conn, rawHandshake)
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Errorf("it was left open: %v", err)
	}
}

// Under overload an RPC is answered 111 before anything is done for it; other commands go on.
func TestOverloadedNodeRefusesRPCs(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	var calls atomic.Int64
	var overloaded atomic.Bool
	s := start(t, func(o *hub.Options) {
		o.Handler, o.Overloaded = counting{calls: &calls}, overloaded.Load
	})
	c := s.connected(ctx, t, wire.JSON, "")
	overloaded.Store(true)
	_, err := c.RPC(ctx, "big", nil)
	refused(t, err, 111)
	if _, err := c.Subscribe(ctx, "c"); err != nil {
		t.Error(err)
	}
	overloaded.Store(false)
	if _, err := c.RPC(ctx, "big", nil); err != nil || calls.Load() != 1 {
		t.Errorf("%d calls, %v", calls.Load(), err)
	}
}

// What a client sends to an overloaded node behind a refused command waits in
// its socket until the refusal is written; all is answered, in its order.
func TestRefusedClientsRest(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	var asked, early atomic.Int64
	var overloaded atomic.Bool
	first := make(chan struct{})
	var s tcp
	s = startTCP(t, func(o *hub.Options) {
		o.Overloaded = func() bool {
			if !overloaded.Load() {
				return false
			}
			switch n := asked.Add(1); {
			case n == 1:
				close(first)
			case n == 2 && s.Stats().QueueBytes > 0: // the first answer
				early.Add(1)
			}
			return true
		}
	})
	c := s.join(ctx, t, hubtest.DialOptions{}, nil)
	send := func(id uint32) {
		if err := c.Send(ctx, &wire.Command{ID: id, RPC: &wire.RPCRequest{Method: "echo", Data: []byte("1")}}); err != nil {
			t.Fatal(err)
		}
	}
	overloaded.Store(true)
	send(10)
	<-first
	const more = 30
	for id := range uint32(more) {
		send(11 + id)
	}
	for want := uint32(10); want <= 10+more; want++ {
		if m, err := c.Next(ctx); err != nil || m.Reply == nil || m.Reply.ID != want || m.Reply.Error == nil || m.Reply.Error.Code != 111 {
			t.Fatalf("await refusal %d: %+v, %v", want, m, err)
		}
	}
	if early.Load() > 0 {
		t.Error("the second command was read before the first refusal was written")
	}
}

// Commands of one client are done one after the other. What waits behind one
// when the node becomes overloaded is refused when its turn comes, not done.
func TestOverloadedNodeRefusesWhatWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		var calls atomic.Int64
		var overloaded atomic.Bool
		s := start(t, func(o *hub.Options) {
			o.Handler, o.Overloaded, o.CommandTimeout = counting{calls: &calls}, overloaded.Load, time.Second
		})
		c := s.connected(ctx, t, wire.JSON, "")
		_, done := sendAll(ctx, c, 10, "stuck")
		<-done
		overloaded.Store(true)
		answers := make(map[uint32]int)
		for range 10 {
			m, err := c.Next(ctx)
			if err != nil || m.Reply == nil || m.Reply.Error == nil {
				t.Fatalf("await an answer: %+v, %v", m, err)
			}
			answers[m.Reply.Error.Code]++
		}
		if calls.Load() != 1 || answers[111] != 9 {
			t.Errorf("%d were done; answers %v", calls.Load(), answers)
		}
	})
}

// attentive looks at the data of a subscription after a while.
type attentive struct {
	hubtest.Open
	look chan struct{}
	data chan string
}

func (h attentive) Subscribe(_ context.Context, _ *hub.Client, r hub.SubscribeRequest) (hub.SubscribeReply, error) {
	<-h.look
	h.data <- string(r.Data)
	return hub.SubscribeReply{}, nil
}

// Commands that are kept outlive the buffer that they were read into, also those
// that came behind a refused one.
func TestCommandsOutliveTheirMessage(t *testing.T) {
	t.Parallel()
	for name, overloaded := range map[string]bool{"calm": false, "overloaded": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := attentive{look: make(chan struct{}), data: make(chan string, 10)}
				s := start(t, func(o *hub.Options) {
					o.Handler, o.Overloaded = h, func() bool { return overloaded }
				})
				c := s.connected(t.Context(), t, wire.JSON, "")
				for _, data := range []string{`"what was said"`, `"WHAT CAME NEXT"`, `"WHAT CAME LAST"`} {
					if err := c.Send(t.Context(),
						&wire.Command{ID: 10, RPC: &wire.RPCRequest{Method: "echo", Data: []byte("1")}},
						&wire.Command{ID: 11, Subscribe: &wire.SubscribeRequest{Channel: "c", Data: []byte(data)}},
					); err != nil {
						t.Fatal(err)
					}
				}
				synctest.Wait()
				close(h.look)
				if got := <-h.data; got != `"what was said"` {
					t.Errorf("the first command holds %s", got)
				}
			})
		})
	}
}

// Who sends RPCs to an overloaded node and reads no refusal is not read from any further.
func TestRefusalsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		var calls atomic.Int64
		s := start(t, func(o *hub.Options) {
			o.Handler, o.QueueBytes = counting{calls: &calls}, 4<<10
			o.Overloaded = func() bool { return true }
			o.PingInterval = time.Hour
		})
		c := s.connected(ctx, t, wire.JSON, "")
		sent, done := sendAll(ctx, c, 1000, "stuck")
		time.Sleep(time.Second) // of the test's own time
		synctest.Wait()
		if n := sent.Load(); n < 20 || n > 100 {
			t.Errorf("%d commands were taken from one who does not read", n)
		}
		c.Close()
		<-done
	})
}
