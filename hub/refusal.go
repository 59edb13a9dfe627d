package hub

import (
	"sync"
	"time"

	"lifecircle/hub/wire"
)

// refusalDelay is how long an overloaded node lets refusals of a client wait
// for each other, and the client's next commands in its socket: most of what a
// refusal costs is its read and its write, and bad news sent later has clients
// try again later. Pongs may lie behind such commands, so meanwhile none is due.
const refusalDelay = 200 * time.Millisecond

// refusalTick is how often clients are looked for that have waited so long: all
// at once would find room together, and then nobody.
const refusalTick = refusalDelay / 16

// refusals are the clients that have some waiting in their queues, each at most once.
type refusals struct {
	mu      sync.Mutex // guards what follows; a leaf
	clients []refused  // by time
	flushed bool       // a goroutine will flush them
}

// refused is a client and when it was refused the first of what waits.
type refused struct {
	*Client
	at time.Time
}

// takeLocked takes out the clients that were refused something at that time or
// before, at last all. It needs r.mu.
func (r *refusals) takeLocked(dst []refused, before time.Time, all bool) []refused {
	n := 0
	for n < len(r.clients) && (all || !r.clients[n].at.After(before)) {
		n++
	}
	dst = append(dst, r.clients[:n]...)
	clear(r.clients[:n])
	r.clients = r.clients[n:]
	return dst
}

// refuseLater answers a command with error 111, some time soon. It returns false
// if the client is not connected, or does not read its answers: then the
// command must wait like any other.
func (c *Client) refuseLater(id uint32) bool {
	e := ErrTooManyRequests
	f, err := c.encodeReply(&wire.Reply{ID: id, Error: &wire.Error{Code: e.Code, Message: e.Message, Temporary: e.Temporary}}, 0)
	if err != nil {
		return false
	}
	c.mu.Lock()
	if c.state != stateConnected || c.queue.bytes > c.node.opts.QueueBytes/2 {
		c.mu.Unlock()
		return false
	}
	c.enqueueLocked(item{bytes: f.bytes(), kind: required})
	first := !c.refused
	c.refused = true
	c.mu.Unlock()
	c.node.stats.commandsRefused.Add(1)
	if first {
		c.node.flushRefusalsSoon(c)
	}
	return true
}

func (n *Node) flushRefusalsSoon(c *Client) {
	r := &n.refusals
	r.mu.Lock()
	r.clients = append(r.clients, refused{Client: c, at: time.Now()})
	begin := !r.flushed
	r.flushed = true
	r.mu.Unlock()
	if begin && !n.spawn(n.flushRefusals) {
		c.mu.Lock()
		c.refused = false // the node is stopped
		c.mu.Unlock()
		c.endRest()
	}
}

// flushRefusals writes what has waited long enough, until nothing waits.
func (n *Node) flushRefusals() {
	var due []refused
	for {
		pause(n.ctx, refusalTick)
		r := &n.refusals
		r.mu.Lock()
		clear(due)
		due = r.takeLocked(due[:0], time.Now().Add(-refusalDelay), n.ctx.Err() != nil)
		r.flushed = len(due) > 0 || len(r.clients) > 0
		again := r.flushed
		r.mu.Unlock()
		if !again {
			return
		}
		w := getWriter()
		for _, c := range due {
			c.mu.Lock()
			c.refused = false
			mine := c.claimLocked()
			c.mu.Unlock()
			if mine {
				c.flush(nil, w)
			}
			c.endRest()
		}
		w.release()
	}
}

// endRest has the poller watch a client again that parked while it was refused.
func (c *Client) endRest() {
	c.mu.Lock()
	failed := false
	if c.resting {
		c.resting = false
		c.endStallLocked()
		failed = c.parked && c.node.poller.arm(c.socket) != nil
	}
	c.mu.Unlock()
	if failed {
		c.resume() // to see why
	}
}
