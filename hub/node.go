package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Node is one server of channels. It accepts clients from New on; Run does
// everything that is due later, and must be called.
type Node struct {
	opts      Options
	ctx       context.Context // the node's life: from New until Run ends
	stop      context.CancelFunc
	logSlots  chan struct{} // full when maxLogReads are under way
	lost      chan struct{} // holds one token when the heads should be compared at once
	deadlines deadlines
	occupancy occupancy
	poller    *poller
	refusals  refusals
	stats     counters
	drained   drained

	life    sync.Mutex // guards what follows, and tasks against Add after Wait
	running bool
	stopped bool
	tasks   sync.WaitGroup // all goroutines but those of Run itself

	mu        sync.RWMutex // guards what follows; a leaf
	draining  bool         // accepts nobody
	admission admission
	clients   map[*Client]struct{}
	users     map[string]map[*Client]struct{} // connected clients that have a user
	channels  map[string]*channel
	idle      map[*channel]time.Time // channels without subscribers, since when
}

// errStopped says that the node does not run any more.
var errStopped = errors.New("the node is stopped")

// reservedPrefix begins the names of channels that nodes use among themselves.
const reservedPrefix = "$hub:"

// New returns a node that accepts clients. Run must follow.
func New(o Options) (*Node, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("make a hub: %w", err)
	}
	n := &Node{
		opts:      o,
		logSlots:  make(chan struct{}, maxLogReads),
		lost:      make(chan struct{}, 1),
		deadlines: deadlines{changed: make(chan struct{}, 1)},
		clients:   make(map[*Client]struct{}),
		users:     make(map[string]map[*Client]struct{}),
		channels:  make(map[string]*channel),
		idle:      make(map[*channel]time.Time),
	}
	n.occupancy.init(o.Name)
	n.drained.done = make(chan struct{})
	if n.poller, err = newPoller(); err != nil {
		return nil, fmt.Errorf("make a hub: %w", err)
	}
	n.ctx, n.stop = context.WithCancel(context.Background())
	if b, ok := o.Broker.(*MemoryBroker); ok {
		b.add((*sink)(n))
	}
	return n, nil
}

// Run does the node's work until ctx ends: it runs the broker, compares heads,
// pings and closes. Then it closes what clients are left (3001; see Shutdown
// for a gentler way), waits for every goroutine of the node and returns. It
// fails only if the broker does, or if it is called twice.
func (n *Node) Run(ctx context.Context) error {
	if err := n.begin(); err != nil {
		return err
	}
	runCtx, stopLoops := context.WithCancel(ctx)
	defer stopLoops()
	var loops, last sync.WaitGroup
	var brokerErr, pollErr error
	loops.Go(func() {
		if err := n.opts.Broker.Run(runCtx, (*sink)(n)); err != nil {
			brokerErr = fmt.Errorf("run the broker: %w", err)
		}
		stopLoops()
	})
	loops.Go(func() { n.compareHeads(runCtx) })
	loops.Go(func() { n.leaveIdleChannels(runCtx) })
	loops.Go(func() { n.countClients(runCtx) })
	last.Go(func() { n.watchDeadlines(n.ctx) }) // until the end: it sees to closes that get no answer
	last.Go(func() {
		pollErr = n.poller.run(n.ctx)
		stopLoops()
	})
	<-runCtx.Done()
	n.finish()
	loops.Wait()
	last.Wait()
	return errors.Join(brokerErr, pollErr, n.poller.close())
}

func (n *Node) begin() error {
	n.life.Lock()
	defer n.life.Unlock()
	if n.running {
		return errors.New("run a hub: it runs or ran already")
	}
	n.running = true
	return nil
}

// finish ends all clients and then all goroutines.
func (n *Node) finish() {
	n.closeAll()
	n.stop()
	for _, c := range n.clientList() {
		c.abort()
	}
	<-n.drained.done // those that come now see that the node's context has ended
	n.life.Lock()
	n.stopped = true
	n.life.Unlock()
	n.tasks.Wait()
}

// spawn runs task in a goroutine that Run waits for. It returns false, and does not run it, when the node is stopped.
func (n *Node) spawn(task func()) bool {
	n.life.Lock()
	defer n.life.Unlock()
	if n.stopped {
		return false
	}
	n.tasks.Go(task)
	return true
}

// Publish sends p to the channel's subscribers on all nodes. A positioned
// publication must be in the Log already. It does not wait for anybody to get
// it; an error means that this node's broker refused it (a positioned one still
// arrives, by way of the log).
func (n *Node) Publish(ctx context.Context, channel string, p Publication) error {
	if !json.Valid(p.Data) {
		return fmt.Errorf("publish to %q: data is not JSON", channel)
	}
	if p.ephemeral() != (p.Epoch == "") {
		return fmt.Errorf("publish to %q: a publication has both an offset and an epoch, or neither", channel)
	}
	if strings.HasPrefix(channel, reservedPrefix) {
		return fmt.Errorf("publish to %q: the name is reserved", channel)
	}
	if !p.ephemeral() {
		(*sink)(n).Receive(channel, p) // local subscribers need not wait for the broker; its copy is dropped
	}
	if err := n.opts.Broker.Publish(ctx, channel, p); err != nil {
		n.stats.brokerErrors.Add(1)
		return fmt.Errorf("publish to %q: %w", channel, err)
	}
	return nil
}

// Tell sends an ephemeral p to the channel's subscribers on this node only: what
// all nodes find out by themselves needs no broker. It does not wait for anybody
// to get it.
func (n *Node) Tell(channel string, p Publication) error {
	if !json.Valid(p.Data) || !p.ephemeral() || p.Epoch != "" {
		return fmt.Errorf("tell %q: it is no ephemeral JSON", channel)
	}
	(*sink)(n).Receive(channel, p)
	return nil
}

// Channels returns the names of the channels that have subscribers on this node.
func (n *Node) Channels() []string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	names := make([]string, 0, len(n.channels))
	for name, ch := range n.channels {
		if ch.refs > 0 {
			names = append(names, name)
		}
	}
	return names
}

// UserDisconnect closes the user's connections to this node.
func (n *Node) UserDisconnect(user string, d Disconnect) {
	for _, c := range n.clientsOf(user) {
		c.disconnect(&d)
	}
}

// Unsubscribe ends the user's subscriptions to the channel on this node, those
// under way included; with an empty user everybody's. With a code from 2500 on
// clients subscribe again, so that the Handler decides anew.
func (n *Node) Unsubscribe(user, channel string, code uint32, reason string) {
	clients := n.clientsOf(user)
	if user == "" {
		clients = n.clientList()
	}
	for _, c := range clients {
		c.unsubscribed(channel, code, reason)
	}
}

func (n *Node) clientsOf(user string) []*Client {
	n.mu.RLock()
	defer n.mu.RUnlock()
	clients := make([]*Client, 0, len(n.users[user]))
	for c := range n.users[user] {
		clients = append(clients, c)
	}
	return clients
}

func (n *Node) clientList() []*Client {
	n.mu.RLock()
	defer n.mu.RUnlock()
	clients := make([]*Client, 0, len(n.clients))
	for c := range n.clients {
		clients = append(clients, c)
	}
	return clients
}
