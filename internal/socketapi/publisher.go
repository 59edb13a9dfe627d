package socketapi

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"lifecircle/feed"
	"lifecircle/hub"
	"lifecircle/internal/circlelog"
	"lifecircle/internal/id"
)

const (
	publishLanes   = 4    // goroutines that publish; a circle has one of them, so its order is kept
	publishQueue   = 4096 // events waiting in a lane
	publishTimeout = time.Second
)

// Node is where news is published: a hub.Node.
type Node interface {
	Publish(ctx context.Context, channel string, p hub.Publication) error
}

// Publisher tells the nodes what was committed; it is the Audience of the feed
// and of payments.
// When publishing is slower than the commits and a lane is full, news is
// dropped: every node finds it in the log within about a second.
type Publisher struct {
	node    Node
	log     *slog.Logger
	lanes   [publishLanes]chan circlelog.Event
	counts  *countsLoop
	wallets *userHints
	dropped atomic.Int64
	failing atomic.Bool // so that a broker that is away fills one line of the log, not all
}

// NewPublisher returns a Publisher that works while Run does. lossy says that
// the node's broker may lose messages, so that the last counts are sent twice.
func NewPublisher(node Node, lossy bool, log *slog.Logger) *Publisher {
	p := &Publisher{node: node, log: log}
	for i := range p.lanes {
		p.lanes[i] = make(chan circlelog.Event, publishQueue)
	}
	repeat := time.Duration(0)
	if lossy {
		repeat = countsRepeat
	}
	p.counts = newCountsLoop(newMerger(countsEvery, repeat, countsKept), p.publishCounts)
	p.wallets = newUserHints(p.hinter(walletUpdated))
	return p
}

// Published implements feed.Audience.
func (p *Publisher) Published(events []circlelog.Event) {
	for _, e := range events {
		select {
		case p.lanes[uint64(e.Circle)%publishLanes] <- e: //nolint:gosec // ids are positive
		default:
			p.dropped.Add(1)
		}
	}
}

// Counted implements feed.Audience.
func (p *Publisher) Counted(post id.Post, counts feed.Counts) {
	p.counts.add(feed.PostCounts{ID: post, Counts: counts})
}

// Dropped returns how many events were left to the log because a lane was full.
func (p *Publisher) Dropped() int64 { return p.dropped.Load() }

// Run publishes until ctx ends, then what is queued.
func (p *Publisher) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, lane := range p.lanes {
		wg.Go(func() { p.runLane(ctx, lane) })
	}
	wg.Go(func() { p.counts.run(ctx) })
	wg.Go(func() { p.wallets.run(ctx) })
	wg.Wait()
	return nil
}

func (p *Publisher) runLane(ctx context.Context, lane <-chan circlelog.Event) {
	for {
		select {
		case <-ctx.Done():
			p.drainLane(context.WithoutCancel(ctx), lane)
			return
		case e := <-lane:
			p.publish(e.Traced(ctx), circleChannel(e.Circle), publication(e))
		}
	}
}

// drainLane publishes what is queued, as long as that takes little time.
func (p *Publisher) drainLane(ctx context.Context, lane <-chan circlelog.Event) {
	ctx, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	for ctx.Err() == nil {
		select {
		case e := <-lane:
			p.publish(e.Traced(ctx), circleChannel(e.Circle), publication(e))
		default:
			return
		}
	}
}

// publishCounts announces merged counts. Their key is how Broker knows them.
func (p *Publisher) publishCounts(ctx context.Context, msg countsMessage) {
	data, err := json.Marshal(msg)
	if err != nil { // numbers and ids always marshal
		p.log.Error("encode counts", "err", err)
		return
	}
	p.publish(ctx, circleChannel(msg.circle), hub.Publication{Data: data, Key: countsKey})
}

func (p *Publisher) publish(ctx context.Context, channel string, what hub.Publication) {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	err := p.node.Publish(ctx, channel, what)
	switch was := p.failing.Swap(err != nil); {
	case err != nil && !was:
		p.log.Warn("news does not reach the other nodes; they find it in the log", "err", err)
	case err == nil && was:
		p.log.Info("news reaches the other nodes again")
	}
}

// viewersMessage tells how many watch a circle.
type viewersMessage struct {
	Type  string `json:"type"` // "viewers"
	Count int    `json:"count"`
}

// Viewers makes the publication that tells a circle's viewers how many they
// are; it is the hub's Options.Occupancy. Nobody is told how many sockets he
// has himself.
func Viewers(channel string, clients int) hub.Publication {
	if _, ok := circleOf(channel); !ok {
		return hub.Publication{}
	}
	data, _ := json.Marshal(viewersMessage{"viewers", clients}) // never fails
	return hub.Publication{Data: data, Key: "viewers"}
}
