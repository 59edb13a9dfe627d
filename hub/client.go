package hub

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"lifecircle/hub/wire"
)

// clientState is how far a connection has come.
type clientState uint8

const (
	stateNew       clientState = iota // no connect command yet
	stateConnected                    // accepted
	stateRefused                      // the connect command is being handled, or got an error: of no use any more
)

// Client is one connection. One goroutine reads from it; two more exist only
// while there is something to do: work handles its commands, write empties its queue.
type Client struct {
	node       *Node
	transport  transport
	protocol   wire.Protocol
	id         string
	remoteAddr string
	socketPing bool // pings are WebSocket frames, not messages
	ctx        context.Context
	cancel     context.CancelFunc
	tasks      sync.WaitGroup // work and write; the reader waits for them

	mu        sync.Mutex // guards what follows; never held while writing to the socket
	room      *sync.Cond // somebody may go on: the queue or the list of commands became shorter, or the client is closing
	state     clientState
	user      string
	session   any
	queue     queue
	writing   bool // write runs, or is about to
	commands  []wire.Command
	working   bool // work runs, or is about to
	stalled   bool // the reader waits until commands are done; pongs may lie behind them
	subs      map[string]*subscription
	leaving   *Disconnect // takes no more commands, and closes after those it has
	closing   *Disconnect // takes nothing any more, and closes when the queue is written
	closeSent bool
	ended     bool // the reader has ended
	clock     clientClock

	commandDue int64 // see pace; owned by work

	due  time.Time // guarded by deadlines.mu
	slot int       // guarded by deadlines.mu
}

// ID is the connection's id, unique among all nodes.
func (c *Client) ID() string { return c.id }

// RemoteAddr is the client's address as Options.RemoteAddr found it.
func (c *Client) RemoteAddr() string { return c.remoteAddr }

// User is the user that Handler.Connect named; empty for a guest.
func (c *Client) User() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.user
}

// Session is what Handler.Connect gave as ConnectReply.Session.
func (c *Client) Session() any {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

// Disconnect closes the connection.
func (c *Client) Disconnect(d Disconnect) { c.disconnect(&d) }

func newClient(n *Node, t transport, p wire.Protocol) *Client {
	c := &Client{node: n, transport: t, protocol: p, id: rand.Text(), subs: make(map[string]*subscription), slot: -1}
	c.room = sync.NewCond(&c.mu)
	c.ctx, c.cancel = context.WithCancel(n.ctx)
	return c
}

// serve is the connection's life: it reads until the connection ends, and leaves nothing behind.
func (c *Client) serve() {
	c.node.addClient(c)
	c.startClock()
	c.read()
	c.end()
}

// read takes commands from the socket until it ends. It goes on while the
// client is closing, to see the peer's answer.
func (c *Client) read() {
	for {
		frame, err := c.transport.read()
		if err != nil {
			return
		}
		if c.ctx.Err() != nil {
			continue // closing: only the peer's close frame is of interest
		}
		cmds, err := wire.Decode(c.protocol, frame, wire.DecodeLimits{})
		if err != nil {
			c.disconnect(DisconnectBadRequest)
			continue
		}
		for i := range cmds {
			if cmds[i].Pong {
				c.pong()
			} else {
				c.submit(cmds[i])
			}
		}
	}
}

// end waits for the connection's goroutines and takes it out of everything.
func (c *Client) end() {
	c.mu.Lock()
	c.ended = true
	if c.closing == nil {
		c.closing = &Disconnect{} // the peer went by itself
	}
	c.queue.clear()
	c.room.Broadcast()
	c.mu.Unlock()
	c.cancel()
	c.transport.abort()
	c.tasks.Wait()
	c.node.deadlines.remove(c)
	c.dropSubscriptions()
	c.node.removeClient(c)
	c.transport.release()
}

// enqueueLocked queues it, or cuts the client if it is too slow for it. It
// returns 1 if it is queued. It needs c.mu.
func (c *Client) enqueueLocked(it item) int {
	if c.closing != nil {
		return 0
	}
	overflow, dropped := c.queue.push(it, c.node.opts.QueueBytes)
	if dropped > 0 {
		c.node.stats.drops.Add(uint64(dropped)) //nolint:gosec // a count is not negative
	}
	if overflow {
		c.node.stats.slow.Add(1)
		c.disconnectLocked(DisconnectSlow, true)
		return 0
	}
	c.wakeWriterLocked()
	return 1 - min(dropped, 1)
}

// disconnect tells the client why, and closes the connection once that is written.
func (c *Client) disconnect(d *Disconnect) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.disconnectLocked(d, false)
}

// disconnectLocked is disconnect; with drop the client gets nothing else of what waits for it. It needs c.mu.
func (c *Client) disconnectLocked(d *Disconnect, drop bool) {
	if c.closing != nil {
		return
	}
	if drop {
		c.queue.clear()
	}
	c.node.stats.disconnects.Add(1)
	reason := closeReason(d.Reason)
	push := &wire.Push{Disconnect: &wire.Disconnect{Code: d.Code, Reason: reason}}
	f, err := encodeFrame(c.protocol, sizeHint(push), func(dst []byte) ([]byte, error) { return wire.AppendPush(dst, c.protocol, push) })
	if err == nil {
		c.queue.push(item{frame: f, kind: required}, 0)
	}
	c.closing = &Disconnect{Code: d.Code, Reason: reason}
	c.commands = nil
	c.wakeWriterLocked()
	c.cancel()
	c.room.Broadcast()
	c.clock.closeBy = time.Now().Add(closeTimeout)
	c.setDeadlineLocked()
}

// leave closes the connection after the commands that it has already sent.
func (c *Client) leave(d *Disconnect) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leaving = d
	if !c.working {
		c.disconnectLocked(d, false)
	}
}

func (n *Node) addClient(c *Client) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.clients[c] = struct{}{}
	n.stats.connects.Add(1)
}

// addUser makes a connected client known by its user. It returns false if the user has too many connections already.
func (n *Node) addUser(user string, c *Client) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if reached(len(n.users[user]), n.opts.MaxUserConnections) {
		return false
	}
	if n.users[user] == nil {
		n.users[user] = make(map[*Client]struct{})
	}
	n.users[user][c] = struct{}{}
	return true
}

func (n *Node) removeClient(c *Client) {
	user, settled := c.User(), c.connected()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.unadmitLocked(c.remoteAddr, settled)
	delete(n.clients, c)
	delete(n.users[user], c)
	if len(n.users[user]) == 0 {
		delete(n.users, user)
	}
}

// asDisconnect returns the disconnect that err is, if it is one.
func asDisconnect(err error) *Disconnect {
	var d *Disconnect
	if errors.As(err, &d) {
		return d
	}
	return nil
}
