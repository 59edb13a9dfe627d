package player

import (
	"errors"
	"math/rand/v2"
	"strconv"
	"time"

	"lifecircle/cmd/circleload/swarm"
	"lifecircle/hub/wire"
)

// The life of a client: connect, subscribe, refresh, lose the connection, come back.

// connectedLocked takes the reply to connect.
func (c *client) connectedLocked(r *wire.Reply) {
	c.asked, c.connectID = time.Time{}, 0
	if e := r.Error; e != nil || r.Connect == nil {
		if e == nil {
			e = &wire.Error{Code: 0, Temporary: true}
		}
		c.crowd.rec.tally(c.crowd.rec.errors, "connect "+strconv.Itoa(int(e.Code)))
		c.stale = c.stale || e.Code == errTokenExpired
		if !e.Temporary && e.Code != errTokenExpired {
			c.leaveLocked()
		}
		c.conn.Abort() // Closed decides when to try again
		return
	}
	c.failures = 0
	c.ping, c.pong = time.Duration(r.Connect.Ping)*time.Second, r.Connect.Pong
	if r.Connect.Expires {
		c.refreshAfterLocked(r.Connect.TTL)
	}
	c.state = subscribing
	cmds := make([]*wire.Command, 0, len(c.subs))
	for i := range c.subs {
		if s := &c.subs[i]; !s.ended {
			cmds = append(cmds, c.subscribeLocked(s))
		}
	}
	if len(cmds) > 0 {
		c.asked = time.Now()
		c.trySendLocked(cmds...)
	}
	c.settledLocked(time.Now())
}

// subscribeLocked makes the command that subscribes, from where the client stands if it does.
func (c *client) subscribeLocked(s *subscription) *wire.Command {
	s.id = c.nextIDLocked()
	r := &wire.SubscribeRequest{Channel: s.channel}
	if s.known && s.positioned {
		r.Recover, r.Offset, r.Epoch = true, s.tracker.offset, s.tracker.epoch
	}
	return &wire.Command{ID: s.id, Subscribe: r}
}

// subscribedLocked takes the reply to subscribe.
func (c *client) subscribedLocked(s *subscription, r *wire.Reply, at time.Time) {
	rec := c.crowd.rec
	if e := r.Error; e != nil || r.Subscribe == nil {
		if e == nil {
			e = &wire.Error{Code: 0, Temporary: true}
		}
		rec.tally(rec.errors, "subscribe "+strconv.Itoa(int(e.Code)))
		if e.Temporary || e.Code == errTokenExpired {
			c.resubscribeLaterLocked(s)
			return
		}
		s.ended = true
		rec.terminated.Add(1)
		c.settledLocked(at)
		return
	}
	if s.known && s.positioned {
		c.resumedLocked(s, s.tracker.resume(r.Subscribe), r.Subscribe)
	} else {
		s.tracker.begin(r.Subscribe)
		s.positioned = r.Subscribe.Positioned || r.Subscribe.Recoverable
		if !s.known && !s.positioned && !c.group.auditor {
			rec.unpositioned.Add(1)
		}
		s.known = true
	}
	c.standLocked(s, true)
	c.settledLocked(at)
}

func (c *client) resumedLocked(s *subscription, out resumed, r *wire.SubscribeResult) {
	rec := c.crowd.rec
	for _, v := range out.verdicts {
		c.faultLocked(s, v, s.tracker.offset)
	}
	rec.replayed.Add(int64(len(r.Publications)))
	if out.recovered {
		rec.recovered.Add(1)
		return
	}
	rec.unrecovered.Add(1)
	rec.skipped.Add(int64(out.skipped)) //nolint:gosec // offsets stay below 2^53
}

// standLocked notes whether the subscription stands.
func (c *client) standLocked(s *subscription, stands bool) {
	if s.standing == stands || c.group.auditor {
		s.standing = stands
		return
	}
	s.standing = stands
	if stands {
		c.crowd.rec.subscribed.Add(1)
	} else {
		c.crowd.rec.subscribed.Add(-1)
	}
}

// settledLocked notes when all subscriptions stand.
func (c *client) settledLocked(at time.Time) {
	if c.state != subscribing {
		return
	}
	for i := range c.subs {
		if s := &c.subs[i]; !s.standing && !s.ended {
			return
		}
	}
	c.state = ready
	rec := c.crowd.rec
	switch {
	case c.group.auditor:
	case !c.wasReady:
		if len(c.subs) > 0 {
			rec.took(rec.connect, at.Sub(c.began))
		}
		c.crowd.arrived.Add(1)
	case !c.lostAt.IsZero() && len(c.subs) > 0:
		rec.took(rec.recovery, at.Sub(c.lostAt))
	}
	c.wasReady, c.lostAt = true, time.Time{}
	if c.group.Slow && !c.crowd.settling.Load() {
		c.conn.Pause()
	}
}

// unsubscribedLocked is told by the server.
func (c *client) unsubscribedLocked(s *subscription, code uint32) {
	c.crowd.rec.tally(c.crowd.rec.closes, "unsubscribed "+strconv.Itoa(int(code)))
	c.standLocked(s, false)
	if code < resubscribeFrom {
		s.ended = true
		c.crowd.rec.terminated.Add(1)
		return
	}
	if c.lostAt.IsZero() {
		c.lostAt = time.Now()
	}
	c.state = subscribing
	c.asked = time.Now()
	c.trySendLocked(c.subscribeLocked(s))
}

// resubscribeLaterLocked tries a refused subscription again.
func (c *client) resubscribeLaterLocked(s *subscription) {
	c.failures++
	conn := c.conn
	s.retry = time.AfterFunc(c.backoffLocked(), func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.conn == conn && !s.standing && s.id == 0 && !s.ended && !c.crowd.leaving() {
			c.asked = time.Now()
			c.trySendLocked(c.subscribeLocked(s))
		}
	})
}

// refreshAfterLocked brings a fresh token when the old one's time is over.
func (c *client) refreshAfterLocked(ttl uint32) {
	conn := c.conn
	c.timer = time.AfterFunc(time.Duration(max(ttl, 1))*time.Second, func() {
		if c.crowd.leaving() {
			return
		}
		token, err := c.group.Tokens.of(c.crowd.ctx, c.index)
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.conn != conn || c.crowd.leaving() {
			return
		}
		if err != nil {
			c.crowd.rec.tally(c.crowd.rec.errors, "token")
			c.refreshAfterLocked(1)
			return
		}
		c.stale = true // the dialler must not use the old one
		c.refreshID = c.nextIDLocked()
		c.trySendLocked(&wire.Command{ID: c.refreshID, Refresh: &wire.RefreshRequest{Token: token}})
	})
}

func (c *client) refreshedLocked(r *wire.Reply) {
	c.refreshID = 0
	if e := r.Error; e != nil {
		c.crowd.rec.tally(c.crowd.rec.errors, "refresh "+strconv.Itoa(int(e.Code)))
		if e.Temporary || e.Code == errTokenExpired {
			c.refreshAfterLocked(1)
		}
		return
	}
	c.crowd.rec.refreshed.Add(1)
	if r.Refresh != nil && r.Refresh.Expires {
		c.refreshAfterLocked(r.Refresh.TTL)
	}
}

// onClosed is the end of a socket.
func (c *client) onClosed(conn *swarm.Conn, code int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if conn != c.conn {
		return
	}
	if c.bye != 0 && code < 3000 {
		code = int(c.bye)
	}
	cut := errors.Is(err, swarm.ErrAborted)
	if !cut && !c.crowd.leaving() && !c.group.auditor {
		c.crowd.rec.tally(c.crowd.rec.closes, strconv.Itoa(code))
	}
	c.conn, c.connectID, c.refreshID, c.asked = nil, 0, 0, time.Time{}
	c.failCallsLocked("closed", time.Time{})
	for i := range c.subs {
		c.standLocked(&c.subs[i], false)
		c.subs[i].id = 0
	}
	if c.timer != nil {
		c.timer.Stop()
	}
	if c.wasReady && c.lostAt.IsZero() {
		c.lostAt = time.Now()
	}
	c.decideLocked(code)
}

// decideLocked says what a client does after the end of its socket.
func (c *client) decideLocked(code int) {
	if c.wasReady && c.state != gone && !final(code) && !c.crowd.leaving() {
		c.crowd.rec.reconnects.Add(1)
	}
	switch {
	case c.state == gone || c.crowd.leaving():
		c.state = gone
	case final(code):
		c.leaveLocked()
	case c.crowd.opts.Reconnect.Immediate && c.failures == 0 && c.state >= subscribing:
		c.comeBackLocked(0)
	default:
		c.comeBackLocked(c.backoffLocked())
		c.failures++
	}
}

// leaveLocked is what a client does that is told not to come back.
func (c *client) leaveLocked() {
	if c.state != gone && !c.group.auditor {
		c.crowd.rec.terminated.Add(1)
		if !c.wasReady {
			c.crowd.arrived.Add(1)
		}
	}
	c.state = gone
	for i := range c.subs {
		c.subs[i].ended = true
	}
}

// backoffLocked is the SDKs' rule: at least Min, and a random part that doubles.
func (c *client) backoffLocked() time.Duration {
	b := c.crowd.opts.Reconnect
	spread := b.Max
	if c.failures < 16 {
		spread = min(b.Max, b.Min<<c.failures)
	}
	return min(b.Max, b.Min+time.Duration(rand.Int64N(int64(spread)+1))) //nolint:gosec // no secret
}

// comeBackLocked dials again after a while.
func (c *client) comeBackLocked(after time.Duration) {
	c.state = waiting
	if after == 0 {
		c.crowd.queue.push(c)
		return
	}
	c.timer = time.AfterFunc(after, func() { c.crowd.queue.push(c) })
}

// onDialError is an attempt that did not open.
func (c *client) onDialError(code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.crowd.leaving() || c.state == gone {
		return
	}
	c.crowd.rec.tally(c.crowd.rec.dialErrors, code)
	c.comeBackLocked(c.backoffLocked())
	c.failures++
}

const (
	answerTimeout = 10 * time.Second // for connect and subscribe; then the client reconnects, as SDKs do after 5
	pingGrace     = 10 * time.Second // a server's ping may be late by; the SDKs' default
)

// check is made once a second: has the server forgotten this client?
func (c *client) check(now time.Time, commands time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failCallsLocked("timeout", now.Add(-commands))
	switch {
	case c.conn == nil || c.group.Slow && c.state == ready:
	case !c.asked.IsZero() && now.Sub(c.asked) > answerTimeout:
		c.asked = time.Time{}
		c.crowd.rec.tally(c.crowd.rec.errors, "no answer")
		c.conn.Abort()
	case c.ping > 0 && now.Sub(c.heard) > c.ping+pingGrace:
		c.heard = now
		c.crowd.rec.tally(c.crowd.rec.errors, "no ping")
		c.conn.Abort()
	}
}
