package redisbroker

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	subscribeTime = time.Second     // for the confirmation; later the comparison of heads delivers
	idleTime      = 2 * time.Second // without channels, then a partition's connection is closed
)

// partition is a fixed part of the channels, received over one connection. One
// server has one, a Cluster one for each hash tag; what is said of one tag's
// slot does not touch the others.
type partition struct {
	prefix string        // of its channels in Redis
	always bool          // connected even without channels, so that Health knows
	told   bool          // its loss has been logged; owned by Broker.receive
	wanted chan struct{} // holds one token when a channel has been entered

	mu        sync.Mutex // guards what follows; a leaf
	channels  map[string]*channel
	idleSince time.Time // when the last channel left
	session   *session  // nil while there is no connection
	missed    bool      // Sink.Lost is due when the next session stands
	err       error     // why there is no session, or nil: nobody has wanted one, or it is on its way
}

// channel is one that the node wants, in all sessions.
type channel struct {
	unconfirmed int             // subscribe commands of this session without an answer
	confirmed   bool            // the server delivers
	late        bool            // somebody stopped waiting for the confirmation
	waiters     []chan struct{} // closed when confirmed, or when the session ends
}

func newPartition(prefix string, always bool) *partition {
	return &partition{
		prefix: prefix, always: always, missed: always, err: errNotRun,
		wanted: make(chan struct{}, 1), channels: make(map[string]*channel),
	}
}

func (p *partition) subscribe(ctx context.Context, name string) error {
	confirmed := p.want(name)
	if confirmed == nil {
		return nil
	}
	timer := time.NewTimer(subscribeTime)
	defer timer.Stop()
	select {
	case <-confirmed:
		return nil
	case <-timer.C:
		p.beLate(name)
		return nil
	case <-ctx.Done():
		p.beLate(name)
		return fmt.Errorf("subscribe to %q: %w", name, ctx.Err())
	}
}

// want enters the channel and returns what to wait for, nil for nothing.
func (p *partition) want(name string) (confirmed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ch := p.channels[name]
	if ch == nil {
		ch = new(channel)
		p.channels[name] = ch
		select {
		case p.wanted <- struct{}{}:
		default:
		}
	}
	if p.err != nil {
		p.missed = true // until there is a session
		return nil
	}
	if ch.confirmed {
		return nil
	}
	if p.session != nil && ch.unconfirmed == 0 {
		ch.unconfirmed++
		p.session.order(operation{subscribe: true, channel: name})
	}
	waiter := make(chan struct{})
	ch.waiters = append(ch.waiters, waiter)
	return waiter
}

// beLate has Sink.Lost called when the confirmation comes after all.
func (p *partition) beLate(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ch := p.channels[name]; ch != nil && !ch.confirmed {
		ch.late = true
	}
}

func (p *partition) unsubscribe(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ch := p.channels[name]
	if ch == nil {
		return
	}
	ch.release()
	delete(p.channels, name)
	if len(p.channels) == 0 {
		p.idleSince = time.Now()
	}
	if p.session != nil {
		p.session.leaving[name]++
		p.session.order(operation{channel: name})
	}
}

// idle tells whether there is no reason for a session. Then nothing is amiss.
func (p *partition) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.always || len(p.channels) > 0 {
		return false
	}
	p.err, p.missed = nil, false
	return true
}

// begin makes the session known and orders all channels that are wanted.
func (p *partition) begin(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, ch := range p.channels {
		ch.unconfirmed, ch.confirmed = 1, false
		s.waiting[name] = true
		s.order(operation{subscribe: true, channel: name})
	}
	p.session, p.err = s, nil
}

// end lets everybody go who waits for a confirmation.
func (p *partition) end(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.session, p.err, p.missed = nil, err, true
	for _, ch := range p.channels {
		ch.release()
		ch.unconfirmed, ch.confirmed, ch.late = 0, false, false // the next session begins with Lost
	}
}

// retire ends the session if nothing has been wanted for idleTime. Channels
// that are entered from now on wait for the next one.
func (p *partition) retire(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.always || len(p.channels) > 0 || now.Sub(p.idleSince) < idleTime {
		return false
	}
	p.session = nil
	return true
}

// stands tells, once, that Lost is due: all channels of a session's beginning are confirmed.
func (p *partition) stands() (lost bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	lost, p.missed = p.missed, false
	return lost
}

// confirm takes note that the server delivers the channel, and tells whether somebody gave up waiting for it.
func (p *partition) confirm(name string) (late bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ch := p.channels[name]
	if ch == nil {
		return false
	}
	if ch.unconfirmed = max(ch.unconfirmed-1, 0); ch.unconfirmed > 0 {
		return false
	}
	ch.confirmed = true
	late, ch.late = ch.late, false
	ch.release()
	return late
}

// left tells whether an end of delivery was ordered by us.
func (p *partition) left(s *session, name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.leaving[name] == 0 {
		return false
	}
	if s.leaving[name]--; s.leaving[name] == 0 {
		delete(s.leaving, name)
	}
	return true
}

// fault is why channels that are wanted are not delivered.
func (p *partition) fault() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.always && len(p.channels) == 0 {
		return nil
	}
	return p.err
}

func (c *channel) release() {
	for _, w := range c.waiters {
		close(w)
	}
	c.waiters = nil
}
