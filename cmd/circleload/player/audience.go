package player

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lifecircle/cmd/circleload/swarm"
	"lifecircle/hub/wire"
)

// group is the viewers of one Join, or other people with sockets.
type group struct {
	Viewers
	actors  bool // without subscriptions
	auditor bool // asks for heads, and is counted nowhere
}

// of gives the token of person i, none without a source.
func (s TokenSource) of(ctx context.Context, i int) (string, error) {
	if s == nil {
		return "", errors.New("there is no source of tokens")
	}
	return s(ctx, i)
}

const slowReceiveBytes = 4096

func (g *group) target(c *client) swarm.Target {
	d := &c.crowd.opts.Dial
	t := swarm.Target{
		URL: g.URLs[c.index%len(g.URLs)], Subprotocol: "centrifuge-json", Header: d.Header, Compress: d.Compress,
		Sources: d.Sources, ReceiveBytes: g.ReceiveBytes, Data: c,
	}
	if d.Protocol == wire.Protobuf {
		t.Subprotocol = "centrifuge-protobuf"
	}
	if g.Slow && t.ReceiveBytes == 0 {
		t.ReceiveBytes = slowReceiveBytes
	}
	return t
}

// channelsOf are those of viewer i: the next Each, round and round.
func (g *group) channelsOf(i int) []string {
	each, n := g.Each, len(g.Channels)
	if each == 0 {
		each = 1
	}
	if each < 0 || each > n {
		each = n
	}
	channels := make([]string, each)
	for k := range channels {
		channels[k] = g.Channels[(i*each+k)%n]
	}
	return channels
}

// Join makes the viewers come, in the background.
func (c *Crowd) Join(v Viewers) error {
	if len(v.Channels) == 0 {
		return errors.New("viewers need channels")
	}
	_, err := c.join(&group{Viewers: v})
	return err
}

func (c *Crowd) join(g *group) ([]*client, error) {
	if g.Count < 0 || g.Count > 0 && len(g.URLs) == 0 {
		return nil, fmt.Errorf("%d clients need a URL", g.Count)
	}
	clients := make([]*client, g.Count)
	for i := range clients {
		cl := &client{crowd: c, group: g, index: i}
		if len(g.Channels) > 0 {
			channels := g.channelsOf(i)
			cl.subs = make([]subscription, len(channels))
			for k, name := range channels {
				cl.subs[k].channel = name
			}
		}
		clients[i] = cl
	}
	if !g.auditor {
		c.expected.Add(int64(g.Count))
		c.mu.Lock()
		c.clients = append(c.clients, clients...)
		c.groups = append(c.groups, g)
		c.mu.Unlock()
	}
	c.wg.Go(func() { c.admit(clients, g.Rate) })
	return clients, nil
}

// admit lets clients dial at a rate.
func (c *Crowd) admit(clients []*client, rate float64) {
	start := time.Now()
	for i, cl := range clients {
		if rate > 0 && !sleepUntil(c.ctx, start.Add(time.Duration(float64(i)/rate*float64(time.Second)))) {
			return
		}
		c.queue.push(cl)
	}
}

// sleepUntil returns false when ctx ends before.
func sleepUntil(ctx context.Context, at time.Time) bool {
	d := time.Until(at)
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// Ready waits until everybody who was told to come is subscribed to all of his
// channels, or is gone for good.
func (c *Crowd) Ready(ctx context.Context) error {
	if err := await(ctx, func() bool { return c.arrived.Load() >= c.expected.Load() }); err != nil {
		return fmt.Errorf("%d of %d clients are ready: %w", c.arrived.Load(), c.expected.Load(), err)
	}
	return nil
}

// Cut aborts the connections of n viewers who are ready and not slow, chosen at
// random, and returns how many there were to cut.
func (c *Crowd) Cut(n int) int {
	clients := c.list()
	c.mu.Lock()
	order := c.rng.Perm(len(clients))
	c.mu.Unlock()
	cut := 0
	for _, i := range order {
		if cut == n {
			break
		}
		if clients[i].cut() {
			cut++
		}
	}
	c.rec.cuts.Add(int64(cut))
	return cut
}

func (c *client) cut() bool {
	if c.group.Slow || c.group.actors {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != ready || c.conn == nil {
		return false
	}
	c.state = subscribing // not cut twice
	c.lostAt = time.Now()
	c.conn.Abort()
	return true
}

const auditorChannels = 64 // of one auditor: below the limits that servers have

// Heads asks the server where the channels of the crowd end, as fresh subscribers.
func (c *Crowd) Heads(ctx context.Context) (map[string]Head, error) {
	heads := map[string]Head{}
	c.mu.Lock()
	groups := c.groups
	c.mu.Unlock()
	for _, g := range groups {
		var channels []string
		for _, name := range g.Channels {
			if _, asked := heads[name]; !asked {
				heads[name] = Head{}
				channels = append(channels, name)
			}
		}
		for len(channels) > 0 {
			n := min(len(channels), auditorChannels)
			if err := c.audit(ctx, g, channels[:n], heads); err != nil {
				return heads, err
			}
			channels = channels[n:]
		}
	}
	return heads, nil
}

// audit lets a fresh client find the heads of some channels.
func (c *Crowd) audit(ctx context.Context, like *group, channels []string, heads map[string]Head) error {
	g := &group{auditor: true, Viewers: Viewers{Count: 1, URLs: like.URLs, Tokens: like.Tokens, Channels: channels, Each: -1}}
	clients, err := c.join(g)
	if err != nil {
		return err
	}
	a := clients[0]
	err = await(ctx, func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.state >= ready
	})
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		err = fmt.Errorf("ask for the heads of %d channels: %w", len(channels), err)
	}
	for i := range a.subs {
		if s := &a.subs[i]; s.known && s.positioned {
			heads[s.channel] = Head{Offset: s.tracker.offset, Epoch: s.tracker.epoch}
		} else {
			delete(heads, s.channel)
		}
	}
	a.state = gone
	if a.conn != nil {
		a.conn.Close(closeNormal, "")
		a.conn = nil // what still comes is not counted
	}
	return err
}

const closeNormal = 1000

// Settle waits until every viewer, but the slow, stands and has come to the
// heads. It fails when ctx ends before.
func (c *Crowd) Settle(ctx context.Context, heads map[string]Head) error {
	c.wakeSlow()
	waiting := c.list()
	err := await(ctx, func() bool {
		for len(waiting) > 0 && waiting[0].caughtUp(heads) {
			waiting = waiting[1:]
		}
		return len(waiting) == 0
	})
	if err != nil {
		return fmt.Errorf("settle: up to %d viewers have not come to the heads: %w", len(waiting), err)
	}
	return nil
}

// wakeSlow lets slow viewers read all, so that it is known how they were closed.
func (c *Crowd) wakeSlow() {
	if c.settling.Swap(true) {
		return
	}
	for _, cl := range c.list() {
		if cl.group.Slow {
			cl.mu.Lock()
			if cl.conn != nil {
				cl.conn.Resume()
			}
			cl.mu.Unlock()
		}
	}
}

func (c *client) caughtUp(heads map[string]Head) bool {
	if c.group.Slow || c.group.actors {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.subs {
		s := &c.subs[i]
		if s.ended {
			continue
		}
		head, ok := heads[s.channel]
		if !s.standing || s.positioned && ok && !s.tracker.reached(head) {
			return false
		}
	}
	return true
}
