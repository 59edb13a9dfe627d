package hub

import (
	"slices"

	"lifecircle/hub/wire"
)

// unsubscribe handles the command; a channel that is not subscribed is no error.
func (c *Client) unsubscribe(id uint32, channel string) error {
	if channel == "" {
		return DisconnectBadRequest
	}
	if sub := c.subscription(channel); sub != nil {
		c.abandon(sub)
	}
	return c.reply(&wire.Reply{ID: id, Unsubscribe: &wire.UnsubscribeResult{}})
}

func (c *Client) subscription(channel string) *subscription {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.subscriptionLocked(channel)
}

// subscriptionLocked needs c.mu.
func (c *Client) subscriptionLocked(channel string) *subscription {
	for _, sub := range c.subs {
		if sub.channel == channel {
			return sub
		}
	}
	return nil
}

// removeLocked takes the subscription out of the list, if it is in it. It needs c.mu.
func (c *Client) removeLocked(sub *subscription) {
	if i := slices.Index(c.subs, sub); i >= 0 {
		c.subs = slices.Delete(c.subs, i, i+1)
	}
}

// unsubscribed ends a subscription from the server's side. One that is being
// made ends as soon as it stands.
func (c *Client) unsubscribed(channel string, code uint32, reason string) {
	end := &cut{code: code, reason: reason}
	c.mu.Lock()
	sub := c.subscriptionLocked(channel)
	if sub != nil && !sub.ready {
		sub.cut = end
		sub = nil
	}
	c.mu.Unlock()
	if sub != nil {
		c.endSubscription(sub, end)
	}
}

// endSubscription tells the client after its last event of the channel. Only the first of several calls does anything.
func (c *Client) endSubscription(sub *subscription, end *cut) {
	if !sub.ch.detach(sub) {
		return
	}
	c.forget(sub, end)
	c.node.release(sub.ch)
}

// resubscribe tells the client to subscribe again, with the position that it has. The subscription is detached.
func (c *Client) resubscribe(sub *subscription) {
	c.forget(sub, &cut{code: InsufficientState, reason: "insufficient state"})
}

// forget removes a detached subscription and queues the push that says so.
func (c *Client) forget(sub *subscription, end *cut) {
	push := &wire.Push{Channel: sub.channel, Unsubscribe: &wire.Unsubscribe{Code: end.code, Reason: end.reason}}
	var to receivers
	to[c.format] = 1
	m, err := pushMessage(push, to)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.removeLocked(sub)
	if err == nil { // it holds no data
		m.kind = required
		c.pushLocked(m)
		c.wakeWriterLocked()
	}
}

// leaveChannel detaches the subscription, if it is attached.
func (c *Client) leaveChannel(sub *subscription) {
	if sub.ch != nil && sub.ch.detach(sub) {
		c.node.release(sub.ch)
	}
}

// dropSubscriptions leaves all channels of a client that has ended.
func (c *Client) dropSubscriptions() {
	c.mu.Lock()
	subs := c.subs
	c.subs = nil
	c.mu.Unlock()
	for _, sub := range subs {
		c.leaveChannel(sub)
	}
}
