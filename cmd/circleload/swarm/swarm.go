package swarm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"
)

// Handler is told what comes in. Its methods are called from the goroutine
// that reads the connection, shared with thousands of others: they must not
// block.
type Handler interface {
	// Message takes a whole data message, inflated if it was compressed. The payload is valid until Message
	// returns. at is when its last bytes were read.
	Message(c *Conn, payload []byte, at time.Time)
	// Closed is the end of a connection that had opened. code is the peer's close code, 1005 if its close frame had
	// none, 1006 without a close frame; err is nil after a proper close, ErrAborted after Abort, else what went wrong.
	Closed(c *Conn, code int, reason string, err error)
}

// Options configure a Swarm. Only Handler is required.
type Options struct {
	Handler          Handler
	Loops            int           // goroutines that read, GOMAXPROCS
	MessageBytes     int           // largest message accepted, inflated, 16 MiB; beyond it close 1009
	SendBytes        int           // kept for one connection whose socket is full, 64 KiB
	HandshakeTimeout time.Duration // from Open to the answer of the upgrade, 10 s
	CloseTimeout     time.Duration // for the peer's answer to our close frame, and for the end of its side, 5 s
}

// Target says what to connect to, and how.
type Target struct {
	URL         string // ws://host:port/path?query; wss:// with a goroutine for each connection
	Subprotocol string // offered, and then required of the server; empty: none
	Header      http.Header
	Compress    bool // offer permessage-deflate without context takeover; a server may decline
	// ReceiveBytes is SO_RCVBUF, set before connecting so that the window is small from the start. 0: the kernel's.
	ReceiveBytes int
	// Sources are local addresses to connect from, used in turn: each has about 28,000 ports for one server. With none,
	// and a server on 127.0.0.0/8, addresses of that network are used as they are needed.
	Sources []netip.Addr
	// Data is Conn.Data from the start, before the first call of the Handler.
	Data any
}

var (
	// ErrAborted is what Closed says after Abort, and Dial when its context ends.
	ErrAborted = errors.New("aborted")
	// ErrFull says that the peer does not read and SendBytes are used up; the message was not sent.
	ErrFull = errors.New("the outgoing buffer is full")
	// ErrClosed says that the connection, or the swarm, is closed or closing.
	ErrClosed = errors.New("closed")
	// ErrTimeout says that the peer did not answer the handshake in time.
	ErrTimeout = errors.New("no answer in time")
	// ErrProtocol says that the peer broke the WebSocket protocol; the detail is wrapped around it.
	ErrProtocol = errors.New("protocol error")
)

// HandshakeError is an answer to the upgrade other than a sound 101.
type HandshakeError struct {
	Status     int           // of HTTP
	RetryAfter time.Duration // 0 if the server did not say
	Detail     string        // what was wrong, or the beginning of the body
}

func (e *HandshakeError) Error() string {
	return fmt.Sprintf("handshake answered %d: %s", e.Status, e.Detail)
}

// Stats are counters since the beginning, but Open, which is now.
type Stats struct {
	BytesIn, BytesOut       int64 // on the wire, handshakes and control frames included
	MessagesIn, MessagesOut int64 // data messages
	Open                    int64
	Opened, Failed          int64 // handshakes
}

// Dial opens a connection and waits for it. When ctx ends first, the attempt is
// aborted. Call it from many goroutines, or use Open, to connect many at once.
func (s *Swarm) Dial(ctx context.Context, t Target) (*Conn, error) {
	type result struct {
		c   *Conn
		err error
	}
	done := make(chan result, 1)
	c := s.Open(t, func(c *Conn, err error) { done <- result{c, err} })
	select {
	case r := <-done:
		return r.c, r.err
	case <-ctx.Done():
		c.Abort()
		if r := <-done; r.c != nil { // it opened at that moment; it is aborted and Closed will come
			return nil, context.Cause(ctx)
		}
		return nil, context.Cause(ctx)
	}
}
