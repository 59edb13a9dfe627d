package hub

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"lifecircle/hub/wire"
)

const (
	flagRejectUnrecovered = 2 // of a subscribe request: error 112 rather than recovered=false
	knownDelta            = "fossil"
	maxSnapshots          = 4 // tries to join a snapshot to the live events; the second succeeds unless the log has changed
)

// subscribe makes a subscription: the Handler decides, then the live events are
// held back, then the log is read, then both are joined.
func (c *Client) subscribe(ctx context.Context, id uint32, r *wire.SubscribeRequest) error {
	if err := checkSubscribe(r); err != nil {
		return err
	}
	sub, err := c.reserve(r.Channel, false)
	if err != nil {
		return err
	}
	stands := false
	defer func() { // also after a panic of the Handler
		if !stands {
			c.abandon(sub)
		}
	}()
	if err := c.subscribeTo(ctx, id, sub, r); err != nil {
		return err
	}
	stands = true
	return nil
}

func checkSubscribe(r *wire.SubscribeRequest) error {
	switch {
	case r.Channel == "", r.Delta != "" && r.Delta != knownDelta:
		return DisconnectBadRequest
	case !validChannel(r.Channel), r.HasFilter:
		return ErrBadRequest
	case r.Type != 0:
		return ErrNotAvailable
	case strings.HasPrefix(r.Channel, reservedPrefix):
		return ErrUnknownChannel
	}
	return nil
}

func validChannel(name string) bool {
	return len(name) <= maxChannelBytes && utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' })
}

// reserve enters a subscription of which nothing is decided yet, so that it can be cut meanwhile.
func (c *Client) reserve(channel string, serverSide bool) (*subscription, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.subscriptionLocked(channel) != nil {
		return nil, ErrAlreadySubscribed
	}
	if len(c.subs) >= c.node.opts.MaxSubscriptions {
		return nil, ErrLimitExceeded
	}
	sub := &subscription{client: c, channel: channel, serverSide: serverSide, place: -1}
	c.subs = append(c.subs, sub)
	return sub, nil
}

// abandon takes back a reservation, or what became of it.
func (c *Client) abandon(sub *subscription) {
	c.mu.Lock()
	c.removeLocked(sub)
	c.mu.Unlock()
	c.leaveChannel(sub)
}

// enter attaches the subscription to its channel, which the broker delivers from then on. Events are held back.
func (c *Client) enter(ctx context.Context, sub *subscription) error {
	ch := c.node.acquire(sub.channel)
	c.mu.Lock()
	sub.ch = ch
	c.mu.Unlock()
	ch.attach(sub)
	return ch.join(ctx)
}

func (c *Client) subscribeTo(ctx context.Context, id uint32, sub *subscription, r *wire.SubscribeRequest) error {
	reply, err := c.node.opts.Handler.Subscribe(ctx, c, SubscribeRequest{Channel: r.Channel, Token: r.Token, Data: r.Data})
	if err != nil {
		return err
	}
	if reply.Positioned && c.node.opts.Log == nil {
		return fmt.Errorf("subscribe to %q: a positioned channel needs Options.Log", sub.channel)
	}
	sub.positioned, sub.presence = reply.Positioned, reply.Presence
	if err := c.enter(ctx, sub); err != nil {
		return err
	}
	for try := range maxSnapshots {
		err := c.trySubscribe(ctx, id, sub, r, reply)
		if !errors.Is(err, errSnapshotStale) {
			return err
		}
		if try > 0 && !pause(ctx, c.node.opts.GapWait) {
			return ctx.Err()
		}
		sub.ch.restartSeam(sub)
	}
	return fmt.Errorf("subscribe to %q: %w", sub.channel, errSnapshotStale)
}

// trySubscribe reads a snapshot and joins it to the live events.
func (c *Client) trySubscribe(ctx context.Context, id uint32, sub *subscription, r *wire.SubscribeRequest, reply SubscribeReply) error {
	var top Position
	size := 0 // of what is replayed
	result := &wire.SubscribeResult{WasRecovering: r.Recover}
	result.SetValidData(reply.Data)
	if sub.positioned {
		want := resume{wanted: r.Recover, since: Position{Offset: r.Offset, Epoch: r.Epoch}}
		snap, replays, err := sub.ch.snapshot(ctx, want)
		if err != nil {
			return err
		}
		top = snap.top
		if size, err = c.setRecovery(result, want, snap, replays); err != nil {
			return err
		}
		if r.Recover && !result.Recovered && r.Flag&flagRejectUnrecovered != 0 {
			return ErrUnrecoverable
		}
	}
	if reply.State != nil {
		data, err := reply.State(ctx)
		if err != nil {
			return err
		}
		result.SetValidData(data)
	}
	f, err := c.encodeReply(&wire.Reply{ID: id, Subscribe: result}, size+len(result.Data))
	if err != nil {
		return err
	}
	if err := sub.ch.goLive(sub, top, f); err != nil {
		return err
	}
	c.countRecovery(result)
	return nil
}

// setRecovery fills in the position and, if everything since the client's is there, the publications, of that size.
func (c *Client) setRecovery(result *wire.SubscribeResult, want resume, snap snapshot, replays *replays) (size int, err error) {
	result.Positioned, result.Recoverable = true, true
	result.Epoch, result.Offset = snap.top.Epoch, snap.top.Offset
	replay, ok := recovered(want, snap)
	if !ok {
		return 0, nil
	}
	encoded, err := replays.of(c.format.protocol(), snap.pubs, len(snap.pubs)-len(replay)) // they are the last ones
	if err != nil {
		c.node.opts.Logger.Error("a publication does not fit the protocol", "client", c.id, "error", err)
		return 0, DisconnectBadProtocol
	}
	result.Recovered = true
	result.Offset = want.since.Offset // the client walks on from there
	result.SetReplay(encoded)
	return len(encoded), nil
}

func (c *Client) countRecovery(result *wire.SubscribeResult) {
	switch {
	case result.Recovered:
		c.node.stats.recovered.Add(1)
	case result.WasRecovering:
		c.node.stats.unrecovered.Add(1)
	}
}

// pause waits; false means that ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (ch *channel) restartSeam(sub *subscription) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	sub.seam.restart()
}

// goLive queues the reply and the events held back, and lets further ones flow
// after them. top is the position that the reply brings the client to. With
// errSnapshotStale nothing has happened. A nil reply has been queued already.
func (ch *channel) goLive(sub *subscription, top Position, reply frame) error {
	err := ch.joinLive(sub, top, reply)
	ch.launch()
	if err != nil {
		return err
	}
	c := sub.client
	c.mu.Lock()
	cut := sub.cut
	c.mu.Unlock()
	if cut != nil {
		c.endSubscription(sub, cut)
	}
	return nil
}

func (ch *channel) joinLive(sub *subscription, top Position, reply frame) error {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	tail := sub.seam.release()
	if sub.positioned {
		joined, cursor, err := ch.joinSeam(sub, top)
		if err != nil {
			return err
		}
		tail, sub.cursor = joined, cursor
	}
	sub.live, sub.seam = true, seam{}
	c := sub.client
	c.mu.Lock()
	defer c.mu.Unlock()
	if reply != nil {
		c.enqueueLocked(item{bytes: reply.bytes(), kind: required})
	}
	for _, e := range tail {
		c.pushLocked(e.msg)
	}
	c.wakeWriterLocked()
	sub.ready = true
	return nil
}

// joinSeam joins what sub held back to the snapshot with that top. It needs ch.mu.
func (ch *channel) joinSeam(sub *subscription, top Position) (tail []event, cursor uint64, err error) {
	switch {
	case !ch.seq.started:
		ch.deliver(ch.seq.start(top)) // this one, too, gets them by its seam
	case ch.seq.epoch != top.Epoch:
		ch.fillNow() // the log will tell which of the two is out of date
		return nil, 0, errSnapshotStale
	}
	tail, cursor, err = sub.seam.join(top)
	if err != nil || cursor < ch.seq.last {
		return nil, 0, errSnapshotStale
	}
	ch.seq.head = max(ch.seq.head, top.Offset) // the broker may be behind the log
	ch.watchHole()
	return tail, cursor, nil
}
