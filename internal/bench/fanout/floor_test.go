package fanout

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"

	"lifecircle/hub/wire"
)

// floor is the least that a server can be: sockets without net or net/http, an
// answer 101, the replies to connect and subscribe, and write(2).
type floor struct {
	listener, epoll int
	address         string
	writeOnce       func(fd int, b []byte) (int, error) // write(2)

	mu      sync.Mutex // guards what follows
	conns   map[int]*floorConn
	rooms   map[string]*room
	waiting []*room // with something pending
	members int
}

// room is a channel.
type room struct {
	name    string
	sockets []int
	offset  uint64
	pending []byte // frames, to be written to all
}

type floorConn struct {
	upgraded bool
	received []byte
	rooms    []*room
}

const (
	floorBacklog = 4096
	floorWait    = 5000 // ms, for a socket that is full
)

func newFloor(write func(int, []byte) (int, error)) (*floor, error) {
	f := &floor{writeOnce: write, conns: make(map[int]*floorConn), rooms: make(map[string]*room)}
	var err error
	if f.listener, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
		return nil, fmt.Errorf("make a socket: %w", err)
	}
	if err = unix.Bind(f.listener, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return nil, fmt.Errorf("bind: %w", err)
	}
	if err = unix.Listen(f.listener, floorBacklog); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	bound, err := unix.Getsockname(f.listener)
	if err != nil {
		return nil, fmt.Errorf("read the address: %w", err)
	}
	f.address = net.JoinHostPort("127.0.0.1", strconv.Itoa(bound.(*unix.SockaddrInet4).Port)) //nolint:forcetypeassert // it was made so
	if f.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	if err = f.watch(f.listener); err != nil {
		return nil, err
	}
	go fail(f.serve)
	return f, nil
}

func (f *floor) watch(fd int) error {
	if err := unix.EpollCtl(f.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}); err != nil {
		return fmt.Errorf("watch a socket: %w", err)
	}
	return nil
}

func (f *floor) serve() error {
	events := make([]unix.EpollEvent, 256)
	for {
		n, err := unix.EpollWait(f.epoll, events, -1)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("wait for sockets: %w", err)
		}
		for _, e := range events[:max(n, 0)] {
			if err := f.ready(int(e.Fd)); err != nil {
				return err
			}
		}
	}
}

func (f *floor) ready(fd int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fd == f.listener {
		return f.acceptLocked()
	}
	if err := f.readLocked(fd, f.conns[fd]); err != nil {
		f.dropLocked(fd)
	}
	return nil
}

func (f *floor) acceptLocked() error {
	for {
		fd, _, err := unix.Accept4(f.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return nil
		case errors.Is(err, unix.ECONNABORTED), errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("accept: %w", err)
		}
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
			return fmt.Errorf("set no delay: %w", err)
		}
		f.conns[fd] = new(floorConn)
		if err := f.watch(fd); err != nil {
			return err
		}
	}
}

var errGone = errors.New("the peer is gone")

func (f *floor) readLocked(fd int, c *floorConn) error {
	var buf [2048]byte
	n, err := unix.Read(fd, buf[:])
	switch {
	case errors.Is(err, unix.EAGAIN):
		return nil
	case err != nil:
		return fmt.Errorf("read: %w", err)
	case n == 0:
		return errGone
	}
	c.received = append(c.received, buf[:n]...)
	if !c.upgraded {
		end := bytes.Index(c.received, []byte("\r\n\r\n"))
		if end < 0 {
			return nil
		}
		if err := f.write(fd, answerRequest(c.received[:end])); err != nil {
			return err
		}
		c.upgraded, c.received = true, c.received[end+4:]
	}
	if err := f.commandsLocked(fd, c); err != nil {
		return err
	}
	if len(c.received) == 0 {
		c.received = nil // nothing is kept for an idle client
	}
	return nil
}

func answerRequest(request []byte) []byte {
	var key, protocol string
	for line := range bytes.SplitSeq(request, []byte("\r\n")) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch strings.ToLower(string(name)) {
		case "sec-websocket-key":
			key = string(bytes.TrimSpace(value))
		case "sec-websocket-protocol":
			protocol = string(bytes.TrimSpace(value))
		}
	}
	return upgradeAnswer(key, protocol)
}

// commandsLocked answers what whole frames there are.
func (f *floor) commandsLocked(fd int, c *floorConn) error {
	for {
		payload, rest, ok := clientFrame(c.received)
		if !ok {
			return nil
		}
		c.received = rest
		commands, err := wire.Decode(wire.JSON, payload, wire.DecodeLimits{})
		if err != nil {
			return fmt.Errorf("read a command: %w", err)
		}
		var answer []byte
		for i := range commands {
			if reply := f.replyLocked(fd, c, &commands[i]); reply != nil {
				msg, err := wire.AppendReply(nil, wire.JSON, reply)
				if err != nil {
					return fmt.Errorf("answer a command: %w", err)
				}
				answer = appendFrame(answer, msg)
			}
		}
		if err := f.write(fd, answer); err != nil {
			return err
		}
	}
}

func (f *floor) replyLocked(fd int, c *floorConn, cmd *wire.Command) *wire.Reply {
	switch {
	case cmd.Connect != nil:
		return &wire.Reply{ID: cmd.ID, Connect: &wire.ConnectResult{Client: strconv.Itoa(fd), Version: "floor"}}
	case cmd.Subscribe != nil:
		r := f.roomLocked(cmd.Subscribe.Channel)
		r.sockets = append(r.sockets, fd)
		c.rooms = append(c.rooms, r)
		f.members++
		return &wire.Reply{ID: cmd.ID, Subscribe: &wire.SubscribeResult{Recoverable: true, Positioned: true, Epoch: "e", Offset: r.offset}}
	default:
		return nil
	}
}

func (f *floor) roomLocked(name string) *room {
	r := f.rooms[name]
	if r == nil {
		r = &room{name: name}
		f.rooms[name] = r
	}
	return r
}

func (f *floor) dropLocked(fd int) {
	for _, r := range f.conns[fd].rooms {
		for i, s := range r.sockets {
			if s == fd {
				r.sockets = append(r.sockets[:i], r.sockets[i+1:]...)
				f.members--
				break
			}
		}
	}
	delete(f.conns, fd)
	_ = unix.Close(fd)
}

func (f *floor) addr() string { return f.address }
func (*floor) logReads() int  { return 0 }

func (f *floor) clients() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.members
}

func (f *floor) publish(channel string, data []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.roomLocked(channel)
	r.offset++
	msg, err := wire.AppendPush(nil, wire.JSON, &wire.Push{Channel: channel, Pub: &wire.Publication{Data: data, Offset: r.offset}})
	if err != nil {
		return fmt.Errorf("encode a publication: %w", err)
	}
	if len(r.pending) == 0 {
		f.waiting = append(f.waiting, r)
	}
	r.pending = appendFrame(r.pending, msg)
	return nil
}

// flush is the floor itself.
func (f *floor) flush() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.waiting {
		for _, fd := range r.sockets {
			if err := f.write(fd, r.pending); err != nil {
				return err
			}
		}
		r.pending = r.pending[:0]
	}
	f.waiting = f.waiting[:0]
	return nil
}

func (f *floor) write(fd int, b []byte) error {
	for len(b) > 0 {
		n, err := f.writeOnce(fd, b)
		switch {
		case errors.Is(err, unix.EAGAIN):
			if _, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, floorWait); err != nil && !errors.Is(err, unix.EINTR) {
				return fmt.Errorf("wait for a socket: %w", err)
			}
		case err != nil && !errors.Is(err, unix.EINTR):
			return fmt.Errorf("write: %w", err)
		default:
			b = b[max(n, 0):]
		}
	}
	return nil
}

// rawWrite is write(2) that Go's scheduler does not hear of. b is not empty.
func rawWrite(fd int, b []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}
