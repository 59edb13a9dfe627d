package swarm_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"lifecircle/cmd/circleload/swarm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testTime = 20 * time.Second // for a test that hangs

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testTime)
	t.Cleanup(cancel)
	return ctx
}

// ending is a call of Closed.
type ending struct {
	conn   *swarm.Conn
	code   int
	reason string
	err    error
}

// collector keeps what a swarm is told. Its channels have room for a test's worth.
type collector struct {
	messages chan string
	endings  chan ending
	react    func(c *swarm.Conn, payload []byte) // may be nil
}

func newCollector() *collector {
	return &collector{messages: make(chan string, 10000), endings: make(chan ending, 10000)}
}

func (k *collector) Message(c *swarm.Conn, payload []byte, _ time.Time) {
	if k.react != nil {
		k.react(c, payload)
	}
	k.messages <- string(payload)
}

func (k *collector) Closed(c *swarm.Conn, code int, reason string, err error) {
	k.endings <- ending{c, code, reason, err}
}

func next[T any](ctx context.Context, t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-ctx.Done():
		t.Fatal("it never came")
		panic("unreachable")
	}
}

func newSwarm(t *testing.T, o swarm.Options) *swarm.Swarm {
	t.Helper()
	s, err := swarm.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// serve runs a WebSocket server, each connection in do.
func serve(t *testing.T, secure bool, do func(ctx context.Context, ws *websocket.Conn)) (server *httptest.Server, url string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
			Subprotocols: []string{"centrifuge-json", "centrifuge-protobuf"}, CompressionMode: websocket.CompressionNoContextTakeover, CompressionThreshold: 64,
		})
		if err != nil {
			return
		}
		ws.SetReadLimit(-1)
		defer func() { _ = ws.CloseNow() }()
		do(ctx, ws)
	})
	if secure {
		server = httptest.NewTLSServer(h)
	} else {
		server = httptest.NewServer(h)
	}
	t.Cleanup(func() {
		cancel()
		server.Close() // goleak waits for the handlers
	})
	return server, "ws" + strings.TrimPrefix(server.URL, "http")
}

// echo sends back what comes.
func echo(ctx context.Context, ws *websocket.Conn) {
	for {
		typ, b, err := ws.Read(ctx)
		if err != nil || ws.Write(ctx, typ, b) != nil {
			return
		}
	}
}

// raw runs a server that is given a TCP connection after its handshake; with
// another answer than "" that is sent instead of a sound one.
func raw(t testing.TB, answer string, do func(c net.Conn, r *bufio.Reader)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer func() { _ = c.Close() }()
				_ = c.SetDeadline(time.Now().Add(testTime))
				r := bufio.NewReader(c)
				req, err := http.ReadRequest(r)
				if err != nil {
					return
				}
				a := answer
				if a == "" {
					a = "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nconnection: keep-alive, upgrade\r\nsec-websocket-accept: " +
						swarm.AcceptOf(req.Header.Get("Sec-WebSocket-Key")) + "\r\n\r\n"
				}
				if _, err := c.Write([]byte(a)); err == nil && do != nil {
					do(c, r)
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	return "ws://" + l.Addr().String() + "/x?y=z"
}

func mustDial(ctx context.Context, t *testing.T, s *swarm.Swarm, target swarm.Target) *swarm.Conn {
	t.Helper()
	c, err := s.Dial(ctx, target)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func isProtocolError(err error) bool { return errors.Is(err, swarm.ErrProtocol) }
