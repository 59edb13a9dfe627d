package hub

import (
	"sync"
	"time"

	"lifecircle/hub/wire"
)

// refusalDelay is how long an overloaded node lets refusals of a client wait
// for each other: most of what one costs is its write, and bad news sent later
// has clients try again later.
const refusalDelay = 200 * time.Millisecond

// refusals are the clients that have some waiting in their queues, each at most once.
type refusals struct {
	mu      sync.Mutex // guards what follows; a leaf
	clients []*Client
	flushed bool // a goroutine will flush them
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
	r.clients = append(r.clients, c)
	begin := !r.flushed
	r.flushed = true
	r.mu.Unlock()
	if begin && !n.spawn(n.flushRefusals) {
		c.mu.Lock()
		c.refused = false // the node is stopped
		c.mu.Unlock()
	}
}

// flushRefusals writes what waits, until nothing does.
func (n *Node) flushRefusals() {
	for {
		pause(n.ctx, refusalDelay)
		r := &n.refusals
		r.mu.Lock()
		clients := r.clients
		r.clients = nil
		r.flushed = len(clients) > 0
		r.mu.Unlock()
		if len(clients) == 0 {
			return
		}
		w := getWriter()
		for _, c := range clients {
			c.mu.Lock()
			c.refused = false
			mine := c.claimLocked()
			c.mu.Unlock()
			if mine {
				c.flush(nil, w)
			}
		}
		w.release()
	}
}
