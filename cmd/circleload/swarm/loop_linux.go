package swarm

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// portable says that every connection is a stream: here only those over TLS are.
const portable = false

const (
	readBytes  = 64 << 10 // one read; shared by all connections of a loop
	batch      = 256      // connections looked at before others get the processor
	sweepEvery = time.Second
)

// loop reads many sockets. All calls of the Handler for them come from run.
type loop struct {
	swarm *Swarm
	epoll int
	wake  int // an eventfd

	// What follows belongs to run.
	buf       []byte
	workspace workspace
	events    []unix.EpollEvent
	ready     []*socket
	swept     time.Time

	mu       sync.Mutex // guards what follows; a leaf
	sockets  []*socket  // by file descriptor
	cuts     []*socket  // to be ended; each at most once
	awake    bool       // the eventfd is set
	stopping bool
}

func newLoop(s *Swarm, _ int) (*loop, error) {
	l := &loop{swarm: s, buf: make([]byte, readBytes), events: make([]unix.EpollEvent, batch)}
	var err error
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll_create: %w", err)
	}
	if l.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		_ = unix.Close(l.epoll)
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(l.wake)} //nolint:gosec // file descriptors are small
	if err = unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, l.wake, &event); err != nil {
		l.release()
		return nil, fmt.Errorf("epoll_ctl: %w", err)
	}
	return l, nil
}

func (l *loop) release() {
	_ = unix.Close(l.wake)
	_ = unix.Close(l.epoll)
}

// run reads until stop.
func (l *loop) run() {
	defer l.release()
	for {
		n, err := unix.EpollWait(l.epoll, l.events, int(sweepEvery/time.Millisecond))
		if err != nil && !errors.Is(err, unix.EINTR) {
			panic(fmt.Sprintf("epoll_wait: %v", err)) // only a programming error can be the cause
		}
		cuts, stopping := l.gather(max(n, 0))
		for i, s := range l.ready {
			if s != nil {
				l.serve(s, l.events[i].Events)
			}
		}
		for _, s := range cuts {
			l.end(s, ErrAborted)
		}
		if stopping {
			l.endAll()
			return
		}
		if now := time.Now(); now.Sub(l.swept) >= sweepEvery {
			l.swept = now
			l.sweep(now)
		}
		runtime.Gosched() // the senders of a loaded machine should not have to wait for a preemption
	}
}

// gather finds the sockets of n events, and what others asked for.
func (l *loop) gather(n int) (cuts []*socket, stopping bool) {
	l.ready = l.ready[:0]
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events[:n] {
		var s *socket
		if int(e.Fd) != l.wake {
			s = l.sockets[e.Fd] // nil: ended since
		}
		l.ready = append(l.ready, s)
	}
	cuts, l.cuts = l.cuts, nil
	if l.awake {
		l.awake = false
		var b [8]byte
		_, _ = unix.Read(l.wake, b[:])
	}
	return cuts, l.stopping
}

// notifyLocked makes run look.
func (l *loop) notifyLocked() {
	if !l.awake {
		l.awake = true
		_, _ = unix.Write(l.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
}

func (l *loop) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopping = true
	l.notifyLocked()
}

// add makes run serve the socket.
func (l *loop) add(s *socket) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopping {
		return ErrClosed
	}
	for s.fd >= len(l.sockets) {
		l.sockets = append(l.sockets, make([]*socket, max(1024, len(l.sockets)))...)
	}
	event := unix.EpollEvent{Events: s.armed, Fd: int32(s.fd)} //nolint:gosec // file descriptors are small
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, s.fd, &event); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	l.sockets[s.fd] = s
	return nil
}

func (l *loop) all() []*socket {
	l.mu.Lock()
	defer l.mu.Unlock()
	var sockets []*socket
	for _, s := range l.sockets {
		if s != nil {
			sockets = append(sockets, s)
		}
	}
	return sockets
}

func (l *loop) endAll() {
	for _, s := range l.all() {
		s.conn.aborted.Store(true) // with RST: thousands of ports need not wait
		l.end(s, ErrAborted)
	}
}

// sweep ends the connections whose peers did not answer in time.
func (l *loop) sweep(now time.Time) {
	if l.swarm.awaited.Load() == 0 {
		return
	}
	for _, s := range l.all() {
		if at := s.conn.deadline.Load(); at != 0 && at < now.UnixNano() {
			s.conn.aborted.Store(true)
			l.end(s, ErrTimeout)
		}
	}
}

// end closes the socket and tells whom it concerns.
func (l *loop) end(s *socket, err error) {
	c := s.conn
	if c.stage == gone {
		return
	}
	c.complain(err)
	l.mu.Lock()
	l.sockets[s.fd] = nil
	l.mu.Unlock()
	c.mu.Lock()
	s.closeLocked(c.aborted.Load())
	c.mu.Unlock()
	c.finish(err)
}

// serve does what the event says.
func (l *loop) serve(s *socket, event uint32) {
	c := s.conn
	if c.stage == gone || c.aborted.Load() {
		return // it is among the cuts
	}
	broken := event&(unix.EPOLLERR|unix.EPOLLHUP) != 0
	if c.stage == connecting {
		if err := s.connected(); err != nil {
			l.end(s, err)
			return
		}
	}
	if event&unix.EPOLLOUT != 0 {
		if err := c.flush(); err != nil {
			broken = true
		}
	}
	for again := broken || event&unix.EPOLLIN != 0; again; {
		err := l.read(s, broken)
		again = broken && err == nil // to its end
		if err != nil && !errors.Is(err, errLater) {
			l.end(s, err)
		}
	}
}

// errLater says that there is nothing to read now.
var errLater = errors.New("later")

// read reads once, and handles what came.
func (l *loop) read(s *socket, broken bool) error {
	c := s.conn
	allowed, grant := c.budget()
	if broken {
		allowed = unlimited
	}
	if allowed == 0 {
		return errLater
	}
	kept := 0
	if len(c.partial) <= len(l.buf)/2 {
		kept = copy(l.buf, c.partial)
	}
	into := l.buf[kept:]
	if allowed > 0 && int64(len(into)) > allowed {
		into = into[:allowed]
	}
	n, err := unix.Read(s.fd, into)
	switch {
	case errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR):
		return errLater
	case err != nil:
		return fmt.Errorf("read: %w", err)
	case n == 0:
		return s.eof()
	}
	at := time.Now()
	l.swarm.bytesIn.Add(int64(n))
	c.spend(allowed, grant, n)
	return l.handle(c, kept, into[:n], at)
}

// handle feeds the kept bytes, which are the beginning of the loop's buffer
// unless they are too many, and those that came.
func (l *loop) handle(c *Conn, kept int, came []byte, at time.Time) error {
	var rest []byte
	var err error
	if kept < len(c.partial) {
		c.partial = append(c.partial, came...)
		if rest, err = c.feed(&l.workspace, c.partial, at); len(rest) > 0 {
			c.partial = rest
			return err
		}
	} else if rest, err = c.feed(&l.workspace, l.buf[:kept+len(came)], at); len(rest) > 0 {
		c.partial = append([]byte(nil), rest...)
		return err
	}
	c.partial = nil
	return err
}
