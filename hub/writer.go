package hub

import (
	"errors"
	"os"
	"sync"
)

// maxBatchBytes is how much of a queue goes to the kernel in one write.
const maxBatchBytes = 32 << 10

// maxAhead is how much more than Options.QueueBytes may wait for a client whose
// socket has taken everything so far: the parts of one fan-out, shared by all.
const maxAhead = 2 * maxInboxBytes

// writer is the scratch of whoever writes to a socket.
type writer struct {
	items []item
	buf   []byte
	kernelWrite
}

var writers = sync.Pool{New: func() any {
	w := new(writer)
	w.init()
	return w
}}

func getWriter() *writer { return writers.Get().(*writer) } //nolint:forcetypeassert // the pool holds nothing else

// release gives w back, and takes nil.
func (w *writer) release() {
	if w != nil {
		clear(w.items)
		w.items = w.items[:0]
		writers.Put(w)
	}
}

// A client is written to by one at a time: whoever finds Client.writing unset
// sets it, and then writes until the queue is empty (flush). It is a fan-out
// that does so for many clients, or whoever queued something for this one. None
// of them waits for the socket: what that does not take at once is left to a
// goroutine of the client (writeSlowly), and what comes meanwhile waits in the
// queue.

// claimLocked takes the right to write if nobody has it and there is something to do. It needs c.mu.
func (c *Client) claimLocked() bool {
	if c.writing || c.ended || c.queue.empty() && (c.closing == nil || c.closeSent) {
		return false
	}
	c.writing = true
	return true
}

// wakeWriterLocked makes sure that somebody empties the queue, without writing
// here: for callers that hold locks. It needs c.mu.
func (c *Client) wakeWriterLocked() {
	if c.claimLocked() {
		c.tasks.Go(func() { c.flush(nil, nil) })
	}
}

// send queues it and writes what can be written.
func (c *Client) send(it item) {
	c.mu.Lock()
	c.enqueueLocked(it)
	mine := c.claimLocked()
	c.mu.Unlock()
	if mine {
		c.flush(nil, nil)
	}
}

// maxTurns is how many batches of one client a fan-out writes before it goes on
// to the next: a queue may fill as fast as it is emptied.
const maxTurns = 4

// flush writes first and then what is queued, without waiting for the socket,
// and gives the right to write back. A fan-out brings its scratch, for others w is nil.
func (c *Client) flush(first []byte, w *writer) {
	passing := w != nil
	if !passing {
		w = getWriter()
		defer func() { w.release() }()
	}
	b := first
	for turn := 0; ; turn++ {
		if len(b) > 0 {
			n, err := c.socket.tryWrite(&w.kernelWrite, b)
			if err != nil {
				c.writeFailed(err)
				return
			}
			if n < len(b) {
				c.leaveToSlow(b[n:], w)
				return
			}
		}
		if passing && turn == maxTurns && c.flushAside() {
			return
		}
		if b = c.nextBatch(w); b == nil {
			return
		}
	}
}

// flushAside has a goroutine go on with the queue.
func (c *Client) flushAside() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return false
	}
	c.tasks.Go(func() { c.flush(nil, nil) })
	return true
}

// leaveToSlow has a goroutine write the rest, which may lie in w's buffer.
func (c *Client) leaveToSlow(rest []byte, w *writer) {
	if len(w.items) > 1 {
		rest = append([]byte(nil), rest...)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		c.writing = false
		return
	}
	c.slow = true
	c.tasks.Go(func() { c.writeSlowly(rest) })
}

// writeSlowly is flush by a goroutine that waits for the socket.
func (c *Client) writeSlowly(rest []byte) {
	w := getWriter()
	defer w.release()
	for b := rest; b != nil; b = c.nextBatch(w) {
		if err := c.socket.write(b, c.node.opts.WriteTimeout); err != nil {
			c.writeFailed(err)
			return
		}
	}
}

// nextBatch takes from the queue what is to be written next. With nil there is
// nothing, and somebody else may write. A closing client gets its close frame last.
func (c *Client) nextBatch(w *writer) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.queue.empty() {
		return c.lastBytesLocked()
	}
	clear(w.items)
	w.items = c.queue.take(w.items[:0], maxBatchBytes)
	c.countQueueLocked()
	c.room.Broadcast()
	if len(w.items) == 1 {
		return w.items[0].bytes
	}
	w.buf = w.buf[:0]
	for _, it := range w.items {
		w.buf = append(w.buf, it.bytes...)
	}
	return w.buf
}

// lastBytesLocked returns the close frame if it is time for it. It needs c.mu.
func (c *Client) lastBytesLocked() []byte {
	if d := c.closing; d != nil && !c.closeSent && d.Code != 0 && !c.ended {
		c.closeSent = true
		return closeFrame(d).bytes()
	}
	c.writing, c.slow = false, false
	return nil
}

// countQueueLocked keeps Stats.QueueBytes. It needs c.mu.
func (c *Client) countQueueLocked() {
	if d := c.queue.bytes - c.counted; d != 0 {
		c.counted = c.queue.bytes
		c.node.stats.queued.Add(int64(d))
	}
}

// writeFailed gives the connection up; the reader will notice.
func (c *Client) writeFailed(err error) {
	c.mu.Lock()
	c.writing = false
	if c.closing == nil {
		c.closing = DisconnectSlow
		c.node.stats.disconnects.Add(1)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			c.node.stats.slow.Add(1)
		}
		c.room.Broadcast()
	}
	c.clearQueueLocked()
	c.cancelWorkLocked()
	c.mu.Unlock()
	c.abort()
}

// clearQueueLocked forgets what waits. It needs c.mu.
func (c *Client) clearQueueLocked() {
	c.queue.clear()
	c.countQueueLocked()
}
