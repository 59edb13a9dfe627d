package redisbroker

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"
)

const (
	refreshTime = 10 * time.Second       // between two looks at who has which slots
	reloadPause = 200 * time.Millisecond // between two that somebody asked for
)

var errNoMaster = errors.New("no master serves the slot")

// routes say which server takes and delivers the channels of each partition.
type routes struct {
	of  []*outlet // by partition; nil: nobody knows
	all []*outlet
}

// cluster knows how to find out who has which slots.
type cluster struct {
	seeds  []string
	tags   []string      // of the partitions
	slots  []int         // of the tags
	ask    chan struct{} // holds one token when somebody doubts the routes
	loaded chan struct{} // closed when they were looked for, once
	strays *outlet       // publications whose server is not known; closed when Run has ended

	mu  sync.Mutex // guards err; a leaf
	err error      // of the last look; nil if it told
}

func newCluster(seeds []string) *cluster {
	c := &cluster{
		seeds: seeds, tags: hashTags(), ask: make(chan struct{}, 1), loaded: make(chan struct{}), strays: newOutlet(""), err: errNotRun,
	}
	for _, tag := range c.tags {
		c.slots = append(c.slots, slotOf(tag))
	}
	return c
}

func (c *cluster) fault() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *cluster) setFault(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}

// awaitLoad waits for the first look. It returns false when ctx ends.
func (c *cluster) awaitLoad(ctx context.Context) bool {
	select {
	case <-c.loaded:
		return true
	case <-ctx.Done():
		return false
	}
}

// reload has the routes looked for.
func (b *Broker) reload() {
	if b.cluster == nil {
		return
	}
	select {
	case b.cluster.ask <- struct{}{}:
	default:
	}
}

// followCluster keeps the routes right and runs their outlets until ctx ends.
func (b *Broker) followCluster(ctx context.Context) {
	var outlets sync.WaitGroup
	defer outlets.Wait()
	start := func(o *outlet) { outlets.Go(func() { b.send(ctx, o) }) }
	told := false
	for first := true; ctx.Err() == nil; first = false {
		wait := refreshTime
		slots, err := b.askSlots(ctx)
		if slots != nil {
			b.follow(slots, start)
		}
		if b.cluster.setFault(err); err == nil {
			b.logReturn(ctx, &told)
		} else if ctx.Err() == nil {
			b.logLoss(ctx, &told, err)
			wait = 0
		}
		b.sendStrays()
		if first {
			close(b.cluster.loaded)
		}
		pause(ctx, reloadPause)
		select {
		case <-b.cluster.ask:
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
	b.cluster.strays.close()
	b.sendStrays()
}

// slotRange is a master's.
type slotRange struct {
	first, last int
	addr        string
}

// askSlots asks one server after the other who has which slots, until one names
// a master for all of ours. If none does, the answer with the fewest gaps is
// returned with an error: a server that the others have forgotten knows only itself.
func (b *Broker) askSlots(ctx context.Context) (best []slotRange, failed error) {
	fewest := len(b.cluster.slots) + 1
	for _, addr := range b.whomToAsk() {
		slots, err := b.askServer(ctx, addr)
		if err != nil {
			if best == nil {
				failed = fmt.Errorf("ask %s for the slots of the cluster: %w", addr, err)
			}
			continue
		}
		gaps := b.cluster.gaps(slots)
		if gaps == 0 {
			return slots, nil
		}
		if gaps < fewest {
			best, fewest, failed = slots, gaps, fmt.Errorf("ask %s for the slots of the cluster: %w", addr, errNoMaster)
		}
	}
	return best, failed
}

// gaps counts our slots that have no master.
func (c *cluster) gaps(slots []slotRange) (n int) {
	for _, slot := range c.slots {
		if masterOf(slots, slot) < 0 {
			n++
		}
	}
	return n
}

// masterOf finds the range that a slot lies in; -1: none.
func masterOf(slots []slotRange, slot int) int {
	return slices.IndexFunc(slots, func(r slotRange) bool { return r.first <= slot && slot <= r.last })
}

// whomToAsk are the known masters in any order, for each may know only the past, those that work first; then the seeds.
func (b *Broker) whomToAsk() []string {
	known := slices.Clone(b.routes.Load().all)
	rand.Shuffle(len(known), func(i, j int) { known[i], known[j] = known[j], known[i] }) //nolint:gosec // spreads load, hides nothing
	var addrs, broken []string
	for _, o := range known {
		if o.fault() == nil {
			addrs = append(addrs, o.addr)
		} else {
			broken = append(broken, o.addr)
		}
	}
	for _, addr := range append(slices.Clone(b.cluster.seeds), broken...) {
		if !slices.Contains(addrs, addr) {
			addrs = append(addrs, addr)
		}
	}
	return addrs
}

func (b *Broker) askServer(ctx context.Context, addr string) ([]slotRange, error) {
	ctx, cancel := context.WithTimeout(ctx, networkTime)
	defer cancel()
	client := b.dialer.client(addr)
	defer func() { _ = client.Close() }()
	answer, err := client.ClusterSlots(ctx).Result() //nolint:staticcheck // says itself who the master is, and where; all servers know it
	if err != nil {
		return nil, err
	}
	if len(answer) == 0 {
		return nil, errors.New("it knows of none")
	}
	asked, _, _ := net.SplitHostPort(addr)
	slots := make([]slotRange, 0, len(answer))
	for _, s := range answer {
		if len(s.Nodes) == 0 {
			continue
		}
		host, port, err := net.SplitHostPort(s.Nodes[0].Addr) // the others are replicas
		if err != nil || host == "?" {
			continue
		}
		if host == "" { // a server that does not know its own
			host = asked
		}
		slots = append(slots, slotRange{s.Start, s.End, net.JoinHostPort(host, port)})
	}
	return slots, nil
}

// follow makes the routes, starts outlets to new servers and ends those to servers that have no slot of ours.
func (b *Broker) follow(slots []slotRange, start func(*outlet)) {
	old := b.routes.Load()
	outlets := make(map[string]*outlet)
	for _, o := range old.all {
		outlets[o.addr] = o
	}
	now := &routes{of: make([]*outlet, len(b.partitions))}
	for i, slot := range b.cluster.slots {
		at := masterOf(slots, slot)
		if at < 0 {
			continue
		}
		o := outlets[slots[at].addr]
		if o == nil {
			o = newOutlet(slots[at].addr)
			outlets[o.addr] = o
			start(o)
		}
		now.of[i] = o
		if !slices.Contains(now.all, o) {
			now.all = append(now.all, o)
		}
	}
	b.routes.Store(now)
	for _, o := range old.all {
		if !slices.Contains(now.all, o) {
			o.close()
		}
	}
}

// sendStrays gives the strays to the servers that are known now.
func (b *Broker) sendStrays() {
	strays, _ := b.cluster.strays.take(nil)
	for _, m := range strays {
		o := b.routes.Load().of[m.partition]
		b.count(o != nil && o.push(m))
	}
	b.cluster.strays.release(strays)
}
