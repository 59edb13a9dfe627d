package swarm

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// tell passes on that something came, and the end.
type tell struct{ came, closed chan struct{} }

func (h tell) Message(c *Conn, _ []byte, _ time.Time) {
	c.Pause()
	h.came <- struct{}{}
}
func (h tell) Closed(*Conn, int, string, error) { close(h.closed) }

// A paused connection costs nothing however much there is to read, and yet its
// breaking is noticed.
func TestPausedIsNotPolled(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	peer := make(chan net.Conn, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		req, err := http.ReadRequest(bufio.NewReader(c))
		if err == nil {
			_, _ = c.Write([]byte("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + acceptOf(req.Header.Get("Sec-Websocket-Key")) + "\r\n\r\n"))
		}
		peer <- c
	}()
	h := tell{make(chan struct{}, 10), make(chan struct{})}
	s, err := New(Options{Handler: h, Loops: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, err := s.Dial(ctx, Target{URL: "ws://" + l.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	p := <-peer
	_, _ = p.Write([]byte{0x81, 1, 'a'})
	<-h.came
	_, _ = p.Write([]byte{0x81, 1, 'b'})
	armed := func() uint32 {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.link.(*socket).armed
	}
	if armed() != 0 {
		t.Error("a paused socket is waited for")
	}
	c.ResumeFor(1)
	if armed() != unix.EPOLLIN && s.Stats().BytesIn == 0 {
		t.Error("a resumed socket is not waited for")
	}
	_ = p.(*net.TCPConn).SetLinger(0)
	_ = p.Close()
	select {
	case <-h.closed:
	case <-ctx.Done():
		t.Error("its breaking went unnoticed")
	}
}
