package player

import (
	"context"
	"time"
)

const farewell = 2 * time.Second // for the server's answers to our close frames

// Snapshot tells how the crowd stands.
func (c *Crowd) Snapshot() Snapshot {
	deliveries, _ := c.rec.sums()
	s := Snapshot{
		Elapsed:         time.Since(c.began),
		Viewers:         c.expected.Load(),
		TotalDeliveries: deliveries, TotalCommands: c.rec.done.Load(),
		TotalRefused: c.rec.refused.Load(), TotalFailed: c.rec.failed.Load(),
		Doubled: c.rec.doubled.Load(), Disordered: c.rec.disordered.Load(),
	}
	s.Open, s.Subscribed = c.swarm.Stats().Open, c.rec.subscribed.Load()
	for _, cl := range c.list() {
		cl.mu.Lock()
		for i := range cl.subs {
			s.Missing += int64(cl.subs[i].tracker.missing()) //nolint:gosec // offsets stay below 2^53
		}
		cl.mu.Unlock()
	}
	return s
}

// Close judges what the viewers have seen against the heads, sends them home
// and ends everything. What up to the heads has not come is lost. With nil
// heads only what was visibly passed over is.
func (c *Crowd) Close(heads map[string]Head) Result {
	var r Result
	for _, cl := range c.list() {
		cl.judge(heads, &r)
	}
	c.leave()
	c.rec.turn()
	c.rec.into(&r)
	st := c.swarm.Stats()
	r.BytesIn, r.BytesOut, r.Frames = st.BytesIn, st.BytesOut, st.MessagesIn
	return r
}

// judge adds one client to the result.
func (c *client) judge(heads map[string]Head, r *Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.group.actors {
		r.Actors++
		return
	}
	r.Viewers++
	r.Subscriptions += int64(len(c.subs))
	if c.group.Slow {
		return
	}
	for i := range c.subs {
		s := &c.subs[i]
		lost := s.tracker.missing()
		switch {
		case s.ended:
		case !s.standing:
			r.Stranded++
			c.crowd.rec.example("viewer %d, %s: not subscribed at the end", c.index, s.channel)
		case s.positioned:
			lost = s.tracker.lost(heads[s.channel])
		}
		if lost > 0 {
			r.Lost += int64(lost) //nolint:gosec // offsets stay below 2^53
			c.crowd.rec.example("viewer %d, %s: %d lost, at offset %d of %d", c.index, s.channel, lost, s.tracker.offset, heads[s.channel].Offset)
		}
	}
}

// leave says goodbye, waits for the server to do the same, and ends what is left.
func (c *Crowd) leave() {
	c.left.Store(true)
	c.queue.close()
	for _, cl := range c.list() {
		cl.mu.Lock()
		for _, t := range cl.timersLocked() {
			t.Stop()
		}
		if cl.conn != nil {
			cl.conn.Close(closeNormal, "")
		}
		cl.mu.Unlock()
	}
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	_ = await(ctx, func() bool { return c.swarm.Stats().Open == 0 })
	c.cancel()
	c.swarm.Close()
	c.wg.Wait()
}

func (c *client) timersLocked() (timers []*time.Timer) {
	if c.timer != nil {
		timers = append(timers, c.timer)
	}
	for i := range c.subs {
		if t := c.subs[i].retry; t != nil {
			timers = append(timers, t)
		}
	}
	return timers
}
