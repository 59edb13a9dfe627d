package hub

import (
	"errors"
	"os"
	"slices"
	"sync"

	"lifecircle/hub/wire"
)

// maxBatchBytes is how much of a queue is joined into one frame and one write.
const maxBatchBytes = 32 << 10

// batch is the writer's scratch.
type batch struct {
	items []item
	buf   []byte
}

var batches = sync.Pool{New: func() any { return new(batch) }}

// wakeWriterLocked makes sure that somebody empties the queue. It needs c.mu.
func (c *Client) wakeWriterLocked() {
	if !c.writing && !c.ended {
		c.writing = true
		c.tasks.Go(c.write)
	}
}

// write empties the queue into the socket and ends when it is empty; a closing
// client gets its close frame then.
func (c *Client) write() {
	b := batches.Get().(*batch) //nolint:forcetypeassert // the pool holds nothing else
	defer func() {
		clear(b.items)
		batches.Put(b)
	}()
	for {
		c.mu.Lock()
		clear(b.items)
		b.items = c.queue.take(b.items[:0], maxBatchBytes)
		if len(b.items) == 0 {
			c.writing = false
			closing, now := c.closing, c.closing != nil && !c.closeSent
			c.closeSent = c.closeSent || now
			c.mu.Unlock()
			if now {
				c.writeClose(closing)
			}
			return
		}
		c.room.Broadcast()
		c.mu.Unlock()
		if err := c.transport.write(b.join(c.protocol)); err != nil {
			c.writeFailed(err)
			return
		}
	}
}

// join returns the bytes to write for the items: one frame with all messages.
func (b *batch) join(p wire.Protocol) []byte {
	if len(b.items) == 1 {
		return b.items[0].frame.bytes()
	}
	size := frameHeadroom
	for _, it := range b.items {
		size += len(it.frame.payload()) + 1 // a separator
	}
	b.buf = slices.Grow(b.buf[:0], size)[:frameHeadroom]
	payload := b.buf[frameHeadroom:]
	for _, it := range b.items {
		payload = wire.Join(p, payload, it.frame.payload()) // in place, there is room
	}
	return frame(b.buf[:frameHeadroom+len(payload)]).seal(dataFrame(p)).bytes()
}

func (c *Client) writeClose(d *Disconnect) {
	if d.Code == 0 || c.transport.write(closeFrame(d).bytes()) != nil {
		c.transport.abort()
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
	c.queue.clear()
	c.mu.Unlock()
	c.cancel()
	c.transport.abort()
}
