package hub

import (
	"runtime"
	"strings"
	"sync"
	"time"
)

// A busy channel keeps at most this much between the broker and the fan-out.
// What comes when it is full is left out: the log brings the positioned ones
// back, the others are dropped.
const (
	maxInbox      = 4096
	maxInboxBytes = 4 << 20
)

// maxTogether is how much data goes to a client in one frame.
const maxTogether = 32 << 10

// After a fan-out a channel rests for restShare times as long as that took, and
// at most Options.MaxBatchDelay. What comes meanwhile goes out together, one
// write for each client. So a channel with few clients, or with few events,
// hardly waits, and the busiest one needs a bounded number of writes.
const (
	restShare = 16
	minRest   = time.Millisecond // shorter ones are not worth a timer
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
	if !in.working {
		in.working = ch.node.spawn(ch.work)
	}
	in.mu.Unlock()
}

// next returns what is in the inbox, and takes spare for what will be. more is
// false if there is nothing; then the caller must not go on.
func (in *inbox) next(spare []Publication) (pubs []Publication, more bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.pubs) == 0 {
		in.working = false
		if cap(in.pubs) > maxInbox/16 {
			in.pubs = nil // a burst is over
		}
		return nil, false
	}
	pubs = in.pubs
	in.pubs, in.bytes = spare, 0
	return pubs, true
}

// work puts what is in the inbox into order and writes it to the clients, until nothing is left.
func (ch *channel) work() {
	var spare []Publication
	for {
		pubs, more := ch.inbox.next(spare)
		if !more {
			return
		}
		ch.mu.Lock()
		ch.sequence(pubs)
		ch.mu.Unlock()
		clear(pubs)
		spare = pubs[:0]
		began := time.Now()
		if ch.launch() {
			ch.rest(restShare * time.Since(began))
		}
	}
}

// launch writes the flights that were made, if any. Whoever made one under ch.mu
// does so as soon as he has released it: its clients get nothing else before.
func (ch *channel) launch() (some bool) {
	ch.mu.Lock()
	flights := ch.flights
	ch.flights = nil
	ch.mu.Unlock()
	for _, f := range flights {
		f.launch(ch.node)
	}
	return len(flights) > 0
}

// rest waits for d, but not longer than a batch may be delayed.
func (ch *channel) rest(d time.Duration) {
	if d = min(d, ch.node.opts.MaxBatchDelay); d < minRest {
		return
	}
	pause(ch.node.ctx, d)
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
	ch.deliver(newestOfKey(ready))
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

// newestOfKey leaves out ephemeral publications that a later one of their key replaces.
func newestOfKey(pubs []Publication) []Publication {
	if len(pubs) < 2 {
		return pubs
	}
	newest := make(map[string]int)
	for i := range pubs {
		if pubs[i].Key != "" && pubs[i].ephemeral() {
			newest[pubs[i].Key] = i
		}
	}
	if len(newest) == 0 {
		return pubs
	}
	kept := pubs[:0]
	for i := range pubs {
		if at, keyed := newest[pubs[i].Key]; !keyed || at == i || !pubs[i].ephemeral() {
			kept = append(kept, pubs[i])
		}
	}
	return kept
}

// deliver gives pubs, which are in order, to all subscriptions. It needs ch.mu;
// the caller launches what it adds to ch.flights.
func (ch *channel) deliver(pubs []Publication) {
	for len(pubs) > 0 && len(ch.subs) > 0 {
		n, size := 0, 0
		for n < len(pubs) && (n == 0 || size+len(pubs[n].Data) <= maxTogether) {
			size += len(pubs[n].Data)
			n++
		}
		ch.deliverTogether(pubs[:n])
		pubs = pubs[n:]
	}
}

// bundle is some events on their way to the subscribers of a channel.
type bundle struct {
	events      []event
	together    *message // all of them in one frame
	first, last uint64   // offsets of the positioned ones, which follow each other; 0: there is none
	at          time.Time
}

func (ch *channel) bundle(pubs []Publication) *bundle {
	b := &bundle{events: make([]event, 0, len(pubs))}
	messages := make([]*message, 0, len(pubs))
	for i := range pubs {
		p := &pubs[i]
		msg, err := publicationMessage(ch.name, p, ch.receivers)
		if err != nil {
			ch.node.opts.Logger.Error("a publication does not fit the protocol", "channel", ch.name, "offset", p.Offset, "error", err)
		}
		messages = append(messages, msg)
		b.events = append(b.events, event{offset: p.Offset, epoch: p.Epoch, msg: msg})
		if !p.ephemeral() {
			if b.last = p.Offset; b.first == 0 {
				b.first = p.Offset
			}
		}
		if !p.At.IsZero() && (b.at.IsZero() || p.At.Before(b.at)) {
			b.at = p.At
		}
	}
	b.together = together(messages, ch.receivers)
	return b
}

// deliverTogether is deliver for what fits one frame.
func (ch *channel) deliverTogether(pubs []Publication) {
	b := ch.bundle(pubs)
	f := &flight{message: b.together, at: b.at, began: time.Now(), clients: make([]*Client, 0, len(ch.subs))}
	var broken []*subscription
	delivered := 0
	for _, sub := range ch.subs {
		if !sub.live {
			for _, e := range b.events {
				sub.seam.hold(e)
			}
			continue
		}
		n, whole := sub.client.deliver(sub, b, f)
		delivered += n
		f.reached += min(n, 1)
		if !whole {
			broken = append(broken, sub)
		}
	}
	ch.node.stats.deliveries.Add(uint64(delivered)) //nolint:gosec // a count is not negative
	f.events = len(pubs)
	ch.flights = append(ch.flights, f)
	for _, sub := range broken {
		ch.resubscribe(sub)
	}
}

// deliver puts the client on the flight, if it has nothing else to get, or else
// into its queue what it should get of b. It returns how many events that were.
// whole is false if there is a hole before one of them, which only an error of
// this package can make. It needs the channel's lock.
func (c *Client) deliver(sub *subscription, b *bundle, f *flight) (n int, whole bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	inStep := !sub.positioned || b.first == 0 || sub.cursor+1 == b.first
	if inStep && !c.writing && c.closing == nil && c.queue.empty() && b.together.frames[c.format] != nil {
		if sub.positioned && b.last > 0 {
			sub.cursor = b.last
		}
		c.writing = true
		f.clients = append(f.clients, c)
		return len(b.events), true
	}
	for _, e := range b.events {
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
	c.wakeWriterLocked()
	return n, true
}

// pushLocked queues m and returns how many messages that were. It needs c.mu,
// and the caller wakes the writer.
func (c *Client) pushLocked(m *message) int {
	f := m.frames[c.format]
	if f == nil {
		c.disconnectLocked(DisconnectBadProtocol, true)
		return 0
	}
	return c.enqueueLocked(item{bytes: f.bytes(), kind: m.kind, key: m.key})
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

// flight is a message on its way to clients that had nothing else waiting. The
// flight holds the right to write to each of them (see writer.go).
type flight struct {
	message *message
	clients []*Client
	reached int // clients that get it: those, and others by their queues
	events  int
	began   time.Time
	at      time.Time // of the oldest event, if known
}

// crowd is how many clients are worth a goroutine of their own when a flight is launched.
const crowd = 512

// launch writes to all its clients, on all processors if they are many, and
// returns when every socket has got what it takes.
func (f *flight) launch(n *Node) {
	parts := min(runtime.GOMAXPROCS(0), 1+len(f.clients)/crowd)
	size := (len(f.clients) + parts - 1) / parts
	var others sync.WaitGroup
	rest := f.clients
	for len(rest) > size {
		part := rest[:size]
		rest = rest[size:]
		others.Add(1)
		if !n.spawn(func() { defer others.Done(); f.write(part) }) {
			others.Done() // the node is stopped
		}
	}
	f.write(rest)
	others.Wait()
	f.observe(n)
}

func (f *flight) write(clients []*Client) {
	w := getWriter()
	defer w.release()
	for _, c := range clients {
		c.flush(f.message.frames[c.format].bytes(), w)
	}
}

func (f *flight) observe(n *Node) {
	if n.opts.Observe == nil || f.reached == 0 {
		return
	}
	now := time.Now()
	seen := Fanout{Events: f.events, Clients: f.reached, Took: now.Sub(f.began)}
	if !f.at.IsZero() {
		seen.Age = max(now.Sub(f.at), 0)
	}
	n.opts.Observe(seen)
}
