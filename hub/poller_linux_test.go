package hub

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The kernel reports a broken connection also to who did not ask. Of a client
// that somebody is busy with it may do so once, and not again and again.
func TestBrokenConnectionIsReportedOnce(t *testing.T) {
	t.Parallel()
	p, err := newPoller()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.close() })
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	peer, err := net.Dial("tcp", l.Addr().String()) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	s := &socket{conn: &queuedConn{Conn: conn}}
	if !p.watch(s, new(Client)) {
		t.Fatal("not watched")
	}
	_ = peer.(*net.TCPConn).SetLinger(0) //nolint:forcetypeassert // dialled with tcp
	_ = peer.Close()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Fatal("the connection is not broken")
	}
	events := make([]unix.EpollEvent, 1)
	_, _ = unix.EpollWait(p.fd, events, 0)
	if n, err := unix.EpollWait(p.fd, events, 0); n != 0 || err != nil {
		t.Errorf("reported again: %d events, %v", n, err)
	}
}

// Commands that wait in a socket are read together, and the buffer for it is
// kept no longer than they are unread.
func TestReadAhead(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	peer, err := net.Dial("tcp", l.Addr().String()) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = peer.Close() })
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	raw, err := conn.(*net.TCPConn).SyscallConn() //nolint:forcetypeassert // listened with tcp
	if err != nil {
		t.Fatal(err)
	}
	c := &queuedConn{Conn: conn, raw: raw, budget: 1 << 20}
	sent := make([]byte, 3*readBuffer+1)
	for i := range sent {
		sent[i] = byte(i)
	}
	if _, err := peer.Write(sent); err != nil {
		t.Fatal(err)
	}
	var got []byte
	piece := make([]byte, readBuffer)
	for len(got) < len(sent) {
		n, err := c.Read(piece)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, piece[:n]...)
		if c.ahead == nil && len(got) < len(sent) && len(got) > readBuffer {
			t.Errorf("%d bytes took a second read", len(sent)-len(got))
		}
	}
	if !bytes.Equal(got, sent) || c.ahead != nil {
		t.Errorf("read %d bytes that are others, or a buffer is kept", len(got))
	}
	_ = peer.Close()
	if _, err := c.Read(piece); !errors.Is(err, io.EOF) || c.ahead != nil {
		t.Errorf("at the end: %v", err)
	}
}
