package hub

import (
	"context"
	"sync"
	"time"
)

// channel is a channel that has, or had seconds ago, subscribers on this node.
type channel struct {
	node    *Node
	name    string
	joining chan struct{} // full while somebody talks to the broker about this channel; guards joined
	joined  bool          // the broker delivers
	refs    int           // subscriptions, attached or about to be; guarded by Node.mu
	inbox   inbox
	reader  logReader

	mu         sync.Mutex // guards what follows; held while events go to the clients' queues
	subs       []*subscription
	receivers  receivers // subscriptions by format
	positioned int       // subscriptions that are positioned
	audience   int       // subscriptions that clients asked for: server-side ones are not a choice to watch
	seq        sequencer // runs while there are positioned subscriptions
	hole       hole
	ready      []Publication // scratch of sequence
	flights    []*flight     // made, and not launched yet
}

// subscription is one client in one channel.
type subscription struct {
	client     *Client
	channel    string
	serverSide bool
	positioned bool // set before it is attached
	presence   bool // set before it is attached

	ch     *channel // set by attach, guarded by Client.mu from then on
	ready  bool     // its reply is on the way; guarded by Client.mu
	cut    *cut     // ended before it was ready; guarded by Client.mu
	place  int      // index in channel.subs, -1 outside; guarded by channel.mu
	live   bool     // past the seam; guarded by channel.mu
	cursor uint64   // offset of the last event queued for the client, if positioned; guarded by channel.mu
	seam   seam     // guarded by channel.mu
}

// cut is the end of a subscription from the server's side.
type cut struct {
	code   uint32
	reason string
}

// acquire returns the channel for one more subscription; release gives it back.
func (n *Node) acquire(name string) *channel {
	n.mu.Lock()
	defer n.mu.Unlock()
	ch := n.channels[name]
	if ch == nil {
		ch = &channel{node: n, name: name, joining: make(chan struct{}, 1)}
		n.channels[name] = ch
	}
	ch.refs++
	delete(n.idle, ch)
	return ch
}

func (n *Node) release(ch *channel) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if ch.refs--; ch.refs == 0 {
		n.idle[ch] = time.Now()
	}
}

// lookup returns the channel if it has subscribers here.
func (n *Node) lookup(name string) *channel {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if ch := n.channels[name]; ch != nil && ch.refs > 0 {
		return ch
	}
	return nil
}

// join makes sure that the broker delivers the channel. If it cannot, the
// subscription stands all the same: the log delivers.
func (ch *channel) join(ctx context.Context) error {
	select {
	case ch.joining <- struct{}{}:
		defer func() { <-ch.joining }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if ch.joined {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	if err := ch.node.opts.Broker.Subscribe(ctx, ch.name); err != nil {
		ch.node.stats.brokerErrors.Add(1)
		ch.node.opts.Logger.WarnContext(ctx, "the broker did not subscribe", "channel", ch.name, "error", err)
		return nil
	}
	ch.joined = true
	return nil
}

// leave tells the broker that a channel without subscribers is no longer
// wanted, and forgets it unless somebody came meanwhile: he waits in join for his turn.
func (ch *channel) leave(ctx context.Context) {
	select {
	case ch.joining <- struct{}{}:
		defer func() { <-ch.joining }()
	default:
		return // somebody is joining
	}
	n := ch.node
	n.mu.RLock()
	wanted := ch.refs > 0
	n.mu.RUnlock()
	if wanted {
		return
	}
	if ch.joined {
		ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
		defer cancel()
		if err := n.opts.Broker.Unsubscribe(ctx, ch.name); err != nil {
			n.stats.brokerErrors.Add(1)
			n.opts.Logger.WarnContext(ctx, "the broker did not unsubscribe", "channel", ch.name, "error", err)
		}
		ch.joined = false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if ch.refs == 0 {
		delete(n.channels, ch.name)
		delete(n.idle, ch)
	}
}

// leaveIdleChannels leaves channels channelLinger after their last subscriber.
func (n *Node) leaveIdleChannels(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			for _, ch := range n.idleChannels(now.Add(-channelLinger)) {
				ch.leave(ctx)
			}
		}
	}
}

func (n *Node) idleChannels(since time.Time) []*channel {
	n.mu.RLock()
	defer n.mu.RUnlock()
	var idle []*channel
	for ch, at := range n.idle {
		if at.Before(since) {
			idle = append(idle, ch)
		}
	}
	return idle
}

// attach adds the subscription, which from now on holds back events.
func (ch *channel) attach(sub *subscription) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	sub.place = len(ch.subs)
	ch.subs = append(ch.subs, sub)
	ch.receivers[sub.client.format]++
	if sub.positioned {
		ch.positioned++
	}
	if !sub.serverSide {
		ch.audience++
	}
	ch.node.stats.subscriptions.Add(1)
}

// detach removes the subscription. It returns false if it is not attached.
func (ch *channel) detach(sub *subscription) bool {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return ch.detachLocked(sub)
}

func (ch *channel) detachLocked(sub *subscription) bool {
	if sub.place < 0 {
		return false
	}
	last := len(ch.subs) - 1
	ch.subs[sub.place] = ch.subs[last]
	ch.subs[sub.place].place = sub.place
	ch.subs[last], ch.subs = nil, ch.subs[:last]
	sub.place, sub.seam = -1, seam{}
	ch.receivers[sub.client.format]--
	if sub.positioned {
		if ch.positioned--; ch.positioned == 0 {
			ch.seq = sequencer{} // the next one starts where the log is then
		}
	}
	if !sub.serverSide {
		ch.audience--
	}
	ch.node.stats.subscriptions.Add(-1)
	return true
}
