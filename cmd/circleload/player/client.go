package player

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"lifecircle/cmd/circleload/swarm"
	"lifecircle/hub/wire"
)

// client is one person's connection, over all of its sockets: a viewer with
// subscriptions, an actor with calls, or both. The methods on* are called by
// the swarm, for one socket one after the other.
type client struct {
	crowd *Crowd
	group *group
	index int    // in its group: which token, which URL, which channels
	token string // of its dialler; empty: a guest, or to be fetched

	mu        sync.Mutex // guards what follows; taken before the recorder's locks, never while the swarm is called to open
	state     state
	conn      *swarm.Conn // nil while there is none
	lastID    uint32
	connectID uint32
	refreshID uint32
	asked     time.Time // when the connect or the last subscribe was sent, zero after its answer
	subs      []subscription
	calls     map[uint32]call
	pong      bool
	ping      time.Duration // between the server's pings
	heard     time.Time     // the last frame
	failures  int           // in a row
	stale     bool          // the token must be fetched anew
	began     time.Time     // of the first attempt
	lostAt    time.Time     // of a cut or close that is being recovered from
	wasReady  bool
	bye       uint32 // code of a disconnect push
	timer     *time.Timer
}

// state is how far a client is.
type state uint8

const (
	waiting state = iota // for its turn to dial
	dialling
	connecting  // the connect command is sent
	subscribing // some subscriptions do not stand
	ready
	gone // for good
)

// subscription is a client's to one channel.
type subscription struct {
	tracker    tracker
	channel    string
	id         uint32 // of the command under way
	retry      *time.Timer
	standing   bool
	positioned bool
	known      bool // a reply has set the tracker once
	ended      bool // by the server, for good
}

// call is an RPC under way.
type call struct {
	kind    string
	planned time.Time
	sent    time.Time
}

const clientName = "circleload" // as the server sees it

// sendLocked sends commands in one frame.
func (c *client) sendLocked(cmds ...*wire.Command) error {
	p := c.crowd.opts.Dial.Protocol
	var frame []byte
	for _, cmd := range cmds {
		msg, err := wire.AppendCommand(nil, p, cmd)
		if err != nil {
			return fmt.Errorf("encode a command: %w", err)
		}
		frame = wire.Join(p, frame, msg)
	}
	return c.writeLocked(frame)
}

func (c *client) writeLocked(frame []byte) error {
	switch {
	case c.conn == nil:
		return swarm.ErrClosed
	case c.crowd.opts.Dial.Protocol == wire.Protobuf:
		return c.conn.SendBinary(frame)
	}
	return c.conn.SendText(frame)
}

func (c *client) nextIDLocked() uint32 {
	c.lastID++
	return c.lastID
}

// onOpen connects.
func (c *client) onOpen(conn *swarm.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.crowd.leaving() || c.state == gone {
		conn.Abort()
		return
	}
	c.conn, c.state, c.lastID, c.bye = conn, connecting, 0, 0
	c.heard = time.Now()
	c.asked = c.heard
	c.connectID = c.nextIDLocked()
	c.trySendLocked(&wire.Command{ID: c.connectID, Connect: &wire.ConnectRequest{Token: c.token, Name: clientName}})
}

// trySendLocked sends, or lets the socket's end tell what is wrong.
func (c *client) trySendLocked(cmds ...*wire.Command) {
	if err := c.sendLocked(cmds...); err != nil && !errors.Is(err, swarm.ErrClosed) {
		c.conn.Abort()
	}
}

// onMessage takes one frame.
func (c *client) onMessage(conn *swarm.Conn, frame []byte, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if conn != c.conn {
		return // of a socket that is given up
	}
	c.heard = at
	eachMessage(c.crowd.opts.Dial.Protocol, frame, func(msg []byte, q quick, ok bool) {
		if ok {
			if sub := c.findLocked(q.channel); sub != nil {
				c.publicationLocked(sub, q.offset, q.data, at)
			} else {
				c.crowd.rec.hint(conn.Loop()) // a server-side subscription
			}
			return
		}
		c.decodeLocked(msg, at)
	})
}

// findLocked returns the standing subscription to the channel. Clients have few.
func (c *client) findLocked(channel []byte) *subscription {
	for i := range c.subs {
		if s := &c.subs[i]; s.channel == string(channel) {
			return s
		}
	}
	return nil
}

func (c *client) publicationLocked(s *subscription, offset uint64, data []byte, at time.Time) {
	rec := c.crowd.rec
	loop := c.conn.Loop()
	if s.positioned && offset == 0 {
		rec.hint(loop)
		return
	}
	if s.positioned {
		if v := s.tracker.see(offset); v != inOrder {
			c.faultLocked(s, v, offset)
		}
	}
	if c.group.Slow {
		return
	}
	micros := findMarker(data)
	rec.delivered(loop, at.UnixMicro()-micros, micros > 0)
}

func (c *client) faultLocked(s *subscription, v verdict, offset uint64) {
	what := map[verdict]string{gap: "came before what is due", late: "came after later ones", doubled: "came again"}[v]
	c.crowd.rec.fault(v, "viewer %d, %s: offset %d %s", c.index, s.channel, offset, what)
}

// decodeLocked takes a message that the quick scan does not know.
func (c *client) decodeLocked(msg []byte, at time.Time) {
	msgs, err := wire.DecodeReplies(c.crowd.opts.Dial.Protocol, msg)
	if err != nil {
		c.crowd.rec.tally(c.crowd.rec.errors, "undecodable")
		c.crowd.rec.example("undecodable message: %.200q", msg)
		c.conn.Abort()
		return
	}
	for _, m := range msgs {
		switch {
		case m.Ping:
			if c.pong {
				c.trySendLocked(&wire.Command{})
			}
		case m.Push != nil:
			c.pushLocked(m.Push, at)
		default:
			c.replyLocked(m.Reply, at)
		}
	}
}

func (c *client) pushLocked(p *wire.Push, at time.Time) {
	s := c.findLocked([]byte(p.Channel))
	switch {
	case p.Disconnect != nil:
		c.bye = p.Disconnect.Code
	case s == nil:
		c.crowd.rec.hint(c.conn.Loop())
	case p.Pub != nil:
		c.publicationLocked(s, p.Pub.Offset, p.Pub.Data, at)
	case p.Unsubscribe != nil:
		c.unsubscribedLocked(s, p.Unsubscribe.Code)
	}
}

// replyLocked finds what the reply answers.
func (c *client) replyLocked(r *wire.Reply, at time.Time) {
	if r.ID == c.connectID {
		c.connectedLocked(r)
		return
	}
	if r.ID == c.refreshID && c.refreshID != 0 {
		c.refreshedLocked(r)
		return
	}
	if k, ok := c.calls[r.ID]; ok {
		delete(c.calls, r.ID)
		c.crowd.rec.answered(k.kind, at.Sub(k.planned), outcomeOf(r.Error))
		return
	}
	for i := range c.subs {
		if s := &c.subs[i]; s.id == r.ID {
			s.id = 0
			c.subscribedLocked(s, r, at)
			break
		}
	}
	if !slices.ContainsFunc(c.subs, func(s subscription) bool { return s.id != 0 }) {
		c.asked = time.Time{}
	}
}

func outcomeOf(e *wire.Error) outcome {
	if e == nil {
		return outcome{}
	}
	code := strconv.Itoa(int(e.Code))
	if e.Code >= firstOwnError {
		code += " " + e.Message // the server's own, which has a name for each
	}
	return outcome{code: code, refused: e.Code == errTooManyRequests}
}

// The protocol's numbers that clients act on.
const (
	errTokenExpired    = 109
	errTooManyRequests = 111
	firstOwnError      = 1000
	resubscribeFrom    = 2500 // codes of unsubscribe pushes
	closeTooBig        = 1009
)

// final says whether a client that is closed with code stays away.
func final(code int) bool {
	return code >= 3500 && code < 4000 || code >= 4500 && code < 5000 || code == closeTooBig
}

// call sends an RPC. It fails if the client is not connected; else the
// recorder hears of the answer, or that none came.
func (c *client) call(kind, method string, data []byte, planned time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != ready {
		return false
	}
	id := c.nextIDLocked()
	if err := c.sendLocked(&wire.Command{ID: id, RPC: &wire.RPCRequest{Method: method, Data: data}}); err != nil {
		return false
	}
	if c.calls == nil {
		c.calls = make(map[uint32]call)
	}
	c.calls[id] = call{kind: kind, planned: planned, sent: time.Now()}
	return true
}

// failCallsLocked tells of calls that will not be answered: all, or those sent before a time.
func (c *client) failCallsLocked(code string, before time.Time) {
	for id, k := range c.calls {
		if before.IsZero() || k.sent.Before(before) {
			delete(c.calls, id)
			c.crowd.rec.answered(k.kind, 0, outcome{code: code})
		}
	}
}
