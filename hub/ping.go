package hub

import (
	"context"
	"math/rand/v2"
	"time"
)

// clientClock is when a client needs attention; zero times are off. Guarded by Client.mu.
type clientClock struct {
	staleAt   time.Time // it must have sent connect
	pingAt    time.Time // it gets the next ping
	pongBy    time.Time // it must have answered the last one
	expiresAt time.Time // its credentials expire; Options.ExpiryGrace later it is cut
	closeBy   time.Time // it must have answered our close frame
}

// watchDeadlines attends to clients when it is time, until ctx ends.
func (n *Node) watchDeadlines(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.deadlines.changed:
		case <-timer.C:
		}
		now := time.Now()
		due, wait := n.deadlines.pop(now)
		for _, c := range due {
			c.attend(now)
		}
		timer.Reset(wait)
		if len(due) > 0 {
			timer.Reset(0) // they may be due again soon
		}
	}
}

// attend does what is due and sets the next deadline.
func (c *Client) attend(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &c.clock
	due := func(at time.Time) bool { return !at.IsZero() && !now.Before(at) }
	if c.closing != nil {
		if due(t.closeBy) {
			c.node.spawn(c.abort) // over TLS it writes
			return
		}
		c.setDeadlineLocked()
		return
	}
	switch {
	case due(t.staleAt):
		c.disconnectLocked(DisconnectStale, false)
	case due(t.pongBy) && !c.stalled: // whoever is stalled may have answered, we did not read it
		c.disconnectLocked(DisconnectNoPong, false)
	case !t.expiresAt.IsZero() && due(t.expiresAt.Add(c.node.opts.ExpiryGrace)):
		c.disconnectLocked(DisconnectExpired, false)
	default:
		if due(t.pingAt) {
			c.pingLocked(now)
		}
		c.setDeadlineLocked()
	}
}

func (c *Client) pingLocked(now time.Time) {
	t := &c.clock
	t.pingAt = now.Add(c.pingEvery)
	if !t.pongBy.IsZero() {
		return // stalled, and owes the last one still
	}
	ping := pingFrames[c.format.protocol()]
	if c.socketPing {
		ping = socketPing
	}
	c.enqueueLocked(item{bytes: ping.bytes()})
	c.wakeWriterLocked()
	t.pongBy = now.Add(c.node.opts.PongTimeout)
}

// pong takes the answer to a ping. One that nobody asked for breaks the protocol.
func (c *Client) pong() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.clock.pongBy.IsZero() || c.socketPing {
		c.disconnectLocked(DisconnectBadRequest, false)
		return
	}
	c.clock.pongBy = time.Time{} // its deadline may pass: nothing will be due
}

// socketPong takes a WebSocket pong frame, which may come unasked.
func (c *Client) socketPong() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.socketPing {
		c.clock.pongBy = time.Time{}
	}
}

func (c *Client) startClock() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock.staleAt = time.Now().Add(c.node.opts.ConnectTimeout)
	c.setDeadlineLocked()
}

// startPings sets the first ping to a random moment, so that clients which came
// together do not answer together. It needs c.mu.
func (c *Client) startPings(now time.Time) {
	half := c.pingEvery / 2
	c.clock.pingAt = now.Add(half + rand.N(half)) //nolint:gosec // spreads load, hides nothing
}

// setDeadlineLocked enters the client's next moment. It needs c.mu.
func (c *Client) setDeadlineLocked() {
	t := &c.clock
	var next time.Time
	sooner := func(at time.Time) {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if c.closing != nil {
		sooner(t.closeBy)
	} else {
		sooner(t.staleAt)
		sooner(t.pingAt)
		if !c.stalled {
			sooner(t.pongBy)
		}
		if !t.expiresAt.IsZero() {
			sooner(t.expiresAt.Add(c.node.opts.ExpiryGrace))
		}
	}
	if !next.IsZero() && !c.ended {
		c.node.deadlines.set(c, next)
	}
}
