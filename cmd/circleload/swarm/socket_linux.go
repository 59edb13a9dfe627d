package swarm

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// socket is a link over epoll.
type socket struct {
	conn  *Conn
	loop  *loop
	fd    int    // -1 when closed; changes with conn.mu held, in the loop
	armed uint32 // events that are waited for; guarded by conn.mu
}

// begin connects without waiting.
func (l *loop) begin(c *Conn, r route) error {
	fd, done, err := dial(r)
	if err != nil {
		return err
	}
	s := &socket{conn: c, loop: l, fd: fd, armed: unix.EPOLLOUT}
	c.link = s
	c.out = c.shake.request
	if done {
		c.stage = shaking
		err = c.flush0(s)
	}
	if err == nil {
		err = l.add(s)
	}
	if err != nil {
		c.link = nil
		_ = unix.Close(fd)
	}
	return err
}

// flush0 sends the request before the loop knows the socket.
func (c *Conn) flush0(s *socket) error {
	n, err := s.write(c.out)
	if err != nil {
		return err
	}
	c.swarm.bytesOut.Add(int64(n))
	s.armed |= unix.EPOLLIN
	if c.out = c.out[n:]; len(c.out) == 0 {
		c.out, s.armed = nil, unix.EPOLLIN
	}
	return nil
}

// dial returns a connecting socket, or a connected one if done.
func dial(r route) (fd int, done bool, err error) {
	for try := range sourceTries {
		fd, done, err = dialFrom(r, r.source(try))
		if !errors.Is(err, unix.EADDRNOTAVAIL) {
			break
		}
	}
	return fd, done, err
}

func dialFrom(r route, source netip.Addr) (fd int, done bool, err error) {
	family := unix.AF_INET
	if r.to.Addr().Is6() {
		family = unix.AF_INET6
	}
	fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	if err != nil {
		return -1, false, fmt.Errorf("socket: %w", err)
	}
	if err = prepare(fd, r, source); err == nil {
		err = unix.Connect(fd, sockaddr(r.to))
	}
	switch {
	case err == nil:
		return fd, true, nil
	case errors.Is(err, unix.EINPROGRESS):
		return fd, false, nil
	}
	_ = unix.Close(fd)
	return -1, false, fmt.Errorf("connect from %v: %w", source, err)
}

func prepare(fd int, r route, source netip.Addr) error {
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return fmt.Errorf("TCP_NODELAY: %w", err)
	}
	if r.receiveBytes > 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, r.receiveBytes); err != nil {
			return fmt.Errorf("SO_RCVBUF: %w", err)
		}
	}
	if !source.IsValid() || source == firstLoopback && len(r.sources) == 0 {
		return nil // the kernel's choice
	}
	// The port is chosen when it is known where to: others may have the same for elsewhere.
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
		return fmt.Errorf("IP_BIND_ADDRESS_NO_PORT: %w", err)
	}
	if err := unix.Bind(fd, sockaddr(netip.AddrPortFrom(source, 0))); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	return nil
}

var firstLoopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}

// connected is called when the kernel's handshake is over, one way or the other.
func (s *socket) connected() error {
	code, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && code != 0 {
		err = unix.Errno(code) //nolint:gosec // an error number
	}
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	s.conn.stage = shaking
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	s.watch()
	return nil
}

// eof is the end of the peer's side.
func (s *socket) eof() error {
	if s.conn.stage == shaking {
		return fmt.Errorf("%w during the handshake", errEnded)
	}
	return errEnded
}

// write implements link.
func (s *socket) write(b []byte) (int, error) {
	if s.fd < 0 {
		return 0, ErrClosed
	}
	n, err := unix.Write(s.fd, b)
	switch {
	case errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("write: %w", err)
	}
	return n, nil
}

// watch implements link.
func (s *socket) watch() {
	if s.fd < 0 {
		return
	}
	var want uint32
	if s.conn.allowed.Load() != 0 {
		want |= unix.EPOLLIN
	}
	if len(s.conn.out) > 0 {
		want |= unix.EPOLLOUT
	}
	if want == s.armed {
		return
	}
	event := unix.EpollEvent{Events: want, Fd: int32(s.fd)} //nolint:gosec // file descriptors are small
	if unix.EpollCtl(s.loop.epoll, unix.EPOLL_CTL_MOD, s.fd, &event) == nil {
		s.armed = want
	}
}

// cut implements link.
func (s *socket) cut() {
	s.loop.mu.Lock()
	defer s.loop.mu.Unlock()
	if s.loop.stopping {
		return // and with it this connection
	}
	s.loop.cuts = append(s.loop.cuts, s)
	s.loop.notifyLocked()
}

// closeLocked closes the socket, with RST if it is forced.
func (s *socket) closeLocked(force bool) {
	if force {
		_ = unix.SetsockoptLinger(s.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: 0})
	}
	_ = unix.Close(s.fd)
	s.fd = -1
}
