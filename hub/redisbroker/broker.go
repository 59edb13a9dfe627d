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
	"github.com/redis/go-redis/v9/maintnotifications"

	"lifecircle/hub"
)

const (
	// DefaultPrefix begins the names of the Redis channels.
	DefaultPrefix = "lc:"

	subscribeTime = time.Second // for the confirmation; later the comparison of heads delivers
	networkTime   = time.Second // for each dial, write and answer
)

// Broker is a hub.Broker over one Redis server.
type Broker struct {
	client *redis.Client
	prefix string
	logger *slog.Logger
	queue  publishQueue
	stats  counters
	away   bool // the loss of the connection has been logged; owned by receive

	mu       sync.Mutex // guards what follows; a leaf
	channels map[string]*channel
	session  *session // nil while there is no connection
	downErr  error    // why there is none
}

// channel is one that the node wants, in all sessions.
type channel struct {
	unconfirmed int             // subscribe commands of this session without an answer
	confirmed   bool            // the server delivers
	late        bool            // somebody stopped waiting for the confirmation
	waiters     []chan struct{} // closed when confirmed, or when the session ends
}

// Stats count what went wrong. They only grow.
type Stats struct {
	Dropped   uint64 // publications that Redis did not take
	Malformed uint64 // messages that are none of ours
	Sessions  uint64 // connections made for receiving
}

type counters struct{ dropped, malformed, sessions atomic.Uint64 }

// New returns a broker for the server that opt names; its timeouts and retries
// are replaced. An empty prefix is DefaultPrefix. Nothing happens before Run.
func New(opt *redis.Options, prefix string, logger *slog.Logger) *Broker {
	o := *opt
	o.Protocol = 2
	o.MaxRetries, o.DialerRetries = -1, 1
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = networkTime, networkTime, networkTime
	o.ContextTimeoutEnabled = true
	o.PoolSize = 10 // one is used; so many dials may fail before the library refuses for a second
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	if prefix == "" {
		prefix = DefaultPrefix
	}
	if logger == nil {
		logger = slog.Default()
	}
	return &Broker{
		client:   redis.NewClient(&o),
		prefix:   prefix,
		logger:   logger,
		queue:    newPublishQueue(),
		channels: make(map[string]*channel),
		downErr:  errors.New("not run yet"),
	}
}

// Run keeps a connection for receiving and sends what is published, until ctx ends.
func (b *Broker) Run(ctx context.Context, sink hub.Sink) error {
	var loops sync.WaitGroup
	loops.Go(func() { b.receive(ctx, sink) })
	loops.Go(func() { b.send(ctx) })
	loops.Wait()
	if err := b.client.Close(); err != nil {
		return fmt.Errorf("close redis: %w", err)
	}
	return nil
}

// Health is nil while publications are received.
func (b *Broker) Health() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.session == nil {
		return fmt.Errorf("redis: %w", b.downErr)
	}
	return nil
}

// Stats returns the broker's counters.
func (b *Broker) Stats() Stats {
	return Stats{Dropped: b.stats.dropped.Load(), Malformed: b.stats.malformed.Load(), Sessions: b.stats.sessions.Load()}
}

// Subscribe implements hub.Broker. While Redis is down it returns at once.
func (b *Broker) Subscribe(ctx context.Context, name string) error {
	confirmed := b.want(name)
	if confirmed == nil {
		return nil
	}
	timer := time.NewTimer(subscribeTime)
	defer timer.Stop()
	select {
	case <-confirmed:
		return nil
	case <-timer.C:
		b.beLate(name)
		return nil
	case <-ctx.Done():
		return fmt.Errorf("subscribe to %q: %w", name, ctx.Err())
	}
}

// want enters the channel and returns what to wait for, nil for nothing.
func (b *Broker) want(name string) (confirmed <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ch := b.channels[name]
	if ch == nil {
		ch = new(channel)
		b.channels[name] = ch
	}
	if b.session == nil || ch.confirmed {
		return nil
	}
	if ch.unconfirmed == 0 {
		ch.unconfirmed++
		b.session.order(operation{subscribe: true, channel: name})
	}
	waiter := make(chan struct{})
	ch.waiters = append(ch.waiters, waiter)
	return waiter
}

// beLate has Sink.Lost called when the confirmation comes after all.
func (b *Broker) beLate(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ch := b.channels[name]; ch != nil && !ch.confirmed {
		ch.late = true
	}
}

// Unsubscribe implements hub.Broker. It does not wait for the server.
func (b *Broker) Unsubscribe(_ context.Context, name string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	ch := b.channels[name]
	if ch == nil {
		return nil
	}
	ch.release()
	delete(b.channels, name)
	if b.session != nil {
		b.session.order(operation{channel: name})
	}
	return nil
}

func (c *channel) release() {
	for _, w := range c.waiters {
		close(w)
	}
	c.waiters = nil
}
