package swarm_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"lifecircle/cmd/circleload/swarm"
)

// eachLink runs the test over epoll and over a goroutine for each socket.
func eachLink(t *testing.T, do func(ctx context.Context, ws *websocket.Conn), test func(ctx context.Context, t *testing.T, s *swarm.Swarm, k *collector, target swarm.Target)) {
	t.Helper()
	for name, secure := range map[string]bool{"epoll": false, "stream": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, url := serve(t, secure, do)
			k := newCollector()
			o := swarm.Options{Handler: k, Loops: 2}
			if secure {
				o.TLS = &tls.Config{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, MinVersion: tls.VersionTLS12}
			}
			test(deadline(t), t, newSwarm(t, o), k, swarm.Target{URL: url})
		})
	}
}

func TestMessagesComeBack(t *testing.T) {
	t.Parallel()
	eachLink(t, echo, func(ctx context.Context, t *testing.T, s *swarm.Swarm, k *collector, target swarm.Target) {
		for _, compress := range []bool{false, true} {
			target.Compress = compress
			target.Subprotocol = "centrifuge-protobuf"
			c := mustDial(ctx, t, s, target)
			for _, size := range []int{0, 1, 7, 125, 126, 300, 65535, 65536, 70000, 1 << 20} {
				want := strings.Repeat("all the circles", size/15+1)[:size]
				if err := c.SendText([]byte(want)); err != nil {
					t.Fatalf("%d bytes: %v", size, err)
				}
				if got := next(ctx, t, k.messages); got != want {
					t.Fatalf("%d bytes came back as %d", size, len(got))
				}
			}
			if err := c.SendBinary([]byte("\x00\xff")); err != nil {
				t.Fatal(err)
			}
			if got := next(ctx, t, k.messages); got != "\x00\xff" {
				t.Fatalf("got %q", got)
			}
		}
		for s.Stats().MessagesIn < 22 && ctx.Err() == nil {
			runtime.Gosched() // a loop counts what it read after it was handed on
		}
		if st := s.Stats(); st.Open != 2 || st.Opened != 2 || st.MessagesIn != 22 || st.MessagesOut != 22 || st.BytesOut < 2<<20 || st.BytesIn < 1<<20 || st.BytesIn > 2<<20 {
			t.Errorf("stats %+v: one of two connections is compressed inwards", st)
		}
	})
}

func TestPingsAreAnswered(t *testing.T) {
	t.Parallel()
	ping := func(ctx context.Context, ws *websocket.Conn) {
		ctx = ws.CloseRead(ctx)
		if ws.Ping(ctx) == nil {
			_ = ws.Write(ctx, websocket.MessageText, []byte("alive"))
		}
		<-ctx.Done()
	}
	eachLink(t, ping, func(ctx context.Context, t *testing.T, s *swarm.Swarm, k *collector, target swarm.Target) {
		mustDial(ctx, t, s, target)
		if got := next(ctx, t, k.messages); got != "alive" {
			t.Error(got)
		}
	})
}

func TestTheServerCloses(t *testing.T) {
	t.Parallel()
	bye := func(_ context.Context, ws *websocket.Conn) { _ = ws.Close(3001, "shutdown") }
	eachLink(t, bye, func(ctx context.Context, t *testing.T, s *swarm.Swarm, k *collector, target swarm.Target) {
		c := mustDial(ctx, t, s, target)
		if e := next(ctx, t, k.endings); e.conn != c || e.code != 3001 || e.reason != "shutdown" || e.err != nil {
			t.Errorf("%+v", e)
		}
		if err := c.SendText(nil); !errors.Is(err, swarm.ErrClosed) {
			t.Error(err)
		}
		c.Abort()
		s.Close()
		if len(k.endings) > 0 {
			t.Error("closed twice")
		}
		if _, err := s.Dial(ctx, target); !errors.Is(err, swarm.ErrClosed) {
			t.Errorf("a closed swarm dials: %v", err)
		}
	})
}

func TestTheClientCloses(t *testing.T) {
	t.Parallel()
	codes := make(chan websocket.StatusCode, 10)
	watch := func(ctx context.Context, ws *websocket.Conn) {
		_, _, err := ws.Read(ctx)
		codes <- websocket.CloseStatus(err)
	}
	eachLink(t, watch, func(ctx context.Context, t *testing.T, s *swarm.Swarm, k *collector, target swarm.Target) {
		c := mustDial(ctx, t, s, target)
		c.Pause() // saying goodbye is not slow
		c.Close(4000, "home")
		c.Close(4001, "again")
		if code := next(ctx, t, codes); code != 4000 {
			t.Errorf("the server saw %d", code)
		}
		if e := next(ctx, t, k.endings); e.code != 4000 || e.err != nil {
			t.Errorf("%+v", e)
		}
		mustDial(ctx, t, s, target).Abort()
		if code := next(ctx, t, codes); code != -1 {
			t.Errorf("the server saw %d", code)
		}
		if e := next(ctx, t, k.endings); e.code != 1006 || !errors.Is(e.err, swarm.ErrAborted) {
			t.Errorf("%+v", e)
		}
	})
}

// A client that does not read makes the server wait; what it gets later is whole.
func TestPause(t *testing.T) {
	t.Parallel()
	const size, count = 10 << 10, 2000 // beyond what the kernel takes
	// Told by the floods of both links, which run side by side.
	sent := make(chan struct{}, 10)
	flood := func(ctx context.Context, ws *websocket.Conn) {
		b := make([]byte, size)
		for range count {
			if ws.Write(ctx, websocket.MessageBinary, b) != nil {
				return
			}
		}
		sent <- struct{}{}
		<-ctx.Done()
	}
	eachLink(t, flood, func(ctx context.Context, t *testing.T, s *swarm.Swarm, k *collector, target swarm.Target) {
		target.ReceiveBytes = 8 << 10 // or a kernel with room for it takes all of the flood
		if strings.HasPrefix(target.URL, "wss:") {
			target.ReceiveBytes = 64 << 10 // records of TLS are longer
		}
		k.react = func(c *swarm.Conn, _ []byte) {
			if c.Data == nil {
				c.Data = "paused"
				c.Pause()
			}
		}
		c := mustDial(ctx, t, s, target)
		next(ctx, t, k.messages)
		for i := range 100 { // 100 KiB on a slow line
			before := s.Stats().BytesIn
			c.ResumeFor(1 << 10)
			for s.Stats().BytesIn < before+1<<10 {
				if ctx.Err() != nil {
					t.Fatalf("nothing came after %d bytes", i<<10)
				}
				time.Sleep(time.Millisecond)
			}
		}
		if n := s.Stats().BytesIn; n > 300<<10 {
			t.Errorf("a paused client has read %d bytes", n)
		}
		c.Resume()
		for range count - 1 {
			if got := next(ctx, t, k.messages); len(got) != size {
				t.Fatal(len(got))
			}
		}
		next(ctx, t, sent)
	})
}

// A server that does not read fills the outgoing buffer, and no more.
func TestFull(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	deaf := func(ctx context.Context, ws *websocket.Conn) {
		<-release
		echo(ctx, ws)
	}
	eachLink(t, deaf, func(ctx context.Context, t *testing.T, s *swarm.Swarm, k *collector, target swarm.Target) {
		c := mustDial(ctx, t, s, target)
		message, sent := make([]byte, 10<<10), 0
		for {
			err := c.SendBinary(message)
			if errors.Is(err, swarm.ErrFull) {
				break
			}
			if err != nil || ctx.Err() != nil {
				t.Fatal(err)
			}
			sent++
		}
		c.SendBinary(message) //nolint:errcheck // full still
		select {
		case <-release:
		default:
			close(release)
		}
		for range sent {
			if got := next(ctx, t, k.messages); len(got) != len(message) {
				t.Fatalf("%d bytes", len(got))
			}
		}
	})
}

// Many at once: opened, told something, cut, and opened again.
func TestMany(t *testing.T) {
	t.Parallel()
	const count = 1500
	_, url := serve(t, false, echo)
	k := newCollector()
	s := newSwarm(t, swarm.Options{Handler: k, Loops: 2})
	ctx := deadline(t)
	for range 2 {
		var mu sync.Mutex
		var conns []*swarm.Conn
		results := make(chan error, count)
		for i := range count {
			s.Open(swarm.Target{URL: url, Data: i}, func(c *swarm.Conn, err error) {
				if err == nil {
					err = c.SendText(fmt.Append(nil, c.Data))
				}
				mu.Lock()
				conns = append(conns, c)
				mu.Unlock()
				results <- err
			})
		}
		for range count {
			if err := next(ctx, t, results); err != nil {
				t.Fatal(err)
			}
		}
		seen := map[string]bool{}
		for range count {
			seen[next(ctx, t, k.messages)] = true
		}
		if len(seen) != count || s.Stats().Open != count {
			t.Fatalf("%d of %d answered, %d open", len(seen), count, s.Stats().Open)
		}
		if size, slim := swarm.IdleBytes(conns[0]); size > 400 || !slim {
			t.Errorf("an idle connection has %d bytes; and no buffers: %v", size, slim)
		}
		for _, c := range conns {
			c.Abort()
		}
		for range count {
			next(ctx, t, k.endings)
		}
	}
	if st := s.Stats(); st.Open != 0 || st.Opened != 2*count || st.Failed != 0 {
		t.Errorf("%+v", st)
	}
}

func TestDialErrors(t *testing.T) {
	t.Parallel()
	s := newSwarm(t, swarm.Options{Handler: newCollector(), HandshakeTimeout: 100 * time.Millisecond})
	ctx := deadline(t)
	for name, c := range map[string]struct{ answer, want string }{
		"refused":     {"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 5\r\n\r\nfull\n", "answered 503: full"},
		"accept":      {"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: no\r\n\r\n", "does not fit"},
		"no upgrade":  {"HTTP/1.1 101 x\r\nConnection: Upgrade\r\n\r\n", "no upgrade"},
		"not HTTP":    {"SSH-2.0-x\r\n\r\n", "protocol error"},
		"no end":      {"HTTP/1.1 101 " + strings.Repeat("x", 20<<10), "no end"},
		"no answer":   {"HTTP/1.1", "no answer in time"},
		"hung up":     {"bye", "without a close frame"},
		"subprotocol": {"", "sub-protocol"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			do := hold
			if name == "hung up" {
				do = nil
			}
			target := swarm.Target{URL: raw(t, c.answer, do)}
			if name == "subprotocol" {
				target.Subprotocol = "centrifuge-json"
			}
			_, err := s.Dial(ctx, target)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			var h *swarm.HandshakeError
			if name == "refused" && (!errors.As(err, &h) || h.Status != 503 || h.RetryAfter != 7*time.Second) {
				t.Errorf("%+v", h)
			}
		})
	}
	for _, url := range []string{"http://127.0.0.1:1", "ws://127.0.0.1:x", "ws://127.0.0.1:1/", "wss://127.0.0.1:1/", ":"} {
		if _, err := s.Dial(ctx, swarm.Target{URL: url}); err == nil {
			t.Errorf("dialled %s", url)
		}
	}
	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	if _, err := s.Dial(short, swarm.Target{URL: raw(t, "HTTP", hold)}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	from := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := strings.Cut(r.RemoteAddr, ":")
		from <- host + " " + r.Header.Get("X-Test")
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(server.Close)
	url := "ws" + strings.TrimPrefix(server.URL, "http")
	s := newSwarm(t, swarm.Options{Handler: newCollector()})
	ctx := deadline(t)
	target := swarm.Target{URL: url, Header: http.Header{"X-Test": {"a\r\nb"}}, Sources: []netip.Addr{netip.MustParseAddr("127.1.2.3"), netip.MustParseAddr("127.1.2.4")}}
	got := map[string]bool{}
	for range 4 {
		if _, err := s.Dial(ctx, target); err == nil {
			t.Error("a teapot opened")
		}
		got[next(ctx, t, from)] = true
	}
	if !got["127.1.2.3 a  b"] || !got["127.1.2.4 a  b"] || len(got) != 2 {
		t.Errorf("came from %v", got)
	}
}
