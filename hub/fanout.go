package hub

import (
	"strings"
	"sync"
)

// A busy channel keeps at most this much between the broker and the fan-out.
// What comes when it is full is left out: the log brings the positioned ones
// back, the others are dropped.
const (
	maxInbox      = 4096
	maxInboxBytes = 4 << 20
)

// inbox takes a channel's publications from the broker, which must not wait. A
// goroutine empties it as long as there is something in it.
type inbox struct {
	mu      sync.Mutex
	pubs    []Publication
	bytes   int
	working bool
}

// sink is the node as its broker sees it.
type sink Node

// Receive passes p on to the channel's subscribers.
func (s *sink) Receive(channel string, p Publication) {
	n := (*Node)(s)
	if strings.HasPrefix(channel, reservedPrefix) {
		n.occupancy.receive(p)
		return
	}
	if ch := n.lookup(channel); ch != nil {
		n.stats.received.Add(1)
		ch.receive(p)
	}
}

// Lost has all channels compared with the log at once.
func (s *sink) Lost() {
	s.stats.brokerLost.Add(1)
	select {
	case s.lost <- struct{}{}:
	default: // it is about to happen
	}
}

func (ch *channel) receive(p Publication) {
	in := &ch.inbox
	in.mu.Lock()
	if len(in.pubs) >= maxInbox || in.bytes+len(p.Data) > maxInboxBytes {
		in.mu.Unlock()
		if p.ephemeral() {
			ch.node.stats.drops.Add(1)
		} else {
			ch.node.stats.postponed.Add(1)
		}
		return
	}
	in.pubs = append(in.pubs, p)
	in.bytes += len(p.Data)
	idle := !in.working
	in.working = true
	in.mu.Unlock()
	if idle {
		ch.node.spawn(ch.empty)
	}
}

// empty delivers what is in the inbox until nothing is.
func (ch *channel) empty() {
	in := &ch.inbox
	var spare []Publication
	for {
		in.mu.Lock()
		pubs := in.pubs
		in.pubs, in.bytes = spare, 0
		in.working = len(pubs) > 0
		in.mu.Unlock()
		if len(pubs) == 0 {
			return
		}
		ch.mu.Lock()
		ch.sequence(pubs)
		ch.mu.Unlock()
		clear(pubs)
		spare = pubs[:0]
	}
}

// sequence delivers pubs, the positioned ones as their turn comes. It needs ch.mu.
func (ch *channel) sequence(pubs []Publication) {
	ready, foreign := ch.ready[:0], false
	for _, p := range pubs {
		if p.ephemeral() || ch.positioned == 0 {
			ready = append(ready, p)
			continue
		}
		var other bool
		ready, other = ch.seq.push(ready, p)
		foreign = foreign || other
	}
	ch.deliver(ready)
	clear(ready)
	ch.ready = ready[:0]
	if cap(ready) > maxInbox/16 {
		ch.ready = nil // a burst is over
	}
	if foreign {
		ch.fillNow() // only the log knows which epoch is the right one
		return
	}
	ch.watchHole()
}

// deliver gives pubs, which are in order, to all subscriptions: each encoded
// once for all clients of a protocol. It needs ch.mu.
func (ch *channel) deliver(pubs []Publication) {
	if len(pubs) == 0 || len(ch.subs) == 0 {
		return
	}
	var few [8]event
	events := few[:0]
	for i := range pubs {
		msg, err := publicationMessage(ch.name, &pubs[i], ch.receivers)
		if err != nil {
			ch.node.opts.Logger.Error("a publication does not fit the protocol", "channel", ch.name, "offset", pubs[i].Offset, "error", err)
		}
		events = append(events, event{offset: pubs[i].Offset, epoch: pubs[i].Epoch, msg: msg})
	}
	var broken []*subscription
	delivered := 0
	for _, sub := range ch.subs {
		if !sub.live {
			for _, e := range events {
				sub.seam.hold(e)
			}
			continue
		}
		n, whole := sub.client.deliver(sub, events)
		delivered += n
		if !whole {
			broken = append(broken, sub)
		}
	}
	ch.node.stats.deliveries.Add(uint64(delivered)) //nolint:gosec // a count is not negative
	for _, sub := range broken {
		ch.resubscribe(sub)
	}
}

// deliver queues events for the client and counts them. whole is false if there
// is a hole before one of them, which only an error of this package can make.
// It needs the channel's lock.
func (c *Client) deliver(sub *subscription, events []event) (n int, whole bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range events {
		if sub.positioned && e.offset > 0 {
			if e.offset <= sub.cursor {
				continue
			}
			if e.offset != sub.cursor+1 {
				return n, false
			}
			sub.cursor = e.offset
		}
		n += c.pushLocked(e.msg)
	}
	return n, true
}

// pushLocked queues m and returns how many messages that were. It needs c.mu.
func (c *Client) pushLocked(m *message) int {
	f := m.frames[c.protocol]
	if f == nil {
		c.disconnectLocked(DisconnectBadProtocol, true)
		return 0
	}
	return c.enqueueLocked(item{frame: f, kind: m.kind, key: m.key})
}

// resubscribe ends a subscription whose events have a hole: the SDK subscribes
// again with its position and recovers from the log. It needs ch.mu.
func (ch *channel) resubscribe(sub *subscription) {
	if !sub.live {
		sub.seam.spoil()
		return
	}
	if ch.detachLocked(sub) {
		sub.client.resubscribe(sub)
		ch.node.release(ch)
	}
}
