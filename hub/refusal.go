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

// refuseLater answers a command with an error, some time soon.
func (c *Client) refuseLater(id uint32, e *Error) {
	f, err := c.encodeReply(&wire.Reply{ID: id, Error: &wire.Error{Code: e.Code, Message: e.Message, Temporary: e.Temporary}}, 0)
	if err != nil {
		return // it holds no data that could fail
	}
	c.node.stats.commandsRefused.Add(1)
	c.mu.Lock()
	c.enqueueLocked(item{bytes: f.bytes(), kind: required}) // few, as the commands of a client are paced, and nobody reads from one who does not read
	first := !c.refused
	c.refused = true
	c.mu.Unlock()
	if first {
		c.node.flushRefusalsSoon(c)
	}
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
