package redisbroker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// The queue to each server. When it is full publications are dropped and
// counted: a node that reads the log still delivers them.
const (
	maxQueued      = 4096
	maxQueuedBytes = 8 << 20
	maxPipeline    = 128         // publications sent together
	drainTime      = time.Second // for what is queued when Run ends
)

// outgoing is a publication on its way.
type outgoing struct {
	partition int
	channel   string // in Redis
	message   []byte
	strayed   bool // it was sent to a wrong server before
}

// outlet is the queue to one server.
type outlet struct {
	addr string
	kick chan struct{} // holds one token when there is something in it, or it is closed

	mu      sync.Mutex // guards what follows; a leaf
	waiting []outgoing
	bytes   int   // of what is waiting and being sent
	closed  bool  // takes no more
	err     error // why the server does not take publications; nil while it does
}

func newOutlet(addr string) *outlet { return &outlet{addr: addr, kick: make(chan struct{}, 1)} }

// push tells whether m was taken.
func (o *outlet) push(m outgoing) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || len(o.waiting) >= maxQueued || o.bytes+len(m.message) > maxQueuedBytes {
		return false
	}
	o.bytes += len(m.message)
	if o.waiting = append(o.waiting, m); len(o.waiting) == 1 {
		o.wake()
	}
	return true
}

// close refuses what comes from now on. What is waiting will be sent.
func (o *outlet) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.wake()
}

func (o *outlet) wake() {
	select {
	case o.kick <- struct{}{}:
	default:
	}
}

// take returns all that is waiting, which must be released, and keeps spare for what comes.
func (o *outlet) take(spare []outgoing) (all []outgoing, closed bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	all, o.waiting = o.waiting, spare[:0]
	return all, o.closed
}

// release makes room for as much as was sent or dropped.
func (o *outlet) release(sent []outgoing) {
	bytes := 0
	for _, m := range sent {
		bytes += len(m.message)
	}
	clear(sent)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bytes -= bytes
}

func (o *outlet) fault() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

func (o *outlet) setFault(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
}

// send sends what the outlet gets until it is closed or ctx ends, and then for
// drainTime what is waiting.
func (b *Broker) send(ctx context.Context, o *outlet) {
	defer context.AfterFunc(ctx, o.close)()
	var client *redis.Client // nil: none works
	defer func() { disconnect(client) }()
	drain, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var batch []outgoing
	backoff := minBackoff
	for closed := false; !closed; {
		<-o.kick
		if batch, closed = o.take(batch); closed {
			time.AfterFunc(drainTime, stop)
		}
		if client == nil {
			client = b.dialer.client(o.addr)
		}
		err := b.sendAll(drain, client, o, batch)
		if o.setFault(err); err == nil {
			backoff = minBackoff
			continue
		}
		disconnect(client)
		client = nil
		if !closed {
			b.reload()
			pause(ctx, backoff)
			backoff = min(2*backoff, maxBackoff)
			o.wake() // not only when something comes: Health is to know
		}
	}
}

func disconnect(client *redis.Client) {
	if client != nil {
		_ = client.Close()
	}
}

// sendAll sends everything, or drops it when the server does not take it. An
// empty batch only asks whether it would.
func (b *Broker) sendAll(ctx context.Context, client *redis.Client, o *outlet, batch []outgoing) (err error) {
	if len(batch) == 0 && o.fault() != nil {
		return b.sendBatch(ctx, client, nil)
	}
	for part := range slices.Chunk(batch, maxPipeline) {
		if err == nil {
			err = b.sendBatch(ctx, client, part)
		} else {
			b.stats.dropped.Add(uint64(len(part)))
		}
		o.release(part)
	}
	return err
}

// sendBatch sends the batch, or a ping if it is empty. What went to a wrong
// server strays, once. It fails if the connection does, not if the server
// refuses single publications.
func (b *Broker) sendBatch(ctx context.Context, client *redis.Client, batch []outgoing) error {
	ctx, cancel := context.WithTimeout(ctx, networkTime)
	defer cancel()
	cmds, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, m := range batch {
			b.dialect.publish(p, ctx, m.channel, m.message)
		}
		if len(batch) == 0 {
			p.Ping(ctx)
		}
		return nil
	})
	if err == nil {
		return nil
	}
	for i, m := range batch {
		answer := err
		if i < len(cmds) {
			answer = cmds[i].Err()
		}
		if _, moved := redis.IsMovedError(answer); moved && !m.strayed && b.cluster != nil {
			m.strayed = true
			b.count(b.cluster.strays.push(m))
			b.reload()
		} else {
			b.count(answer == nil)
		}
	}
	if isAnswer(err) {
		return nil
	}
	return fmt.Errorf("publish to redis: %w", err)
}

// isAnswer tells whether the server said it, so that the connection works.
func isAnswer(err error) bool {
	var answer redis.Error
	return errors.As(err, &answer)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
