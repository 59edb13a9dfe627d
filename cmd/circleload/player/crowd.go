package player

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"lifecircle/cmd/circleload/swarm"
)

// Crowd is viewers without a schedule, for tests that drive a server themselves:
//
//	crowd, err := player.NewCrowd(player.CrowdOptions{...})
//	crowd.Join(viewers)
//	crowd.Ready(ctx)             // all are subscribed
//	...                          // publish; crowd.Cut(100); restart the server
//	heads, err := crowd.Heads(ctx)
//	crowd.Settle(ctx, heads)
//	result := crowd.Close(heads) // result.Faults() must be 0
type Crowd struct {
	opts   CrowdOptions
	rec    *recorder
	swarm  *swarm.Swarm
	queue  queue         // of those who want to dial
	slots  chan struct{} // full while opts.Dial.AtOnce handshakes are under way
	ctx    context.Context
	cancel context.CancelFunc // ends the goroutines
	wg     sync.WaitGroup

	began    time.Time
	arrived  atomic.Int64 // clients that were ready once, or are gone for good
	expected atomic.Int64 // clients that were told to come
	settling atomic.Bool  // slow viewers read again, to learn how it ended for them
	left     atomic.Bool

	mu      sync.Mutex // guards what follows; a leaf
	clients []*client
	groups  []*group
	rng     *rand.Rand
}

// CrowdOptions say how a crowd behaves.
type CrowdOptions struct {
	Dial      Dial
	Reconnect Backoff
	Seed      uint64
	// CommandTimeout is when an action over the socket has failed that was not answered, 10 s.
	CommandTimeout time.Duration
}

func (o CrowdOptions) withDefaults() CrowdOptions {
	orDefault(&o.Dial.AtOnce, 512)
	orDefault(&o.Reconnect.Min, 500*time.Millisecond)
	orDefault(&o.Reconnect.Max, 20*time.Second)
	orDefault(&o.CommandTimeout, 10*time.Second)
	orDefault(&o.Seed, 1)
	return o
}

func orDefault[T int | int64 | uint64 | time.Duration](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}

// Head is the end of a channel's log.
type Head struct {
	Offset uint64
	Epoch  string
}

// diallers fetch tokens and begin connections; only the first may wait.
const diallers = 16

// NewCrowd returns an empty crowd. Close must follow.
func NewCrowd(o CrowdOptions) (*Crowd, error) {
	c := &Crowd{opts: o.withDefaults(), began: time.Now()}
	var err error
	if c.swarm, err = swarm.New(swarm.Options{Handler: handler{}, Loops: o.Dial.Loops}); err != nil {
		return nil, fmt.Errorf("make a crowd: %w", err)
	}
	c.rec = newRecorder(c.swarm.Loops())
	c.slots = make(chan struct{}, c.opts.Dial.AtOnce)
	c.rng = rand.New(rand.NewPCG(c.opts.Seed, 0)) //nolint:gosec // it can be repeated
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.queue.init()
	for range diallers {
		c.wg.Go(c.dialAll)
	}
	c.wg.Go(func() { c.every(time.Second, c.check) })
	c.wg.Go(func() { c.every(slowTick, c.feedSlow) })
	return c, nil
}

// handler hands the swarm's calls to the client that they are about.
type handler struct{}

func (handler) Message(conn *swarm.Conn, payload []byte, at time.Time) {
	conn.Data.(*client).onMessage(conn, payload, at)
}

func (handler) Closed(conn *swarm.Conn, code int, _ string, err error) {
	conn.Data.(*client).onClosed(conn, code, err)
}

func (c *Crowd) leaving() bool { return c.left.Load() }

// every calls do until the crowd leaves.
func (c *Crowd) every(d time.Duration, do func(now time.Time)) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case now := <-tick.C:
			do(now)
		}
	}
}

func (c *Crowd) check(now time.Time) {
	for _, cl := range c.list() {
		cl.check(now, c.opts.CommandTimeout)
	}
}

const slowTick = 100 * time.Millisecond

// feedSlow lets slow viewers read what their line brings.
func (c *Crowd) feedSlow(time.Time) {
	if c.settling.Load() {
		return
	}
	for _, cl := range c.list() {
		if n := cl.group.BytesPerSecond; cl.group.Slow && n > 0 {
			cl.mu.Lock()
			if cl.conn != nil && cl.state == ready {
				cl.conn.ResumeFor(max(n*int(slowTick/time.Millisecond)/1000, 1))
			}
			cl.mu.Unlock()
		}
	}
}

func (c *Crowd) list() []*client {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.clients[:len(c.clients):len(c.clients)]
}

// dialAll is the work of one dialler.
func (c *Crowd) dialAll() {
	for {
		cl, ok := c.queue.pop()
		if !ok {
			return
		}
		select {
		case c.slots <- struct{}{}:
			cl.dial(func() { <-c.slots })
		case <-c.ctx.Done():
			return
		}
	}
}

// dial begins a connection. done is called when it is open, or has failed.
func (c *client) dial(done func()) {
	c.mu.Lock()
	token, stale := c.token, c.stale
	if c.began.IsZero() {
		c.began = time.Now()
	}
	c.state = dialling
	c.mu.Unlock()
	if c.group.Tokens != nil && (token == "" || stale) {
		fresh, err := c.group.Tokens.of(c.crowd.ctx, c.index)
		if err != nil {
			done()
			c.onDialError("token")
			return
		}
		c.mu.Lock()
		c.token, c.stale = fresh, false
		c.mu.Unlock()
	}
	c.crowd.swarm.Open(c.group.target(c), func(conn *swarm.Conn, err error) {
		done()
		if err != nil {
			c.onDialError(dialError(err))
			return
		}
		c.onOpen(conn)
	})
}

// dialError names the reasons that people look for.
func dialError(err error) string {
	var h *swarm.HandshakeError
	var errno syscall.Errno
	switch {
	case errors.As(err, &h):
		return fmt.Sprintf("http %d", h.Status)
	case errors.Is(err, swarm.ErrTimeout):
		return "timeout"
	case errors.As(err, &errno):
		return errno.Error()
	}
	return err.Error()
}

// queue holds the clients that want to dial: each at most once, so never more
// than there are.
type queue struct {
	mu     sync.Mutex
	some   sync.Cond
	items  []*client
	closed bool
}

func (q *queue) init() { q.some.L = &q.mu }

func (q *queue) push(c *client) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.items = append(q.items, c)
		q.some.Signal()
	}
}

func (q *queue) pop() (*client, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 && !q.closed {
		q.some.Wait()
	}
	if q.closed {
		return nil, false
	}
	c := q.items[0]
	q.items = q.items[1:]
	return c, true
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.some.Broadcast()
}

// await polls until cond holds.
func await(ctx context.Context, cond func() bool) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
	return nil
}
