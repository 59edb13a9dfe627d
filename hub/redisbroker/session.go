package redisbroker

import (
	"context"
	"errors"
	"fmt"
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

var (
	errIdle  = errors.New("nothing is wanted")
	errMoved = errors.New("the slot was moved to another server")
)

// session is one connection for receiving, from its first subscription to its loss.
type session struct {
	pubsub  *redis.PubSub
	heard   atomic.Int64    // when the server last said something, in nanoseconds since 1970
	kick    chan struct{}   // holds one token when there are orders
	orders  []operation     // to be sent; guarded by partition.mu
	leaving map[string]int  // ends of delivery that were ordered and not confirmed; guarded by partition.mu
	waiting map[string]bool // channels of the beginning that are not confirmed; owned by the receiver
}

// operation is a change of what the server delivers.
type operation struct {
	subscribe bool
	channel   string
}

// order needs partition.mu.
func (s *session) order(o operation) {
	s.orders = append(s.orders, o)
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// receive runs one session of the partition after the other until ctx ends.
func (b *Broker) receive(ctx context.Context, i int, p *partition, sink hub.Sink) {
	backoff := minBackoff
	if b.cluster != nil && !b.cluster.awaitLoad(ctx) {
		return
	}
	for b.awaitWanted(ctx, p) {
		began := time.Now()
		err := b.runSession(ctx, i, p, sink)
		if errors.Is(err, errIdle) {
			continue // the partition knows
		}
		p.end(err)
		if ctx.Err() != nil {
			return
		}
		b.logLoss(ctx, &p.told, err)
		b.reload()
		if time.Since(began) > maxBackoff {
			backoff = minBackoff
		}
		select {
		case <-time.After(backoff/2 + rand.N(backoff)): //nolint:gosec // spreads load, hides nothing
		case <-ctx.Done():
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

// awaitWanted waits until there is reason for a session. It returns false when ctx ends.
func (b *Broker) awaitWanted(ctx context.Context, p *partition) bool {
	for p.idle() {
		b.settle(&p.told)
		select {
		case <-p.wanted:
		case <-ctx.Done():
			return false
		}
	}
	return ctx.Err() == nil
}

// runSession connects, subscribes to everything wanted, and receives until
// something fails or nothing is wanted any more.
func (b *Broker) runSession(ctx context.Context, i int, p *partition, sink hub.Sink) error {
	server := b.routes.Load().of[i]
	if server == nil {
		return errNoMaster
	}
	client := b.dialer.once(server.addr)
	defer func() { _ = client.Close() }()
	s := &session{pubsub: client.Subscribe(ctx), kick: make(chan struct{}, 1), leaving: make(map[string]int), waiting: make(map[string]bool)}
	s.heard.Store(time.Now().UnixNano())
	stopClose := context.AfterFunc(ctx, func() { _ = s.pubsub.Close() }) // a read does not look at ctx
	defer stopClose()
	defer func() { _ = s.pubsub.Close() }()
	if err := s.pubsub.Ping(ctx); err != nil { // connects
		return fmt.Errorf("connect to %s: %w", server.addr, err)
	}
	b.stats.sessions.Add(1)
	p.begin(s)
	b.logReturn(ctx, &p.told)
	if len(s.waiting) == 0 && p.stands() {
		b.beLost()
	}
	sending, stopSending := context.WithCancel(ctx)
	var tender sync.WaitGroup
	var given error
	moved := func() bool { // other servers say so; this one may not know
		now := b.routes.Load().of[i]
		return now != nil && now.addr != server.addr
	}
	tender.Go(func() { given = b.tend(sending, p, s, moved) })
	err := b.listen(ctx, p, s, sink)
	stopSending()
	tender.Wait()
	if given != nil {
		err = given
	}
	return fmt.Errorf("receive from %s: %w", server.addr, err)
}

func (b *Broker) listen(ctx context.Context, p *partition, s *session, sink hub.Sink) error {
	for {
		m, err := s.pubsub.Receive(ctx)
		if err != nil {
			return err
		}
		s.heard.Store(time.Now().UnixNano())
		if err := b.take(ctx, p, s, m, sink); err != nil {
			return err
		}
	}
}

// tend sends the session's orders, and pings a silent server. When that fails,
// the partition has moved, or nothing has been wanted for long, it closes the
// connection and says why.
func (b *Broker) tend(ctx context.Context, p *partition, s *session, moved func() bool) error {
	tick := time.NewTicker(pingAfter)
	defer tick.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-s.kick:
			err = b.sendOrders(ctx, p, s)
		case now := <-tick.C:
			err = s.checkAlive(ctx, now)
			switch {
			case p.retire(now):
				err = errIdle
			case moved():
				err = errMoved
			}
		}
		if err != nil {
			_ = s.pubsub.Close() // the receiver notices
			return err
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
func (b *Broker) sendOrders(ctx context.Context, p *partition, s *session) error {
	p.mu.Lock()
	orders := s.orders
	s.orders = nil
	p.mu.Unlock()
	for len(orders) > 0 {
		n, names := 0, []string(nil)
		for n < len(orders) && n < maxCommands && orders[n].subscribe == orders[0].subscribe {
			names = append(names, p.prefix+orders[n].channel)
			n++
		}
		send := b.dialect.unsubscribe
		if orders[0].subscribe {
			send = b.dialect.subscribe
		}
		if err := send(s.pubsub, ctx, names...); err != nil {
			return fmt.Errorf("send subscriptions: %w", err)
		}
		orders = orders[n:]
	}
	return nil
}

// take handles one message of the server.
func (b *Broker) take(ctx context.Context, p *partition, s *session, message any, sink hub.Sink) error {
	switch m := message.(type) {
	case *redis.Message:
		publication, err := decode([]byte(m.Payload))
		if err != nil {
			b.stats.malformed.Add(1)
			b.logger.WarnContext(ctx, "a message of redis was not understood", "channel", m.Channel, "error", err)
			return nil
		}
		sink.Receive(strings.TrimPrefix(m.Channel, p.prefix), publication)
	case *redis.Subscription:
		name := strings.TrimPrefix(m.Channel, p.prefix)
		switch {
		case m.Kind == b.dialect.subscribed:
			b.confirm(p, s, name)
		case m.Kind == b.dialect.unsubscribed && !p.left(s, name):
			return errMoved
		}
	}
	return nil
}

// confirm takes note that the server delivers the channel. Sink.Lost follows
// the last channel of a session's beginning, and one that came too late.
func (b *Broker) confirm(p *partition, s *session, name string) {
	lost := p.confirm(name)
	if s.waiting[name] {
		delete(s.waiting, name)
		lost = len(s.waiting) == 0 && p.stands() || lost
	}
	if lost {
		b.beLost()
	}
}
