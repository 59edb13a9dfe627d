package redisbroker

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"lifecircle/hub"
)

// The queue to Redis. When it is full publications are dropped and counted: a
// node that reads the log still delivers them.
const (
	maxQueued      = 4096
	maxQueuedBytes = 8 << 20
	maxPipeline    = 128 // publications sent together
)

type outgoing struct {
	channel string
	message []byte
}

type publishQueue struct {
	waiting chan outgoing
	bytes   *atomic.Int64
}

func newPublishQueue() publishQueue {
	return publishQueue{waiting: make(chan outgoing, maxQueued), bytes: new(atomic.Int64)}
}

// Publish implements hub.Broker. It queues p and returns; what Redis does not take is dropped.
func (b *Broker) Publish(_ context.Context, channel string, p hub.Publication) error {
	m := outgoing{channel: b.prefix + channel, message: encode(p)}
	size := int64(len(m.message))
	if b.queue.bytes.Add(size) > maxQueuedBytes {
		b.queue.bytes.Add(-size)
		b.stats.dropped.Add(1)
		return nil
	}
	select {
	case b.queue.waiting <- m:
	default:
		b.queue.bytes.Add(-size)
		b.stats.dropped.Add(1)
	}
	return nil
}

// send sends what is queued until ctx ends. After a failure it waits for the
// receiver to reach Redis again, and drops meanwhile: failing to connect over
// and over makes the library refuse for another second when Redis is back.
func (b *Broker) send(ctx context.Context) {
	var batch []outgoing
	failed := false
	for {
		select {
		case m := <-b.queue.waiting:
			batch = b.gather(append(batch[:0], m))
			if failed && b.Health() != nil {
				b.drop(batch)
			} else {
				failed = b.sendBatch(ctx, batch) != nil
			}
			clear(batch)
		case <-ctx.Done():
			return
		}
	}
}

// gather adds what else is queued already.
func (b *Broker) gather(batch []outgoing) []outgoing {
	for len(batch) < maxPipeline {
		select {
		case m := <-b.queue.waiting:
			batch = append(batch, m)
		default:
			return batch
		}
	}
	return batch
}

func (b *Broker) drop(batch []outgoing) {
	for _, m := range batch {
		b.queue.bytes.Add(-int64(len(m.message)))
		b.stats.dropped.Add(1)
	}
}

func (b *Broker) sendBatch(ctx context.Context, batch []outgoing) error {
	ctx, cancel := context.WithTimeout(ctx, networkTime)
	defer cancel()
	cmds, err := b.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, m := range batch {
			p.Publish(ctx, m.channel, m.message)
		}
		return nil
	})
	for i, m := range batch {
		b.queue.bytes.Add(-int64(len(m.message)))
		if err != nil && (i >= len(cmds) || cmds[i].Err() != nil) {
			b.stats.dropped.Add(1)
		}
	}
	if err != nil {
		return fmt.Errorf("publish to redis: %w", err)
	}
	return nil
}
