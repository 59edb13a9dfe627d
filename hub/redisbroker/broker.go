package redisbroker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"lifecircle/hub"
)

const (
	// DefaultPrefix begins the names of the Redis channels.
	DefaultPrefix = "lc:"

	lostPause = 100 * time.Millisecond // between two calls of Sink.Lost
)

// Broker is a hub.Broker over one Redis server, or over the masters of a Cluster.
type Broker struct {
	dialer     dialer
	dialect    dialect
	partitions []*partition
	routes     atomic.Pointer[routes]
	cluster    *cluster // finds the routes; nil with one server, which is the route
	logger     *slog.Logger
	stats      counters
	lost       chan struct{} // holds one token when Sink.Lost is due

	mu   sync.Mutex // guards away; a leaf
	away int        // losses that have been logged
}

// Stats count what went wrong. They only grow.
type Stats struct {
	Dropped   uint64 // publications that Redis did not take
	Malformed uint64 // messages that are none of ours
	Sessions  uint64 // connections made for receiving
}

type counters struct{ dropped, malformed, sessions atomic.Uint64 }

// dialect is what a server is told and says; a Cluster's differs.
type dialect struct {
	subscribe, unsubscribe   func(*redis.PubSub, context.Context, ...string) error
	publish                  func(redis.Pipeliner, context.Context, string, any) *redis.IntCmd
	subscribed, unsubscribed string
}

var plain = dialect{
	subscribe: (*redis.PubSub).Subscribe, unsubscribe: (*redis.PubSub).Unsubscribe, publish: redis.Pipeliner.Publish,
	subscribed: "subscribe", unsubscribed: "unsubscribe",
}

var sharded = dialect{
	subscribe: (*redis.PubSub).SSubscribe, unsubscribe: (*redis.PubSub).SUnsubscribe, publish: redis.Pipeliner.SPublish,
	subscribed: "ssubscribe", unsubscribed: "sunsubscribe",
}

// New returns a broker for the server that options name; their timeouts and
// retries are replaced. An empty prefix is DefaultPrefix. Nothing happens before Run.
func New(options *redis.Options, prefix string, logger *slog.Logger) *Broker {
	b := newBroker(*options, plain, logger)
	b.partitions = []*partition{newPartition(orDefault(prefix), true)}
	only := newOutlet(options.Addr)
	b.routes.Store(&routes{of: []*outlet{only}, all: []*outlet{only}})
	return b
}

// NewCluster is New for a Redis Cluster. Options are the way to any of its
// servers; addrs are those to ask first.
func NewCluster(options *redis.Options, addrs []string, prefix string, logger *slog.Logger) *Broker {
	b := newBroker(*options, sharded, logger)
	b.cluster = newCluster(addrs)
	for _, tag := range b.cluster.tags {
		b.partitions = append(b.partitions, newPartition(orDefault(prefix)+"{"+tag+"}:", false))
	}
	b.routes.Store(&routes{of: make([]*outlet, tagCount)})
	return b
}

func newBroker(options redis.Options, d dialect, logger *slog.Logger) *Broker {
	if logger == nil {
		logger = slog.Default()
	}
	return &Broker{dialer: newDialer(options), dialect: d, logger: logger, lost: make(chan struct{}, 1)}
}

func orDefault(prefix string) string {
	if prefix == "" {
		return DefaultPrefix
	}
	return prefix
}

// Run receives for sink and sends what is published, until ctx ends; what is
// queued then is sent within drainTime.
func (b *Broker) Run(ctx context.Context, sink hub.Sink) error {
	var loops sync.WaitGroup
	loops.Go(func() { b.tellLost(ctx, sink) })
	if b.cluster != nil {
		loops.Go(func() { b.followCluster(ctx) })
	} else {
		loops.Go(func() { b.send(ctx, b.routes.Load().all[0]) })
	}
	for i, p := range b.partitions {
		loops.Go(func() { b.receive(ctx, i, p, sink) })
	}
	loops.Wait()
	return nil
}

// tellLost calls Sink.Lost at once, but when a server's partitions come back
// one after the other, only a few times for all of them.
func (b *Broker) tellLost(ctx context.Context, sink hub.Sink) {
	for {
		select {
		case <-b.lost:
			sink.Lost()
		case <-ctx.Done():
			return
		}
		select {
		case <-time.After(lostPause):
		case <-ctx.Done():
			return
		}
	}
}

func (b *Broker) beLost() {
	select {
	case b.lost <- struct{}{}:
	default: // it is about to be told
	}
}

// Health is nil while every server that the node needs takes and delivers publications.
func (b *Broker) Health() error {
	var faults []error
	if b.cluster != nil {
		faults = append(faults, b.cluster.fault())
	}
	for _, o := range b.routes.Load().all {
		faults = append(faults, o.fault())
	}
	for _, p := range b.partitions {
		faults = append(faults, p.fault())
	}
	for _, err := range faults { // one says enough
		if err != nil {
			return fmt.Errorf("redis: %w", err)
		}
	}
	return nil
}

// Stats returns the broker's counters.
func (b *Broker) Stats() Stats {
	return Stats{Dropped: b.stats.dropped.Load(), Malformed: b.stats.malformed.Load(), Sessions: b.stats.sessions.Load()}
}

func (b *Broker) partition(channel string) (int, *partition) {
	i := share(channel, len(b.partitions))
	return i, b.partitions[i]
}

// Subscribe implements hub.Broker. While the channel's server is down it returns at once.
func (b *Broker) Subscribe(ctx context.Context, channel string) error {
	_, p := b.partition(channel)
	return p.subscribe(ctx, channel)
}

// Unsubscribe implements hub.Broker. It does not wait for the server.
func (b *Broker) Unsubscribe(_ context.Context, channel string) error {
	_, p := b.partition(channel)
	p.unsubscribe(channel)
	return nil
}

// Publish implements hub.Broker. It queues p and returns; what Redis does not take is dropped.
func (b *Broker) Publish(_ context.Context, channel string, p hub.Publication) error {
	i, part := b.partition(channel)
	m := outgoing{partition: i, channel: part.prefix + channel, message: encode(p)}
	if o := b.routes.Load().of[i]; o != nil {
		b.count(o.push(m))
	} else {
		b.count(b.cluster.strays.push(m))
	}
	return nil
}

// count counts a publication that was not taken.
func (b *Broker) count(taken bool) {
	if !taken {
		b.stats.dropped.Add(1)
	}
}

var errNotRun = errors.New("not run yet")

// logLoss says once that the connection is lost, whatever the number of those
// that lose it, who remember it in told, and of their attempts.
func (b *Broker) logLoss(ctx context.Context, told *bool, err error) {
	level := slog.LevelDebug
	if !*told && !errors.Is(err, errMoved) {
		*told = true
		b.mu.Lock()
		if b.away++; b.away == 1 {
			level = slog.LevelWarn
		}
		b.mu.Unlock()
	}
	b.logger.Log(ctx, level, "the connection to redis is lost; the log delivers until it is back", "error", err)
}

func (b *Broker) logReturn(ctx context.Context, told *bool) {
	if b.settle(told) {
		b.logger.InfoContext(ctx, "the connection to redis is back")
	}
}

// settle takes back a loss that was told, and tells whether it was the last.
func (b *Broker) settle(told *bool) bool {
	if !*told {
		return false
	}
	*told = false
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away--
	return b.away == 0
}
