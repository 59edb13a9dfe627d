package hub

import (
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
