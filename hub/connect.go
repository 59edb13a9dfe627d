package hub

import (
	"context"
	"fmt"
	"math"
	"time"

	"lifecircle/hub/wire"
)

// connect handles the first command of a connection.
func (c *Client) connect(ctx context.Context, id uint32, r *wire.ConnectRequest) error {
	if !c.beginConnect() {
		return DisconnectBadRequest
	}
	defer c.endConnect()
	reply, err := c.node.opts.Handler.Connect(ctx, c, ConnectRequest{Token: r.Token, Name: r.Name, Version: r.Version, Data: r.Data})
	if err == nil && expired(reply.ExpiresAt) {
		err = ErrTokenExpired
	}
	if err != nil {
		return err
	}
	if err := c.identify(reply); err != nil {
		return err
	}
	subs, err := c.enterChannels(ctx, reply.Channels)
	if err != nil {
		return err
	}
	return c.welcome(id, reply, subs)
}

// beginConnect stops the time in which connect must come. There is only one try.
func (c *Client) beginConnect() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != stateNew {
		return false
	}
	c.state = stateRefused
	c.clock.staleAt = time.Time{}
	return true
}

// endConnect gives a connection that was refused, of no use any more, a last while.
func (c *Client) endConnect() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == stateRefused && c.closing == nil {
		c.clock.staleAt = time.Now().Add(c.node.opts.ConnectTimeout)
		c.setDeadlineLocked()
	}
}

// identify makes the client known by its user, who may not have too many.
func (c *Client) identify(reply ConnectReply) error {
	c.mu.Lock()
	c.user, c.session = reply.User, reply.Session
	c.mu.Unlock()
	if reply.User != "" && !c.node.addUser(reply.User, c) {
		return DisconnectConnectionLimit
	}
	return nil
}

// enterChannels makes the server-side subscriptions.
func (c *Client) enterChannels(ctx context.Context, channels []string) ([]*subscription, error) {
	subs := make([]*subscription, 0, len(channels))
	for _, name := range channels {
		sub, err := c.reserve(name, true)
		if err != nil {
			return nil, fmt.Errorf("subscribe client to %q: %s", name, err) //nolint:errorlint // the application's error, not the client's
		}
		if err := c.enter(ctx, sub); err != nil {
			return nil, err
		}
		subs = append(subs, sub)
	}
	return subs, nil
}

// welcome queues the reply and lets the server-side subscriptions flow after it.
func (c *Client) welcome(id uint32, reply ConnectReply, subs []*subscription) error {
	now := time.Now()
	result := &wire.ConnectResult{
		Client: c.id, Version: c.node.opts.Version, Node: c.node.opts.Name, Data: reply.Data, Time: now.UnixMilli(),
	}
	result.Expires, result.TTL = lifetime(reply.ExpiresAt, now)
	if !c.socketPing {
		result.Ping = uint32(math.Ceil(c.pingEvery.Seconds()))
		result.Pong = true
	}
	if len(subs) > 0 {
		result.Subs = make(map[string]*wire.SubscribeResult, len(subs))
	}
	for _, sub := range subs {
		result.Subs[sub.channel] = &wire.SubscribeResult{}
	}
	if err := c.reply(&wire.Reply{ID: id, Connect: result}); err != nil {
		return err
	}
	c.markConnected(reply.ExpiresAt, now)
	for _, sub := range subs {
		if err := sub.ch.goLive(sub, Position{}, nil); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) markConnected(expiresAt, now time.Time) {
	c.node.settle()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state = stateConnected
	c.clock.expiresAt = expiresAt
	c.startPings(now)
	if c.closing == nil {
		c.setDeadlineLocked()
	}
}

// refresh extends a connection that expires.
func (c *Client) refresh(ctx context.Context, id uint32, token string) error {
	c.mu.Lock()
	expires := !c.clock.expiresAt.IsZero()
	c.mu.Unlock()
	if token == "" || !expires {
		return DisconnectBadRequest
	}
	reply, err := c.node.opts.Handler.Refresh(ctx, c, token)
	if err != nil {
		return err
	}
	if expired(reply.ExpiresAt) {
		return ErrExpired
	}
	now := time.Now()
	result := &wire.RefreshResult{Client: c.id, Version: c.node.opts.Version}
	result.Expires, result.TTL = lifetime(reply.ExpiresAt, now)
	c.mu.Lock()
	c.clock.expiresAt = reply.ExpiresAt
	if c.closing == nil {
		c.setDeadlineLocked()
	}
	c.mu.Unlock()
	return c.reply(&wire.Reply{ID: id, Refresh: result})
}

func expired(at time.Time) bool { return !at.IsZero() && !at.After(time.Now()) }

// lifetime is what a client is told of its expiry. A ttl of 0 would make SDKs refresh without end.
func lifetime(expiresAt, now time.Time) (expires bool, ttl uint32) {
	if expiresAt.IsZero() {
		return false, 0
	}
	seconds := math.Ceil(expiresAt.Sub(now).Seconds())
	return true, uint32(min(max(seconds, 1), math.MaxInt32))
}
