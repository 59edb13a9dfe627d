package redisbroker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"lifecircle/hub"
)

const (
	minBackoff  = 50 * time.Millisecond // before the first try to come back, doubled each time
	maxBackoff  = 500 * time.Millisecond
	pingAfter   = time.Second     // of silence
	deadAfter   = 4 * time.Second // of silence, three pings included
	maxCommands = 512             // channels in one command
)

// session is one connection for receiving, from its first subscription to its loss.
type session struct {
	pubsub  *redis.PubSub
	heard   atomic.Int64    // when the server last said something, in nanoseconds since 1970
	kick    chan struct{}   // holds one token when there are orders
	orders  []operation     // to be sent; guarded by Broker.mu
	waiting map[string]bool // channels of the beginning that are not confirmed; owned by the receiver
}

// operation is a change of what the server delivers.
type operation struct {
	subscribe bool
	channel   string
}

// order needs Broker.mu.
func (s *session) order(o operation) {
	s.orders = append(s.orders, o)
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// receive runs one session after the other until ctx ends.
func (b *Broker) receive(ctx context.Context, sink hub.Sink) {
	backoff := minBackoff
	for ctx.Err() == nil {
		began := time.Now()
		err := b.runSession(ctx, sink)
		b.endSession(err)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > maxBackoff {
			backoff = minBackoff
		}
		level := slog.LevelWarn
		if b.away { // said already
			level = slog.LevelDebug
		}
		b.away = true
		b.logger.Log(ctx, level, "the connection to redis is lost; the log delivers until it is back", "error", err, "retry_in", backoff.String())
		select {
		case <-time.After(backoff/2 + rand.N(backoff)): //nolint:gosec // spreads load, hides nothing
		case <-ctx.Done():
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

// runSession connects, subscribes to everything wanted, and receives until something fails.
func (b *Broker) runSession(ctx context.Context, sink hub.Sink) error {
	s := &session{pubsub: b.client.Subscribe(ctx), kick: make(chan struct{}, 1), waiting: make(map[string]bool)}
	s.heard.Store(time.Now().UnixNano())
	stopClose := context.AfterFunc(ctx, func() { _ = s.pubsub.Close() }) // a read does not look at ctx
	defer stopClose()
	defer func() { _ = s.pubsub.Close() }()
	if err := s.pubsub.Ping(ctx); err != nil { // connects
		return fmt.Errorf("connect: %w", err)
	}
	b.beginSession(s)
	if b.away {
		b.away = false
		b.logger.InfoContext(ctx, "the connection to redis is back")
	}
	if len(s.waiting) == 0 {
		sink.Lost()
	}
	sending, stopSending := context.WithCancel(ctx)
	var sender sync.WaitGroup
	defer sender.Wait()
	defer stopSending()
	sender.Go(func() { b.tend(sending, s) })
	for {
		m, err := s.pubsub.Receive(ctx)
		if err != nil {
			return fmt.Errorf("receive: %w", err)
		}
		s.heard.Store(time.Now().UnixNano())
		b.take(ctx, s, m, sink)
	}
}

// beginSession orders all channels that are wanted and makes the session known.
func (b *Broker) beginSession(s *session) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stats.sessions.Add(1)
	for name, ch := range b.channels {
		ch.unconfirmed, ch.confirmed = 1, false
		s.waiting[name] = true
		s.order(operation{subscribe: true, channel: name})
	}
	b.session = s
}

// endSession lets everybody go who waits for a confirmation.
func (b *Broker) endSession(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.session, b.downErr = nil, err
	for _, ch := range b.channels {
		ch.release()
		ch.unconfirmed, ch.confirmed, ch.late = 0, false, false // the next session begins with Lost
	}
}

// tend sends the session's orders, and pings a silent server. When that fails it closes the connection.
func (b *Broker) tend(ctx context.Context, s *session) {
	tick := time.NewTicker(pingAfter)
	defer tick.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-s.kick:
			err = b.sendOrders(ctx, s)
		case now := <-tick.C:
			err = s.checkAlive(ctx, now)
		}
		if err != nil {
			b.logger.WarnContext(ctx, "the connection to redis is given up", "error", err)
			_ = s.pubsub.Close() // the receiver notices
			return
		}
	}
}

func (s *session) checkAlive(ctx context.Context, now time.Time) error {
	switch silence := now.Sub(time.Unix(0, s.heard.Load())); {
	case silence > deadAfter:
		return errors.New("redis is silent")
	case silence > pingAfter:
		if err := s.pubsub.Ping(ctx); err != nil {
			return fmt.Errorf("ping: %w", err)
		}
	}
	return nil
}

// sendOrders sends the orders in their order, neighbours of a kind in one command.
func (b *Broker) sendOrders(ctx context.Context, s *session) error {
	b.mu.Lock()
	orders := s.orders
	s.orders = nil
	b.mu.Unlock()
	for len(orders) > 0 {
		n, names := 0, []string(nil)
		for n < len(orders) && n < maxCommands && orders[n].subscribe == orders[0].subscribe {
			names = append(names, b.prefix+orders[n].channel)
			n++
		}
		send := s.pubsub.Unsubscribe
		if orders[0].subscribe {
			send = s.pubsub.Subscribe
		}
		if err := send(ctx, names...); err != nil {
			return fmt.Errorf("send subscriptions: %w", err)
		}
		orders = orders[n:]
	}
	return nil
}

// take handles one message of the server.
func (b *Broker) take(ctx context.Context, s *session, message any, sink hub.Sink) {
	switch m := message.(type) {
	case *redis.Message:
		p, err := decode([]byte(m.Payload))
		if err != nil {
			b.stats.malformed.Add(1)
			b.logger.WarnContext(ctx, "a message of redis was not understood", "channel", m.Channel, "error", err)
			return
		}
		sink.Receive(strings.TrimPrefix(m.Channel, b.prefix), p)
	case *redis.Subscription:
		if m.Kind == "subscribe" {
			b.confirm(s, strings.TrimPrefix(m.Channel, b.prefix), sink)
		}
	}
}

// confirm takes note that the server delivers the channel. Sink.Lost follows
// the last channel of a session's beginning, and one that came too late.
func (b *Broker) confirm(s *session, name string, sink hub.Sink) {
	lost := false
	b.mu.Lock()
	if ch := b.channels[name]; ch != nil {
		if ch.unconfirmed = max(ch.unconfirmed-1, 0); ch.unconfirmed == 0 {
			ch.confirmed = true
			lost, ch.late = ch.late, false
			ch.release()
		}
	}
	b.mu.Unlock()
	if s.waiting[name] {
		delete(s.waiting, name)
		lost = lost || len(s.waiting) == 0
	}
	if lost {
		sink.Lost()
	}
}
