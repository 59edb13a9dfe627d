package swarm

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"runtime"
	"sync"
	"sync/atomic"
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
	TLS              *tls.Config   // for wss://; nil: the system's authorities
}

func (o Options) withDefaults() (Options, error) {
	if o.Handler == nil {
		return o, errors.New("a swarm needs a handler")
	}
	orDefault(&o.Loops, runtime.GOMAXPROCS(0))
	orDefault(&o.MessageBytes, 16<<20)
	orDefault(&o.SendBytes, 64<<10)
	orDefault(&o.HandshakeTimeout, 10*time.Second)
	orDefault(&o.CloseTimeout, 5*time.Second)
	return o, nil
}

func orDefault[T int | time.Duration](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
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

// Swarm is a set of connections.
type Swarm struct {
	opts    Options
	loops   []*loop
	turn    atomic.Uint64 // of the next connection: which loop, which source
	streams streams

	awaited           atomic.Int64 // connections with a deadline
	bytesIn, bytesOut atomic.Int64
	messagesIn        atomic.Int64
	messagesOut       atomic.Int64
	open              atomic.Int64
	opened, failed    atomic.Int64
	hosts             hosts
	wg                sync.WaitGroup // the loops
	closing           sync.Once
}

// New starts the loops. Close must follow.
func New(o Options) (*Swarm, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Swarm{opts: o}
	for i := range o.Loops {
		l, err := newLoop(s, i)
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("make a loop: %w", err)
		}
		s.loops = append(s.loops, l)
		s.wg.Go(l.run)
	}
	s.streams.swarm = s
	return s, nil
}

// Close aborts every connection and ends every goroutine; it returns when all
// calls of the Handler have returned. Do not call it from the Handler.
func (s *Swarm) Close() {
	s.closing.Do(func() {
		for _, l := range s.loops {
			l.stop()
		}
		s.streams.stop()
	})
	s.wg.Wait()
}

// Stats tells what went through the swarm. It is cheap, and exact only when nothing moves.
func (s *Swarm) Stats() Stats {
	return Stats{
		BytesIn: s.bytesIn.Load(), BytesOut: s.bytesOut.Load(),
		MessagesIn: s.messagesIn.Load(), MessagesOut: s.messagesOut.Load(),
		Open: s.open.Load(), Opened: s.opened.Load(), Failed: s.failed.Load(),
	}
}

// Loops is how many loops there are; Conn.Loop is below it.
func (s *Swarm) Loops() int { return len(s.loops) }

// Open begins a connection and returns at once; only the first lookup of a
// host's name waits. opened is called exactly once, before any call of the
// Handler for the connection, from the goroutine that reads it, or from Open
// itself if the attempt fails at once. The Conn given back is good for Abort
// while the attempt is under way.
func (s *Swarm) Open(t Target, opened func(c *Conn, err error)) *Conn {
	turn := s.turn.Add(1) - 1
	c := &Conn{Data: t.Data, swarm: s, loop: int32(turn % uint64(len(s.loops)))} //nolint:gosec // few loops
	c.allowed.Store(unlimited)
	fail := func(err error) *Conn {
		s.failed.Add(1)
		opened(nil, fmt.Errorf("connect to %s: %w", t.URL, err))
		return c
	}
	u, err := url.Parse(t.URL)
	if err != nil {
		return fail(err)
	}
	if u.Scheme != "ws" && u.Scheme != "wss" {
		return fail(fmt.Errorf("the scheme is %q, neither ws nor wss", u.Scheme))
	}
	c.shake = newHandshake(u, &t, opened)
	addr, err := s.hosts.lookup(u)
	if err != nil {
		return fail(err)
	}
	c.expect(s.opts.HandshakeTimeout)
	begin := s.loops[c.loop].begin
	if u.Scheme == "wss" || portable {
		begin = s.streams.begin
	}
	if err := begin(c, route{to: addr, host: u.Hostname(), tls: u.Scheme == "wss", receiveBytes: t.ReceiveBytes, sources: t.Sources, turn: turn}); err != nil {
		c.expect(0)
		return fail(err)
	}
	return c
}

// closed tells the Handler.
func (s *Swarm) closed(c *Conn, code int, reason string, err error) {
	s.open.Add(-1)
	s.opts.Handler.Closed(c, code, reason, err)
}

// Dial opens a connection and waits for it. When ctx ends first, the attempt is
// aborted. To connect many at once, call it from many goroutines, or use Open.
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
		c.Abort() // it may open at this very moment; Closed comes then
		<-done
		return nil, fmt.Errorf("connect to %s: %w", t.URL, context.Cause(ctx))
	}
}
