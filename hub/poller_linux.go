package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kernelPoller is an epoll instance beside that of the Go runtime, which can
// only wake goroutines that wait. It is itself watched by the runtime, so that
// waiting for it costs no thread.
type kernelPoller struct {
	file *os.File
	fd   int // of file, whose Fd method would make it blocking
	raw  syscall.RawConn
}

const pollEvents = 64 // taken from the kernel at once: what is under way must not wait behind all who want something

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make an epoll instance: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // else the runtime would not watch it
		_ = unix.Close(fd)
		return nil, fmt.Errorf("make an epoll instance: %w", err)
	}
	p := &poller{needed: make(chan struct{})}
	p.fd, p.file = fd, os.NewFile(uintptr(fd), "epoll")
	if p.raw, err = p.file.SyscallConn(); err != nil {
		_ = p.file.Close()
		return nil, fmt.Errorf("make an epoll instance: %w", err)
	}
	return p, nil
}

// watch registers the connection, not armed yet. It returns false if it cannot be watched: no socket of the system's.
func (p *poller) watch(s *socket, c *Client) bool {
	conn, ok := s.conn.Conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	s.raw, s.conn.raw = raw, raw // reading and writing without waiting need no more than this
	s.slot = p.enter(c)
	if s.control(p, unix.EPOLL_CTL_ADD, unix.EPOLLONESHOT) != nil { // else a broken one would be reported without end
		p.leave(s.slot)
		return false
	}
	return true
}

// arm has Client.resume called once when there is something to read, or the peer is gone.
func (p *poller) arm(s *socket) error {
	return s.control(p, unix.EPOLL_CTL_MOD, unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLONESHOT)
}

func (s *socket) control(p *poller, op int, events uint32) error {
	var failed error
	err := s.raw.Control(func(fd uintptr) { // which stays that of this connection meanwhile
		ev := unix.EpollEvent{Events: events, Fd: int32(s.slot.index), Pad: int32(s.slot.gen)} //nolint:gosec // bits, not numbers
		failed = unix.EpollCtl(p.fd, op, int(fd), &ev)
	})
	return errors.Join(err, failed)
}

// run wakes clients until ctx ends.
func (p *poller) run(ctx context.Context) error {
	select {
	case <-p.needed:
	case <-ctx.Done():
		return nil
	}
	stop := context.AfterFunc(ctx, func() { _ = p.file.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	events := make([]unix.EpollEvent, pollEvents)
	for {
		n := 0
		var failed error
		err := p.raw.Read(func(fd uintptr) bool {
			n, failed = unix.EpollWait(int(fd), events, 0)
			return n > 0 || failed != nil && !errors.Is(failed, unix.EINTR)
		})
		if err = errors.Join(err, failed); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("wait for clients: %w", err)
		}
		for _, ev := range events[:max(n, 0)] {
			if c := p.at(slot{index: uint32(ev.Fd), gen: uint32(ev.Pad)}); c != nil { //nolint:gosec // bits, not numbers
				c.resume()
			}
		}
	}
}

func (p *poller) close() error { return p.file.Close() }

// kernelWrite is one attempt to write.
type kernelWrite struct {
	b     []byte
	n     int
	errno syscall.Errno
	f     func(fd uintptr) bool // write, bound once
}

func (k *kernelWrite) init() { k.f = k.write }

// write never waits, so the scheduler need not hear of it (RawSyscall): that
// would cost a fifth of the whole.
func (k *kernelWrite) write(fd uintptr) bool {
	for {
		n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(unsafe.SliceData(k.b))), uintptr(len(k.b))) //nolint:gosec // b is not empty, and k keeps it
		if errno != syscall.EINTR {
			k.n, k.errno = int(n), errno //nolint:gosec // at most len(b), or not used
			return true
		}
	}
}

// tryWrite writes what the kernel takes at once, which may be nothing; one
// caller at a time, write included. An error is final.
func (s *socket) tryWrite(k *kernelWrite, b []byte) (n int, err error) {
	if s.raw == nil {
		return 0, nil // a connection that can only be waited for
	}
	k.b = b
	err = s.raw.Write(k.f)
	k.b = nil
	switch {
	case err != nil:
		return 0, fmt.Errorf("write to the socket: %w", err)
	case k.errno == syscall.EAGAIN:
		return 0, nil
	case k.errno != 0:
		return 0, fmt.Errorf("write to the socket: %w", k.errno)
	}
	return k.n, nil
}

// kernelRead is one attempt to read.
type kernelRead struct {
	b     []byte
	n     int
	errno syscall.Errno
	f     func(fd uintptr) bool // read, bound once
}

func (k *kernelRead) init() { k.f = k.read }

// read is like kernelWrite.write.
func (k *kernelRead) read(fd uintptr) bool {
	for {
		n, _, errno := syscall.RawSyscall(syscall.SYS_READ, fd, uintptr(unsafe.Pointer(unsafe.SliceData(k.b))), uintptr(len(k.b))) //nolint:gosec // b is not empty, and k keeps it
		if errno != syscall.EINTR {
			k.n, k.errno = int(n), errno //nolint:gosec // at most len(b), or not used
			return true
		}
	}
}

// tryRead reads what is there at once, which may be nothing. An error is final.
func (k *kernelRead) tryRead(raw syscall.RawConn, b []byte) (n int, err error) {
	k.b = b
	err = raw.Read(k.f)
	k.b = nil
	switch {
	case err != nil:
		return 0, fmt.Errorf("read from the socket: %w", err)
	case k.errno == syscall.EAGAIN:
		return 0, nil
	case k.errno != 0:
		return 0, fmt.Errorf("read from the socket: %w", k.errno)
	case k.n == 0:
		return 0, io.EOF
	}
	return k.n, nil
}
