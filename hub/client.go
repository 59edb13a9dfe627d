package hub

import (
	"bytes"
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

// Client is one connection. It has goroutines only while there is something to
// do: run reads, work handles commands, writeSlowly waits for the socket.
type Client struct {
	node       *Node
	socket     *socket
	format     format
	socketPing bool // pings are WebSocket frames, not messages
	pingEvery  time.Duration
	id         string
	remoteAddr string
	tasks      sync.WaitGroup // work, flush and writeSlowly; end waits for them

	mu        sync.Mutex // guards what follows; never held while writing to the socket
	room      sync.Cond  // somebody may go on: the queue or the list of commands became shorter, or the client is closing
	state     clientState
	user      string
	session   any
	queue     queue
	counted   int  // bytes of the queue that Stats.QueueBytes holds
	writing   bool // somebody has the right to write, see writer.go
	slow      bool // writeSlowly has it
	refused   bool // in Node.refusals
	parked    bool // nobody reads; the poller tells when to
	resting   bool // not even the poller looks, until the refusals are written
	commands  []wire.Command
	working   bool               // work runs, or is about to
	stopWork  context.CancelFunc // ends the context of the command in work; nil if there is none
	stalled   bool               // the reader waits until commands are done; pongs may lie behind them
	subs      []*subscription    // few, as people watch few circles at once
	leaving   *Disconnect        // takes no more commands, and closes after those it has
	closing   *Disconnect        // takes nothing any more, and closes when the queue is written
	closeSent bool
	ended     bool // nobody reads any more
	clock     clientClock

	commandDue int64 // see pace; owned by work
	watched    bool  // the poller knows the socket; set before anything is read

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

func newClient(n *Node, s *socket, f format) *Client {
	c := &Client{node: n, socket: s, format: f, id: rand.Text(), slot: -1}
	c.room.L = &c.mu
	s.conn.client = c
	return c
}

// serve begins the connection's life. Nobody knows the client before its socket is ready to be written.
func (c *Client) serve() {
	c.watched = c.node.poller.watch(c.socket, c)
	c.node.addClient(c)
	c.startClock()
	if c.node.ctx.Err() != nil { // it came when all others were told to go
		c.abort()
	}
	c.run()
}

// run reads until the client has nothing to say for the moment, or the connection
// ends. Then nothing of it is left behind.
func (c *Client) run() {
	for {
		if err := c.readOne(); err != nil {
			c.end()
			return
		}
		if !c.socket.buffered() && c.park() {
			return
		}
	}
}

func (c *Client) readOne() error {
	r, err := c.socket.next(c.node.opts.MaxMessageBytes)
	if err != nil {
		return err
	}
	frame := messages.Get().(*[]byte) //nolint:forcetypeassert // the pool holds nothing else
	defer releaseMessage(frame)
	if *frame, err = appendMessage((*frame)[:0], r); err != nil {
		return err
	}
	c.take(*frame)
	return nil
}

// take handles one message, which it does not keep. While the client is closing,
// only the peer's close frame is of interest.
func (c *Client) take(frame []byte) {
	if c.leftUs() {
		return
	}
	refuse := c.node.overloaded()
	kept := !refuse
	if kept { // by the commands
		frame = bytes.Clone(frame)
	}
	cmds, err := wire.Decode(c.format.protocol(), frame, wire.DecodeLimits{})
	if err != nil {
		c.disconnect(DisconnectBadRequest)
		return
	}
	for i := range cmds {
		switch cmd := &cmds[i]; {
		case cmd.Pong:
			c.pong()
		case refuse && cmd.RPC != nil && c.refuseLater(cmd.ID):
		default:
			if !kept {
				kept = true
				cmds, _ = wire.Decode(c.format.protocol(), bytes.Clone(frame), wire.DecodeLimits{}) // as before
			}
			c.submit(cmds[i])
		}
	}
}

func (n *Node) overloaded() bool { return n.opts.Overloaded != nil && n.opts.Overloaded() }

// leftUs tells whether the connection is closing.
func (c *Client) leftUs() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing != nil
}

// park leaves the socket to the poller; on false the caller must read on. What
// a client sends that was just refused something is read with what follows.
func (c *Client) park() bool {
	if !c.watched {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refused && c.closing == nil {
		c.parked, c.resting, c.stalled = true, true, true
		return true
	}
	c.parked = c.node.poller.arm(c.socket) == nil
	return c.parked
}

// resume has somebody read again, if nobody does.
func (c *Client) resume() {
	c.mu.Lock()
	parked := c.parked
	c.parked = false
	if c.resting { // it ends
		c.resting = false
		c.endStallLocked()
	}
	c.mu.Unlock()
	if parked {
		c.node.spawn(c.run)
	}
}

// abort ends the connection at once; c.mu must not be held.
func (c *Client) abort() {
	c.socket.abort()
	c.resume() // to see it
}

// lastWords is how long the end of a connection waits for what is being written:
// often the library's close frame, which says what was wrong.
const lastWords = time.Second

// end waits for the connection's goroutines and takes it out of everything.
func (c *Client) end() {
	c.mu.Lock()
	c.ended = true
	if c.closing == nil {
		c.closing = &Disconnect{} // the peer went by itself
	}
	c.room.Broadcast()
	c.cancelWorkLocked()
	c.mu.Unlock()
	if c.watched {
		c.node.poller.leave(c.socket.slot)
	}
	patience := time.AfterFunc(lastWords, c.socket.abort)
	c.tasks.Wait()
	patience.Stop()
	c.socket.abort()
	c.mu.Lock()
	c.clearQueueLocked()
	c.mu.Unlock()
	c.node.deadlines.remove(c)
	c.dropSubscriptions()
	c.node.removeClient(c)
	c.socket.release()
}

// enqueueLocked queues it, or cuts the client if it is too slow for it. It
// returns 1 if it is queued. It needs c.mu, and the caller sees to it that
// somebody writes.
func (c *Client) enqueueLocked(it item) int {
	if c.closing != nil {
		return 0
	}
	limit := c.node.opts.QueueBytes
	if !c.slow {
		limit += maxAhead
	}
	overflow, dropped := c.queue.push(it, limit)
	c.countQueueLocked()
	if dropped > 0 {
		c.node.stats.drops.Add(uint64(dropped)) //nolint:gosec // a count is not negative
	}
	if overflow {
		c.node.stats.slow.Add(1)
		c.disconnectLocked(DisconnectSlow, true)
		return 0
	}
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
		c.clearQueueLocked()
	}
	c.node.stats.disconnects.Add(1)
	reason := closeReason(d.Reason)
	push := &wire.Push{Disconnect: &wire.Disconnect{Code: d.Code, Reason: reason}}
	p := c.format.protocol()
	f, err := encodeFrame(p, sizeHint(push), func(dst []byte) ([]byte, error) { return wire.AppendPush(dst, p, push) })
	if err == nil {
		c.queue.push(item{bytes: f.bytes(), kind: required}, 0)
		c.countQueueLocked()
	}
	c.closing = &Disconnect{Code: d.Code, Reason: reason}
	c.commands = nil
	c.wakeWriterLocked()
	c.cancelWorkLocked()
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
