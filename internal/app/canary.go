package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"lifecircle/hub"
	"lifecircle/internal/httpapi"
	"lifecircle/internal/socketapi"
)

const (
	canaryEvery  = 10 * time.Second       // from a round to the next
	canaryRetry  = 2 * time.Second        // from a round that failed to the next
	canaryTime   = 5 * time.Second        // for a round; one that takes longer has failed
	canaryRepeat = 500 * time.Millisecond // between two tries to publish its message

	canaryFails = "failing" // beside httpapi.StateOK and, before its first round, httpapi.StateStarting
)

// canary finds out, again and again, whether a viewer who came now would see
// what is published: it comes to the node's own public address as viewers do,
// subscribes to a channel of its own, has a message published through the
// broker (through Redis, if there is one) and waits for it on the socket. It
// writes nothing, has no user, is in no circle, and between two rounds nothing
// of it is there but a timer.
type canary struct {
	address net.Addr
	node    socketapi.Node // set before run
	every   time.Duration  // canaryEvery; likewise
	within  time.Duration  // canaryTime; likewise
	log     *slog.Logger
	token   string // lets it in; new at each start, known to nobody, logged nowhere
	channel string

	clients atomic.Int64           // connections that it has, 1 at most
	state   atomic.Pointer[string] // of the last round; nil: there was none yet
	success atomic.Int64           // when the last good one ended, ns since 1970
	took    prometheus.Histogram
	failed  prometheus.Counter
}

func newCanary(address net.Addr, log *slog.Logger) *canary {
	return &canary{
		address: address, every: canaryEvery, within: canaryTime, log: log, token: rand.Text(), channel: "canary:" + rand.Text(),
		took:   histogram("canary_seconds", "The canary's message, from its publication until it came back by the socket.", slow, nil),
		failed: prometheus.NewCounter(prometheus.CounterOpts{Name: "lifecircle_canary_failures_total", Help: "Rounds in which the canary's message did not come back."}),
	}
}

func (c *canary) metrics() prometheus.Collector {
	last := readings[int64]{c.success.Load, []reading[int64]{
		gauge("canary_last_success_timestamp_seconds", "When the canary's message last came back; 0: never.", func(ns int64) float64 {
			return time.Duration(ns).Seconds()
		}),
	}}
	return together{c.took, c.failed, last}
}

// check is what /readyz says of it.
func (c *canary) check() string {
	if state := c.state.Load(); state != nil {
		return *state
	}
	return httpapi.StateStarting
}

// run does rounds until ctx ends.
func (c *canary) run(ctx context.Context) error {
	for {
		took, err := c.round(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.note(took, err)
		pause := c.every
		if err != nil {
			pause = min(pause, canaryRetry)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// note keeps the outcome, and logs it when it changes.
func (c *canary) note(took time.Duration, err error) {
	state := httpapi.StateOK
	if err != nil {
		state = canaryFails
		c.failed.Inc()
	} else {
		c.took.Observe(took.Seconds())
		c.success.Store(time.Now().UnixNano())
	}
	was := c.check()
	c.state.Store(&state)
	switch {
	case err != nil && was != state:
		c.log.Warn("the canary fails: viewers may not get what is published", "err", err)
	case err == nil && was != state && was != httpapi.StateStarting:
		c.log.Info("the canary sings again")
	}
}

// canaryMessage tells one round's message from another's.
type canaryMessage struct {
	Type string    `json:"type"` // "canary"
	Sent time.Time `json:"sent"`
}

func (c *canary) round(ctx context.Context) (took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.within)
	defer cancel()
	c.clients.Add(1)
	defer c.clients.Add(-1)
	v, err := dialViewer(ctx, c.address)
	if err != nil {
		return 0, err
	}
	defer v.close()
	if err := v.enter(ctx, c.token, c.channel); err != nil {
		return 0, err
	}
	return c.sing(ctx, v)
}

// sing has the message published until it comes back.
func (c *canary) sing(ctx context.Context, v *viewer) (took time.Duration, err error) {
	begin := time.Now()
	sent := canaryMessage{Type: "canary", Sent: begin.UTC().Round(0)}
	data, err := json.Marshal(sent)
	if err != nil {
		return 0, fmt.Errorf("encode the canary's message: %w", err)
	}
	ctx, stop := context.WithCancelCause(ctx)
	var publishing sync.WaitGroup
	defer publishing.Wait()
	defer stop(nil)
	publishing.Go(func() { stop(c.publish(ctx, data)) })
	for {
		data, err := v.publication(ctx)
		if err != nil {
			if cause := context.Cause(ctx); cause != nil { // why reading ended
				err = cause
			}
			return 0, fmt.Errorf("await the canary's message: %w", err)
		}
		var got canaryMessage
		if json.Unmarshal(data, &got) == nil && got.Sent.Equal(sent.Sent) {
			return time.Since(begin), nil
		}
	}
}

// publish repeats the message until ctx ends: a single loss is allowed to
// brokers, and makes it late.
func (c *canary) publish(ctx context.Context, data []byte) error {
	again := time.NewTicker(canaryRepeat)
	defer again.Stop()
	for {
		if err := c.node.Publish(ctx, c.channel, hub.Publication{Data: data}); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
		}
	}
}
