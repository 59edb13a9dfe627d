package e2e

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// line is the network of a phone: slow, asleep with it, and now and then
// another one, after which nothing of the old one ever arrives, not even that
// it is gone. It ends with its test.
type line struct {
	listener net.Listener
	server   string
	rate     int          // bytes a second, each way; 0: no limit
	up, down atomic.Int64 // bytes that passed, to the server and from it

	ctx  context.Context // of the test
	wg   sync.WaitGroup
	mu   sync.Mutex // guards what follows
	gate chan struct{}
	host byte // the phone's address is 127.0.0.host
	lost chan struct{}
}

const linePiece = 512 // bytes that pass at once

func startLine(t testing.TB, server string, rate int) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{listener: listener, server: server, rate: rate, host: 11, lost: make(chan struct{}), gate: make(chan struct{})}
	close(l.gate)
	ctx, cancel := context.WithCancel(context.Background())
	l.ctx = ctx
	l.wg.Go(l.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		cancel()
		l.wg.Wait()
	})
	return l
}

func (l *line) socketURL() string {
	return "ws://" + l.listener.Addr().String() + "/connection/websocket"
}

func (l *line) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return // closed
		}
		l.wg.Go(func() { l.serve(client) })
	}
}

func (l *line) serve(client net.Conn) {
	l.mu.Lock()
	lost, host := l.lost, l.host
	l.mu.Unlock()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, host)}}
	server, err := dialer.DialContext(l.ctx, "tcp", l.server)
	if err != nil {
		_ = client.Close()
		return
	}
	stop := context.AfterFunc(l.ctx, func() { _, _ = client.Close(), server.Close() })
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() { l.carry(server, client, &l.up, lost) })
	l.carry(client, server, &l.down, lost)
	wg.Wait()
}

// carry copies one way until either end is closed, or for nothing once the
// connection is lost: then neither end hears of the other any more.
func (l *line) carry(to, from net.Conn, count *atomic.Int64, lost <-chan struct{}) {
	piece := make([]byte, linePiece)
	for {
		n, err := from.Read(piece)
		if !l.pass(n, lost) {
			<-l.ctx.Done()
			return
		}
		if n > 0 {
			count.Add(int64(n))
			if _, err := to.Write(piece[:n]); err != nil {
				_ = from.Close()
				return
			}
		}
		if err != nil {
			_ = to.Close()
			return
		}
	}
}

// pass waits until a piece may go on; it returns false if it never may.
func (l *line) pass(n int, lost <-chan struct{}) bool {
	if l.rate > 0 && n > 0 {
		<-time.After(time.Duration(n) * time.Second / time.Duration(l.rate)) // that is how long it takes
	}
	l.mu.Lock()
	gate := l.gate
	l.mu.Unlock()
	select {
	case <-gate:
	case <-l.ctx.Done():
	}
	select {
	case <-lost:
		return false
	case <-l.ctx.Done():
		return false
	default:
		return true
	}
}

// sleep lets nothing pass until wake is called.
func (l *line) sleep() (wake func()) {
	gate := make(chan struct{})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gate = gate
	return sync.OnceFunc(func() { close(gate) })
}

// move gives the phone another address. The connections of the old one are
// dead, and nobody is told.
func (l *line) move() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.lost)
	l.lost = make(chan struct{})
	l.host++
}

// total is how many bytes passed.
func (l *line) total() int64 { return l.up.Load() + l.down.Load() }
