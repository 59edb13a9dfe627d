package socketapi

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"lifecircle/feed"
	"lifecircle/hub"
	"lifecircle/internal/id"
)

const (
	// countsKey marks counts on their way between nodes.
	countsKey = "counts"
	// rereadTimeout is for the counts of one circle.
	rereadTimeout = 5 * time.Second
	// rereadPause is the least time between two rounds of reading counts again.
	rereadPause = time.Second
)

// Counter reads the counts of a circle's recent posts.
type Counter interface {
	RecentCounts(ctx context.Context, circle id.ID) ([]feed.PostCounts, error)
}

// Broker is a broker with what counts need on the receiving side: those of all
// nodes are merged once more, so that a viewer gets no more messages from many
// nodes than from one, and after the broker may have lost some they are read
// again for the circles that this node serves.
type Broker struct {
	hub.Broker
	Counter Counter // set before Run
	log     *slog.Logger
	lost    chan struct{} // capacity 1: counts may have been missed

	mu     sync.Mutex // guards the following; nothing is called while it is held
	served map[id.ID]struct{}
	sink   hub.Sink    // set while Run runs
	counts *countsLoop // likewise
}

// NewBroker returns inner with merged counts.
func NewBroker(inner hub.Broker, log *slog.Logger) *Broker {
	return &Broker{Broker: inner, log: log, lost: make(chan struct{}, 1), served: map[id.ID]struct{}{}}
}

// Run implements hub.Broker.
func (b *Broker) Run(ctx context.Context, sink hub.Sink) error {
	counts := newCountsLoop(newMerger(countsEvery, 0, countsKept), func(_ context.Context, msg countsMessage) {
		b.show(sink, msg)
	})
	b.attach(sink, counts)
	defer b.attach(nil, nil)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return b.Broker.Run(ctx, countsSink{sink, b, counts}) })
	g.Go(func() error { counts.run(ctx); return nil })
	g.Go(func() error { b.reread(ctx, counts); return nil })
	return g.Wait()
}

func (b *Broker) attach(sink hub.Sink, counts *countsLoop) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sink, b.counts = sink, counts
}

// Subscribe implements hub.Broker.
func (b *Broker) Subscribe(ctx context.Context, channel string) error {
	if circle, ok := circleOf(channel); ok {
		b.mu.Lock()
		b.served[circle] = struct{}{}
		b.mu.Unlock()
	}
	return b.Broker.Subscribe(ctx, channel)
}

// Unsubscribe implements hub.Broker.
func (b *Broker) Unsubscribe(ctx context.Context, channel string) error {
	if circle, ok := circleOf(channel); ok {
		b.mu.Lock()
		delete(b.served, circle)
		b.mu.Unlock()
	}
	return b.Broker.Unsubscribe(ctx, channel)
}

// Publish implements hub.Broker. Counts of this node need not come back from
// the broker to be shown here: their copy is no news then.
func (b *Broker) Publish(ctx context.Context, channel string, p hub.Publication) error {
	b.mu.Lock()
	sink, counts := b.sink, b.counts
	b.mu.Unlock()
	if sink != nil && isCounts(p) {
		countsSink{sink, b, counts}.Receive(channel, p)
	}
	return b.Broker.Publish(ctx, channel, p)
}

func isCounts(p hub.Publication) bool { return p.Offset == 0 && p.Key == countsKey }

// countsSink takes counts out of what a broker delivers and leaves the rest.
type countsSink struct {
	hub.Sink
	broker *Broker
	counts *countsLoop
}

// Receive implements hub.Sink.
func (s countsSink) Receive(channel string, p hub.Publication) {
	if !isCounts(p) {
		s.Sink.Receive(channel, p)
		return
	}
	circle, ok := circleOf(channel)
	var msg countsMessage
	if err := json.Unmarshal(p.Data, &msg); err != nil || !ok {
		s.broker.log.Warn("unreadable counts from another node", "channel", channel, "err", err)
		return
	}
	s.counts.add(slices.DeleteFunc(msg.Posts, func(c feed.PostCounts) bool { return c.ID.Circle != circle })...)
}

// Lost implements hub.Sink.
func (s countsSink) Lost() {
	s.Sink.Lost()
	select {
	case s.broker.lost <- struct{}{}:
	default: // it will be read again anyway
	}
}

// show gives merged counts to this node's viewers.
func (b *Broker) show(sink hub.Sink, msg countsMessage) {
	data, err := json.Marshal(msg)
	if err != nil { // numbers and ids always marshal
		b.log.Error("encode counts", "err", err)
		return
	}
	p := hub.Publication{Data: data}
	if len(msg.Posts) == 1 { // in a slow viewer's queue the newer replaces the older one
		p.Key = "counts:" + msg.Posts[0].ID.String()
	}
	sink.Receive(circleChannel(msg.circle), p)
}

// reread reads the counts of the circles served here again whenever some may
// have been missed, until ctx ends.
func (b *Broker) reread(ctx context.Context, counts *countsLoop) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.lost:
		}
		for _, circle := range b.circles() {
			if err := b.rereadCircle(ctx, counts, circle); err != nil && ctx.Err() == nil {
				b.log.Warn("read counts again", "circle", circle, "err", err)
				break // the database has troubles of its own; the next change of a post mends it
			}
		}
		pause.Reset(rereadPause)
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
	}
}

func (b *Broker) circles() []id.ID {
	b.mu.Lock()
	defer b.mu.Unlock()
	circles := make([]id.ID, 0, len(b.served))
	for circle := range b.served {
		circles = append(circles, circle)
	}
	return circles
}

func (b *Broker) rereadCircle(ctx context.Context, counts *countsLoop, circle id.ID) error {
	ctx, cancel := context.WithTimeout(ctx, rereadTimeout)
	defer cancel()
	posts, err := b.Counter.RecentCounts(ctx, circle)
	if err != nil {
		return err
	}
	counts.add(posts...)
	return nil
}
