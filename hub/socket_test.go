package hub_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/wire"
)

// tcp is a node behind real sockets.
type tcp struct {
	*hub.Node
	log  *hubtest.Log
	addr string
	sent *atomic.Int64 // bytes that the node wrote
}

func startTCP(t *testing.T, change func(*hub.Options)) tcp {
	t.Helper()
	s := tcp{log: hubtest.NewLog("e"), sent: new(atomic.Int64)}
	o := hub.Options{Handler: hubtest.Open{}, Log: s.log, SocketBuffer: 4 << 10}
	if change != nil {
		change(&o)
	}
	s.Node = hubtest.RunNode(t, o)
	srv := httptest.NewServer(s.Node)
	t.Cleanup(srv.Close)
	s.addr = srv.Listener.Addr().String()
	return s
}

// join is a subscribed client. read, if set, bounds what its kernel keeps unread.
func (s tcp) join(ctx context.Context, t *testing.T, o hubtest.DialOptions, read func(net.Conn) net.Conn) *hubtest.Client {
	t.Helper()
	o.HTTP = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err == nil && read != nil {
			conn = read(conn)
		}
		return conn, err
	}}}
	c, err := hubtest.Dial(ctx, "http://"+s.addr, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if _, err := c.Connect(ctx, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Subscribe(ctx, "c"); err != nil {
		t.Fatal(err)
	}
	return c
}

func (s tcp) append(ctx context.Context, t *testing.T, data string) {
	t.Helper()
	if err := s.Publish(ctx, "c", s.log.Append("c", data)); err != nil {
		t.Fatal(err)
	}
}

// A client that says nothing has no goroutine, hears all the same, and is heard when it speaks.
func TestIdleClientsHaveNoGoroutine(t *testing.T) { //nolint:paralleltest // it counts goroutines
	ctx := deadline(t)
	s := startTCP(t, nil)
	var clients []*hubtest.Client
	for range 40 {
		clients = append(clients, s.join(ctx, t, hubtest.DialOptions{}, nil))
	}
	for ofClients() > 0 {
		if ctx.Err() != nil {
			t.Fatalf("%d goroutines for clients that say nothing", ofClients())
		}
		gosched()
	}
	s.append(ctx, t, "1")
	for i, c := range clients {
		expectOffsets(ctx, t, c, 1, 1)
		if reply, err := c.Call(ctx, &wire.Command{RPC: &wire.RPCRequest{Method: "echo", Data: []byte("2")}}); err != nil || string(reply.RPC.Data) != "2" {
			t.Fatalf("client %d: %v", i, err)
		}
	}
}

// ofClients counts the goroutines that serve clients of any node.
func ofClients() int {
	var b bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&b, 2)
	return strings.Count(b.String(), "hub.(*Client)")
}

// slowly reads little at a time, so that the server writes in pieces.
type slowly struct{ net.Conn }

func (c slowly) Read(b []byte) (int, error) {
	return c.Conn.Read(b[:min(len(b), 1500)])
}

func narrow(conn net.Conn) net.Conn {
	_ = conn.(*net.TCPConn).SetReadBuffer(16 << 10)
	return slowly{conn}
}

// What the kernel takes in pieces arrives whole and in order, with the answers
// to WebSocket pings between the messages and not in them.
func TestWritesInPieces(t *testing.T) {
	t.Parallel()
	for _, o := range []hubtest.DialOptions{{}, {Protocol: wire.Protobuf}, {Compress: true}, {Protocol: wire.Protobuf, Compress: true}} {
		t.Run(fmt.Sprintf("%d-%t", o.Protocol, o.Compress), func(t *testing.T) {
			t.Parallel()
			ctx := deadline(t)
			s := startTCP(t, func(o *hub.Options) { o.Compression = true })
			c := s.join(ctx, t, o, narrow)
			pinging := make(chan error, 1)
			stop := make(chan struct{})
			go func() {
				for {
					select {
					case <-stop:
						pinging <- nil
						return
					default:
					}
					if err := c.Ping(ctx); err != nil {
						pinging <- err
						return
					}
				}
			}()
			const events, size = 20, 20 << 10
			for i := range events {
				s.append(ctx, t, fmt.Sprintf(`{"i":%d,"text":%q}`, i, noise(i, size)))
			}
			for i := range events {
				p, err := c.Publication(ctx)
				if err != nil || p.Offset != uint64(i+1) || !strings.Contains(string(p.Data), noise(i, size)) { //nolint:gosec // small
					t.Fatalf("event %d: %v", i, err)
				}
			}
			close(stop)
			go func() { _, _ = c.Next(ctx) }() // the last pong needs a reader
			if err := <-pinging; err != nil {
				t.Error(err)
			}
		})
	}
}

// noise is text that hardly compresses, different for each seed.
func noise(seed, size int) string {
	b, x := make([]byte, size), uint32(seed)*2654435761+1 //nolint:gosec // wraps
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = 'a' + byte(x>>24)%26
	}
	return string(b)
}

// Who negotiated compression gets less, who did not gets the same text.
func TestCompression(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	s := startTCP(t, func(o *hub.Options) { o.Compression = true })
	var bytesRead [2]atomic.Int64
	counted := func(i int) func(net.Conn) net.Conn {
		return func(conn net.Conn) net.Conn { return metered{conn, &bytesRead[i]} }
	}
	plain := s.join(ctx, t, hubtest.DialOptions{}, counted(0))
	small := s.join(ctx, t, hubtest.DialOptions{Compress: true}, counted(1))
	before := [2]int64{bytesRead[0].Load(), bytesRead[1].Load()}
	text := `{"text":"` + strings.Repeat("人们在这里 ", 500) + `"}`
	s.append(ctx, t, text)
	for _, c := range []*hubtest.Client{plain, small} {
		if p, err := c.Publication(ctx); err != nil || string(p.Data) != text {
			t.Fatal(err)
		}
	}
	if p, z := bytesRead[0].Load()-before[0], bytesRead[1].Load()-before[1]; z*5 > p {
		t.Errorf("%d bytes compressed, %d plain", z, p)
	}
}

type metered struct {
	net.Conn
	n *atomic.Int64
}

func (c metered) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// What comes while a channel is busy goes out in one frame.
func TestEventsWaitForEachOther(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	busy, goOn := make(chan struct{}), make(chan struct{})
	fanouts := make(chan int, 20)
	var first sync.Once
	s := startTCP(t, func(o *hub.Options) {
		o.Observe = func(f hub.Fanout) {
			fanouts <- f.Events
			first.Do(func() {
				close(busy)
				<-goOn
			})
		}
	})
	c := s.join(ctx, t, hubtest.DialOptions{}, nil)
	s.append(ctx, t, "0")
	<-busy
	for i := range 10 {
		s.append(ctx, t, fmt.Sprint(i))
	}
	close(goOn)
	expectOffsets(ctx, t, c, 1, 11)
	if one, then := <-fanouts, <-fanouts; one != 1 || then != 10 {
		t.Errorf("fan-outs of %d and %d events", one, then)
	}
}

// Thousands who subscribe at once cost one read of the log in 100 ms.
func TestReadsOfTheLogAreMerged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s := start(t, patient)
		s.append(ctx, t, "c", "1")
		const clients, each = 400, time.Millisecond
		done := make(chan error, clients)
		for range clients {
			c := s.connected(ctx, t, wire.JSON, "")
			go func() {
				_, err := c.Recover(ctx, "c", 0, "e")
				done <- err
			}()
			time.Sleep(each) // of the test's own time
		}
		for range clients {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		if reads, most := s.log.Reads(), int(clients*each/(100*time.Millisecond))+4; reads > most {
			t.Errorf("%d reads, at most %d expected", reads, most)
		}
	})
}

// A client may ask for another ping interval, within limits.
func TestPingInterval(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	s := start(t, nil)
	for query, want := range map[string]uint32{"": 25, "ping=60": 60, "ping=3": 10, "ping=100000": 25, "ping=3600": 240, "ping=x": 25} {
		c := s.server.Dial(ctx, t, hubtest.DialOptions{Query: query})
		if r, err := c.Connect(ctx, ""); err != nil || r.Ping != want {
			t.Errorf("%q: %+v, %v", query, r, err)
		}
	}
}

// A message counts as it is when inflated, and may not go on without growing either.
func TestCompressedMessagesAreBounded(t *testing.T) {
	t.Parallel()
	var zeros bytes.Buffer
	w, _ := flate.NewWriter(&zeros, flate.BestCompression)
	_, _ = w.Write(make([]byte, 64<<10+1))
	_ = w.Flush()
	for name, message := range map[string][]byte{
		"too large when inflated": zeros.Bytes()[:zeros.Len()-4],
		"never grows":             bytes.Repeat([]byte{0, 0, 0, 0xff, 0xff}, 100<<10),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := deadline(t)
			s := startTCP(t, func(o *hub.Options) { o.Compression = true })
			conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			_, _ = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
				"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; server_no_context_takeover\r\n\r\n")
			r := bufio.NewReader(conn)
			resp, err := http.ReadResponse(r, nil)
			if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
				t.Fatal(resp, err)
			}
			_ = resp.Body.Close()
			frame := binary.BigEndian.AppendUint64([]byte{0x80 | 0x40 | 1, 0x80 | 127}, uint64(len(message)))
			go func() { _, _ = conn.Write(append(append(frame, 0, 0, 0, 0), message...)) }() // until it is cut
			if _, err := io.Copy(io.Discard, r); ctx.Err() != nil {
				t.Fatal(err)
			}
			for s.Stats().Clients > 0 {
				gosched()
			}
		})
	}
}
