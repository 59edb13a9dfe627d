package fanout

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// crowd is many clients, read by whoever waits for something. It is for one goroutine.
type crowd struct {
	tb       testing.TB
	server   netip.AddrPort
	epoll    int
	viewers  []*viewer
	byFD     map[int]*viewer
	joined   int
	received int
	latency  []time.Duration
	buf      []byte
	faults   []string
}

// viewer is a client with one subscription.
type viewer struct {
	fd       int
	channel  string
	upgraded bool
	joined   bool
	rest     []byte // of a frame that has not come whole
	offset   uint64 // of the last publication
}

const (
	unjoinedAtOnce = 256
	patience       = 60 * time.Second // for what must come
	maxFaults      = 5
)

// newCrowd connects a client for each of the channels and waits for all subscriptions.
func newCrowd(tb testing.TB, addr string, channels []string) *crowd {
	tb.Helper()
	server, err := netip.ParseAddrPort(addr)
	if err != nil {
		tb.Fatal(err)
	}
	c := &crowd{tb: tb, server: server, byFD: make(map[int]*viewer), buf: make([]byte, 1<<20)}
	if c.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		tb.Fatal(err)
	}
	for i, channel := range channels {
		c.dial(&viewer{channel: channel})
		for i-c.joined >= unjoinedAtOnce {
			c.poll()
		}
	}
	c.await("subscriptions", func() bool { return c.joined == len(channels) })
	return c
}

func (c *crowd) dial(v *viewer) {
	c.tb.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Connect(fd, &unix.SockaddrInet4{Addr: c.server.Addr().As4(), Port: int(c.server.Port())})
	}
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err == nil {
		err = unix.EpollCtl(c.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
	}
	if err != nil {
		c.tb.Fatalf("connect: %v", err)
	}
	v.fd = fd
	c.viewers = append(c.viewers, v)
	c.byFD[fd] = v
	c.send(v, []byte("GET /connection/websocket HTTP/1.1\r\nHost: "+c.server.String()+"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: centrifuge-json\r\n\r\n"))
}

func (c *crowd) close() {
	for _, v := range c.viewers {
		_ = unix.Close(v.fd)
	}
	_ = unix.Close(c.epoll)
}

func (c *crowd) send(v *viewer, b []byte) {
	if _, err := unix.Write(v.fd, b); err != nil {
		c.tb.Fatalf("send: %v", err)
	}
}

// await reads until enough is true.
func (c *crowd) await(what string, enough func() bool) {
	c.tb.Helper()
	for deadline := time.Now().Add(patience); !enough(); c.poll() {
		if time.Now().After(deadline) {
			c.tb.Fatalf("waited too long for %s: %d subscribed, %d publications received", what, c.joined, c.received)
		}
	}
	if len(c.faults) > 0 {
		c.tb.Fatalf("clients saw: %v", c.faults)
	}
}

func (c *crowd) poll() {
	var events [512]unix.EpollEvent
	n, err := unix.EpollWait(c.epoll, events[:], 100)
	if err != nil && !errors.Is(err, unix.EINTR) {
		c.tb.Fatalf("wait for sockets: %v", err)
	}
	for _, e := range events[:max(n, 0)] {
		c.read(c.byFD[int(e.Fd)])
	}
}

func (c *crowd) fault(format string, args ...any) {
	if len(c.faults) < maxFaults {
		c.faults = append(c.faults, fmt.Sprintf(format, args...))
	}
}

func (c *crowd) read(v *viewer) {
	n, err := unix.Read(v.fd, c.buf)
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return
	case err != nil || n == 0:
		c.tb.Fatalf("a client was cut off: %v", err)
	}
	now, b := time.Now(), c.buf[:n]
	if len(v.rest) > 0 {
		b = append(v.rest, b...)
		v.rest = nil
	}
	if !v.upgraded {
		end := bytes.Index(b, []byte("\r\n\r\n"))
		if end < 0 {
			v.rest = bytes.Clone(b)
			return
		}
		if !bytes.HasPrefix(b, []byte("HTTP/1.1 101 ")) {
			c.tb.Fatalf("the server answered %q", b)
		}
		v.upgraded, b = true, b[end+4:]
		c.send(v, maskedFrame([]byte(`{"id":1,"connect":{}}`+"\n"+`{"id":2,"subscribe":{"channel":`+strconv.Quote(v.channel)+`}}`)))
	}
	for {
		payload, rest, ok := serverFrame(b)
		if !ok {
			v.rest = bytes.Clone(b)
			if len(b) == 0 {
				v.rest = nil
			}
			return
		}
		for line := range bytes.SplitSeq(payload, []byte("\n")) {
			c.message(v, line, now)
		}
		b = rest
	}
}

func (c *crowd) message(v *viewer, line []byte, now time.Time) {
	switch {
	case bytes.HasPrefix(line, []byte(`{"push":`)):
		at, ok := numberAfter(line, messageHead)
		offset, hasOffset := numberAfter(line[max(0, len(line)-40):], `"offset":`)
		if !ok || !hasOffset {
			return // a push of another kind
		}
		if v.offset != 0 && uint64(offset) != v.offset+1 {
			c.fault("offset %d after %d on %s", offset, v.offset, v.channel)
		}
		v.offset = uint64(offset)
		c.received++
		c.latency = append(c.latency, now.Sub(time.Unix(0, at)))
	case string(line) == "{}":
		c.send(v, maskedFrame([]byte("{}")))
	case bytes.Contains(line, []byte(`"error":`)):
		c.fault("answer %s", line)
	case bytes.HasPrefix(line, []byte(`{"id":2,`)) && !v.joined:
		v.joined = true
		c.joined++
	}
}

func numberAfter(line []byte, name string) (int64, bool) {
	at := bytes.Index(line, []byte(name))
	if at < 0 {
		return 0, false
	}
	digits := line[at+len(name):]
	end := bytes.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
	n, err := strconv.ParseInt(string(digits[:max(end, 0)]), 10, 64)
	return n, err == nil
}

// maskedFrame is a client's frame of less than 126 bytes, masked with zeros.
func maskedFrame(payload []byte) []byte {
	return append([]byte{0x81, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...)
}

func serverFrame(b []byte) (payload, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	head, n := 2, int(b[1])
	switch n {
	case 126:
		if len(b) < 4 {
			return nil, nil, false
		}
		head, n = 4, int(binary.BigEndian.Uint16(b[2:]))
	case 127:
		if len(b) < 10 {
			return nil, nil, false
		}
		head, n = 10, int(binary.BigEndian.Uint64(b[2:]))
	}
	if len(b) < head+n {
		return nil, nil, false
	}
	return b[head : head+n], b[head+n:], true
}

// percentile is the latency that the given part of the deliveries did not exceed.
func (c *crowd) percentile(part float64) time.Duration {
	if len(c.latency) == 0 {
		return 0
	}
	slices.Sort(c.latency)
	return c.latency[int(float64(len(c.latency)-1)*part)]
}
