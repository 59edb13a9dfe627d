package hub

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/coder/websocket"
)

// socket is the way to a peer. The library shakes hands, reads, and answers
// control frames. What it writes, always a whole control frame, goes into the
// client's queue like everything else: so nothing can come between the parts of
// a frame that the kernel took in pieces.
type socket struct {
	ws     *websocket.Conn
	conn   *queuedConn
	reader *bufio.Reader // the library's
	raw    syscall.RawConn
	slot   slot // in the poller
}

// next waits for the next message, for which at most limit bytes are taken from
// the network; one caller at a time. An error is final.
func (s *socket) next(limit int64) (io.Reader, error) {
	s.expect(limit)
	_, r, err := s.ws.Reader(context.Background()) // ended by abort
	if err != nil {
		return nil, fmt.Errorf("await a message: %w", err)
	}
	return r, nil
}

// messages are buffers of readers: most of a message is kept by nobody, if it
// is refused, and else exactly so many bytes.
var messages = sync.Pool{New: func() any {
	b := make([]byte, 0, messageBuffer)
	return &b
}}

const (
	messageBuffer  = 2 << 10
	maxKeptMessage = 16 << 10 // a larger buffer does not go back to the pool
)

func releaseMessage(b *[]byte) {
	if cap(*b) <= maxKeptMessage {
		messages.Put(b)
	}
}

// appendMessage reads all of a message.
func appendMessage(b []byte, r io.Reader) ([]byte, error) {
	for {
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case errors.Is(err, io.EOF):
			return b, nil
		case err != nil:
			return b, fmt.Errorf("read a message: %w", err)
		case len(b) == cap(b):
			b = slices.Grow(b, cap(b))
		}
	}
}

// expect lets a message of the limit come. Control frames before it do not count,
// nor do headers and what the reader takes of the next message.
func (s *socket) expect(limit int64) { s.conn.budget = limit + 2*readBuffer }

// buffered tells whether something was received that is not read yet.
func (s *socket) buffered() bool {
	return len(s.conn.early) > 0 || s.conn.ahead != nil || s.reader.Buffered() > 0
}

// slowWrite is how much is written within one write timeout: whoever takes
// that much each time is slow, but there.
const slowWrite = 8 << 10

// write waits until the peer has taken b; one caller at a time, tryWrite included. An error is final.
func (s *socket) write(b []byte, timeout time.Duration) error {
	conn := s.conn.Conn
	for len(b) > 0 {
		if err := conn.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
			return fmt.Errorf("bound a write: %w", err)
		}
		n, err := conn.Write(b[:min(len(b), slowWrite)])
		if err != nil {
			return fmt.Errorf("write to the socket: %w", err)
		}
		b = b[n:]
	}
	if err := conn.SetWriteDeadline(time.Time{}); err != nil { // tryWrite has none
		return fmt.Errorf("unbound writes: %w", err)
	}
	return nil
}

// abort makes read and write fail. It may be called at any time, and again.
func (s *socket) abort() { _ = s.conn.Close() }

// release gives back what the library holds, when nothing reads or writes any more.
func (s *socket) release() { _ = s.ws.CloseNow() }

// queuedConn is the connection as the library sees it.
type queuedConn struct {
	net.Conn
	early  []byte          // what the client sent behind its handshake
	raw    syscall.RawConn // nil: it can only be waited for
	ahead  *readAhead      // what was received and not taken yet; nil: nothing
	budget int64           // bytes that may still be read for this message
	client *Client         // set before the library writes
}

// errTooBig ends a connection whose message does not end: the library counts
// what is inflated, and a message may be long without growing.
var errTooBig = errors.New("a message is too long")

func (c *queuedConn) Read(b []byte) (int, error) {
	n, err := c.receive(b)
	if c.budget -= int64(n); c.budget < 0 {
		return 0, errTooBig
	}
	return n, err
}

func (c *queuedConn) receive(b []byte) (int, error) {
	if len(c.early) > 0 {
		n := copy(b, c.early)
		if c.early = c.early[n:]; len(c.early) == 0 {
			c.early = nil
		}
		return n, nil
	}
	if c.ahead == nil && c.raw != nil && len(b) < aheadBytes {
		if err := c.readAhead(); err != nil {
			return 0, err
		}
	}
	if c.ahead != nil {
		n := copy(b, c.ahead.rest)
		if c.ahead.rest = c.ahead.rest[n:]; len(c.ahead.rest) == 0 {
			aheads.Put(c.ahead)
			c.ahead = nil
		}
		return n, nil
	}
	return c.Conn.Read(b) //nolint:wrapcheck // the library looks for io.EOF
}

// aheadBytes is how much is received at once of a client that has sent several
// commands, or a long one: the library asks for it in small pieces.
const aheadBytes = 16 << 10

// readAhead is one attempt to read, and what it brought. A client has one only
// while somebody is busy with what it said.
type readAhead struct {
	rest []byte // of buf
	kernelRead
	buf [aheadBytes]byte
}

var aheads = sync.Pool{New: func() any {
	a := new(readAhead)
	a.init()
	return a
}}

// readAhead takes what has arrived, which may be nothing.
func (c *queuedConn) readAhead() error {
	a := aheads.Get().(*readAhead) //nolint:forcetypeassert // the pool holds nothing else
	n, err := a.tryRead(c.raw, a.buf[:])
	if n == 0 {
		aheads.Put(a)
		return err //nolint:wrapcheck // the library looks for io.EOF
	}
	a.rest = a.buf[:n]
	c.ahead = a
	return nil
}

// pongKey is no key of a message: those begin with a channel's name.
const pongKey = "\x00pong"

// Write queues a control frame. Of several pings only the last need be answered
// (RFC 6455 section 5.5.3), or a client could have thousands of answers wait.
func (c *queuedConn) Write(b []byte) (int, error) {
	it := item{bytes: bytes.Clone(b)}
	if b[0] == finPong {
		it.kind, it.key = droppable, pongKey
	}
	c.client.send(it)
	return len(b), nil
}

// Buffers of a socket that mostly waits. The library's control frames have at most 127 bytes.
const (
	readBuffer  = 256
	writeBuffer = 256
)

// hijack takes the connection over from net/http, with smaller buffers.
type hijack struct {
	http.ResponseWriter
	buffer int // see Options.SocketBuffer
	conn   *queuedConn
	reader *bufio.Reader
}

// Hijack implements http.Hijacker for websocket.Accept.
func (h *hijack) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, fmt.Errorf("take over the connection: %w", err)
	}
	if sized, ok := conn.(interface{ SetWriteBuffer(bytes int) error }); ok {
		if err := sized.SetWriteBuffer(h.buffer); err != nil {
			_ = conn.Close() // nobody else will
			return nil, nil, fmt.Errorf("bound the socket's buffer: %w", err)
		}
	}
	h.conn = &queuedConn{Conn: conn}
	if early, err := rw.Peek(rw.Reader.Buffered()); err == nil && len(early) > 0 {
		h.conn.early = bytes.Clone(early)
	}
	h.reader = bufio.NewReaderSize(h.conn, readBuffer)
	return h.conn, bufio.NewReadWriter(h.reader, bufio.NewWriterSize(h.conn, writeBuffer)), nil
}
