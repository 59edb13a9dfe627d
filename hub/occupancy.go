package hub

import (
	"context"
	"encoding/json"
	"maps"
	"sync"
	"time"
)

// Nodes tell each other, on one channel of the broker, how many clients they
// have in which channel: changes once an Options.OccupancyInterval, everything
// from time to time, whatever number of clients came and went in between.
const (
	occupancyChannel = reservedPrefix + "occupancy"
	occupancyFull    = 5 * time.Second  // between full reports
	occupancyExpiry  = 10 * time.Second // without a report a node's numbers are forgotten
	occupancyChunk   = 500              // channels in one report
)

// occupancyReport is what a node tells the others.
type occupancyReport struct {
	Node   string         `json:"node"`
	Full   uint64         `json:"full,omitempty"` // number of the full report that this is a part of; 0: changes
	Last   bool           `json:"last,omitempty"` // the last part of a full report
	Counts map[string]int `json:"counts"`
}

// occupancy holds what other nodes told.
type occupancy struct {
	self  string
	mu    sync.Mutex // guards what follows
	nodes map[string]*nodeCounts
	total map[string]int // of all other nodes, by channel
}

type nodeCounts struct {
	heard    time.Time
	full     uint64 // the latest full report
	channels map[string]remoteCount
}

type remoteCount struct {
	clients int
	full    uint64 // the full report current when it was told
}

func (o *occupancy) init(self string) {
	o.self, o.nodes, o.total = self, make(map[string]*nodeCounts), make(map[string]int)
}

// Occupancy is the number of clients that subscribed to the channel, server-side
// subscriptions left aside: those of this node, and those of the other nodes as they last told (if Options.Occupancy is set).
func (n *Node) Occupancy(channel string) int {
	return n.localCount(channel) + n.occupancy.elsewhere(channel)
}

func (n *Node) localCount(channel string) int {
	ch := n.lookup(channel)
	if ch == nil {
		return 0
	}
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return ch.audience
}

func (o *occupancy) elsewhere(channel string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.total[channel]
}

// receive takes a report from the broker. One that cannot be read is left out; the next full one mends it.
func (o *occupancy) receive(p Publication) {
	var r occupancyReport
	if json.Unmarshal(p.Data, &r) != nil || r.Node == o.self {
		return
	}
	o.apply(r, time.Now())
}

func (o *occupancy) apply(r occupancyReport, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	node := o.nodes[r.Node]
	if node == nil {
		node = &nodeCounts{channels: make(map[string]remoteCount)}
		o.nodes[r.Node] = node
	}
	node.heard = now
	node.full = max(node.full, r.Full)
	for channel, clients := range r.Counts {
		o.setLocked(node, channel, clients)
	}
	if !r.Last {
		return
	}
	for channel, c := range node.channels {
		if c.full+1 < node.full { // missing in two full reports
			o.setLocked(node, channel, 0)
		}
	}
}

// setLocked needs o.mu.
func (o *occupancy) setLocked(node *nodeCounts, channel string, clients int) {
	o.total[channel] += clients - node.channels[channel].clients
	if o.total[channel] == 0 {
		delete(o.total, channel)
	}
	if clients == 0 {
		delete(node.channels, channel)
		return
	}
	node.channels[channel] = remoteCount{clients: clients, full: node.full}
}

// expire forgets nodes that were not heard of since then.
func (o *occupancy) expire(since time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for name, node := range o.nodes {
		if node.heard.Before(since) {
			for channel := range node.channels {
				o.setLocked(node, channel, 0)
			}
			delete(o.nodes, name)
		}
	}
}

// occupancyTeller is the state of the goroutine that tells others and subscribers.
type occupancyTeller struct {
	node      *Node
	listening bool
	told      map[string]int // what the other nodes know of this one
	published map[string]int // what the subscribers know
	full      uint64         // full reports sent
	fullAt    time.Time      // the last of them
}

// countClients tells nodes and subscribers how many clients there are, until ctx ends.
func (n *Node) countClients(ctx context.Context) {
	if n.opts.Occupancy == nil {
		return
	}
	t := &occupancyTeller{node: n, published: make(map[string]int)}
	tick := time.NewTicker(n.opts.OccupancyInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			t.listen(ctx)
			n.occupancy.expire(now.Add(-occupancyExpiry))
			counts := n.localCounts()
			t.tellNodes(ctx, counts, now)
			t.tellSubscribers(counts)
		}
	}
}

func (n *Node) localCounts() map[string]int {
	n.mu.RLock()
	all := make([]*channel, 0, len(n.channels))
	for _, ch := range n.channels {
		all = append(all, ch)
	}
	n.mu.RUnlock()
	counts := make(map[string]int, len(all))
	for _, ch := range all {
		ch.mu.Lock()
		if ch.audience > 0 {
			counts[ch.name] = ch.audience
		}
		ch.mu.Unlock()
	}
	return counts
}

func (t *occupancyTeller) listen(ctx context.Context) {
	if t.listening {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	if err := t.node.opts.Broker.Subscribe(ctx, occupancyChannel); err != nil {
		t.node.stats.brokerErrors.Add(1)
		return // the next round tries again
	}
	t.listening = true
}

// tellNodes publishes what changed, or everything if that was long ago.
func (t *occupancyTeller) tellNodes(ctx context.Context, counts map[string]int, now time.Time) {
	full := now.Sub(t.fullAt) >= occupancyFull
	report := changes(t.told, counts)
	if full {
		t.full++
		t.fullAt = now
		maps.Copy(report, counts) // beside those that are gone
	}
	t.told = counts
	if !full && len(report) == 0 {
		return
	}
	part := occupancyReport{Node: t.node.opts.Name, Counts: make(map[string]int)}
	if full {
		part.Full = t.full
	}
	for channel, clients := range report {
		part.Counts[channel] = clients
		if len(part.Counts) == occupancyChunk {
			t.publish(ctx, part)
			clear(part.Counts)
		}
	}
	part.Last = full
	t.publish(ctx, part)
}

// changes returns the counts that differ from the old ones; those that are gone are 0.
func changes(old, counts map[string]int) map[string]int {
	diff := make(map[string]int)
	for channel, clients := range counts {
		if old[channel] != clients {
			diff[channel] = clients
		}
	}
	for channel := range old {
		if _, still := counts[channel]; !still {
			diff[channel] = 0
		}
	}
	return diff
}

func (t *occupancyTeller) publish(ctx context.Context, r occupancyReport) {
	data, err := json.Marshal(r)
	if err == nil {
		err = t.node.opts.Broker.Publish(ctx, occupancyChannel, Publication{Data: data})
	}
	if err != nil {
		t.node.stats.brokerErrors.Add(1) // the next full report mends it
	}
}

// tellSubscribers gives the application's publication to channels whose number changed.
func (t *occupancyTeller) tellSubscribers(counts map[string]int) {
	for channel, here := range counts {
		total := here + t.node.occupancy.elsewhere(channel)
		if t.published[channel] == total {
			continue
		}
		t.published[channel] = total
		p := t.node.opts.Occupancy(channel, total)
		if ch := t.node.lookup(channel); ch != nil && len(p.Data) > 0 {
			ch.receive(p)
		}
	}
	for channel := range t.published {
		if _, still := counts[channel]; !still {
			delete(t.published, channel)
		}
	}
}
