package swarm

import (
	"sync"
	"sync/atomic"
	"time"
)

// Conn is one connection. All methods may be called from any goroutine, also
// from within the Handler.
type Conn struct {
	// Data is the caller's own. Set it by Target.Data; change it in calls of the Handler only.
	Data any

	swarm *Swarm
	link  link  // nil if the attempt failed before there was one
	loop  int32 // number of the loop

	// What follows belongs to the goroutine that reads.
	stage      stage
	compressed bool
	shake      *handshake // until it is open
	partial    []byte     // the beginning of a frame whose end has not come
	fragments  *message   // of which more is to come

	deadline atomic.Int64 // UnixNano, when the peer must have answered; 0: nothing is awaited
	allowed  atomic.Int64 // bytes that may still be read; unlimited, or 0 when paused
	aborted  atomic.Bool

	mu      sync.Mutex // guards what follows, and the link's write and watch; a leaf
	grants  uint32     // times that allowed was set, to tell a new allowance from what is left of an old one
	isOpen  bool       // the handshake succeeded
	sending bool       // and no close frame has been sent
	out     []byte     // what the kernel did not take
}

const unlimited = -1

// link is a connection's way to the kernel. write and watch are called with Conn.mu held.
type link interface {
	// write takes what it can without waiting.
	write(b []byte) (int, error)
	// watch says that Conn.out or Conn.allowed has changed: what is to be waited for may have.
	watch()
	// cut wakes the goroutine that reads, to end the connection; Conn.aborted is set.
	cut()
}

// Loop tells which of the swarm's loops reads the connection: over epoll, calls
// of the Handler with the same number never overlap, so it can choose a shard of counters.
func (c *Conn) Loop() int { return int(c.loop) }

// SendText sends a text message. It fails with ErrFull or ErrClosed, or because
// the connection broke; it never blocks.
func (c *Conn) SendText(message []byte) error { return c.sendData(opText, message) }

// SendBinary is SendText for a binary message.
func (c *Conn) SendBinary(message []byte) error { return c.sendData(opBinary, message) }

func (c *Conn) sendData(op byte, message []byte) error {
	err := c.send(op, message)
	if err == nil {
		c.swarm.messagesOut.Add(1)
	}
	return err
}

// frames are buffers to build frames in: nearly all go to the kernel at once.
var frames = sync.Pool{New: func() any { return new([]byte) }}

func (c *Conn) send(op byte, payload []byte) error {
	buf := frames.Get().(*[]byte)
	defer frames.Put(buf)
	*buf = appendFrame((*buf)[:0], op, payload)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.sending {
		return ErrClosed
	}
	return c.pushLocked(*buf)
}

// pushLocked gives bytes to the kernel, or keeps them until it takes them.
func (c *Conn) pushLocked(b []byte) error {
	if len(c.out) > 0 {
		if len(c.out)+len(b) > c.swarm.opts.SendBytes {
			return ErrFull
		}
		c.out = append(c.out, b...)
		return nil
	}
	n, err := c.link.write(b)
	if err != nil {
		return err
	}
	c.swarm.bytesOut.Add(int64(n))
	if n < len(b) {
		c.out = append([]byte(nil), b[n:]...) // also beyond SendBytes: a frame cannot be half sent
		c.link.watch()
	}
	return nil
}

// Close says goodbye with a close frame; Closed comes with the peer's answer,
// or after Options.CloseTimeout. Before the connection is open it is Abort.
func (c *Conn) Close(code int, reason string) {
	c.mu.Lock()
	if c.isOpen && !c.sending {
		c.mu.Unlock()
		return
	}
	err := ErrClosed
	if c.isOpen {
		err = c.pushLocked(appendClose(nil, code, reason))
	}
	c.sending = false
	c.mu.Unlock()
	if err != nil { // or it is too early, or too full
		c.Abort()
		return
	}
	c.expect(c.swarm.opts.CloseTimeout)
	c.Resume()
}

// answerClose echoes the peer's close frame, unless we sent ours.
func (c *Conn) answerClose(code int) {
	if code == codeNone {
		code = 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sending {
		c.sending = false
		_ = c.pushLocked(appendClose(nil, code, ""))
	}
}

// complain tells the peer what it did wrong, if it did and there is room.
func (c *Conn) complain(err error) {
	code := closeCode(err)
	if code == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sending {
		c.sending = false
		_ = c.pushLocked(appendClose(nil, code, ""))
	}
}

// Abort cuts the connection with RST, and drops what was not read. Closed
// follows with ErrAborted; a message being handled is not interrupted.
func (c *Conn) Abort() {
	if c.link == nil || c.aborted.Swap(true) {
		return
	}
	c.mu.Lock()
	c.sending = false
	c.mu.Unlock()
	c.link.cut()
}

// Pause stops reading, so that the peer's bytes fill the kernel's buffers and
// then the peer's. Over epoll a connection that broke is read to its end even so.
func (c *Conn) Pause() { c.allow(0) }

// Resume goes on reading.
func (c *Conn) Resume() { c.allow(unlimited) }

// ResumeFor goes on reading for at most n bytes, and pauses again: a client on
// a slow line. What was left of an earlier call is forgotten.
func (c *Conn) ResumeFor(n int) { c.allow(max(int64(n), 0)) }

func (c *Conn) allow(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.allowed.Store(n)
	c.grants++
	if c.link != nil {
		c.link.watch()
	}
}

// budget is what may be read, and which allowance that is.
func (c *Conn) budget() (allowed int64, grant uint32) {
	if allowed = c.allowed.Load(); allowed == unlimited {
		return allowed, 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.allowed.Load(), c.grants
}

// spend takes n bytes that were read off the allowance, if there is no newer one.
func (c *Conn) spend(allowed int64, grant uint32, n int) {
	if allowed == unlimited {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.grants == grant {
		c.allowed.Store(max(allowed-int64(n), 0))
		c.link.watch()
	}
}

// expect sets the time that the peer has, 0 for all of it.
func (c *Conn) expect(d time.Duration) {
	var at int64
	if d > 0 {
		at = time.Now().Add(d).UnixNano()
	}
	was := c.deadline.Swap(at)
	switch {
	case was == 0 && at != 0:
		c.swarm.awaited.Add(1)
	case was != 0 && at == 0:
		c.swarm.awaited.Add(-1)
	}
}

// flush gives the kernel what it did not take before.
func (c *Conn) flush() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.out) == 0 {
		return nil
	}
	n, err := c.link.write(c.out)
	if err != nil {
		return err
	}
	c.swarm.bytesOut.Add(int64(n))
	if c.out = c.out[n:]; len(c.out) == 0 {
		c.out = nil
		c.link.watch()
	}
	return nil
}

// finish is the end of a connection, whatever its stage, for the goroutine that
// reads; the link is to be closed after it.
func (c *Conn) finish(err error) {
	was := c.stage
	c.stage = gone
	c.partial, c.fragments = nil, nil
	c.expect(0)
	c.mu.Lock()
	c.sending, c.out = false, nil
	c.mu.Unlock()
	switch was {
	case connecting, shaking:
		opened := c.shake.opened
		c.shake = nil
		c.swarm.failed.Add(1)
		opened(nil, err)
	case open:
		c.swarm.closed(c, codeAbnormal, "", err)
	case ended, gone: // told already
	}
}
