package hub

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

const maxLogReads = 32 // at once on a node; further ones wait

// logReader merges the snapshots that subscriptions of one channel ask for at
// once: while one read is under way, all further requests wait for the next.
// None is served by a read that began before it asked, because its seam holds
// events only from then on.
type logReader struct {
	next time.Time // no read before; owned by serveSnapshots

	mu      sync.Mutex // guards what follows
	running bool
	waiting []*snapshotRequest // bounded by the clients, each has one at most
}

type snapshotRequest struct {
	resume  resume
	done    chan struct{} // closed when the result is there
	snap    snapshot
	replays *replays // of snap, shared like it
	err     error
}

// snapshot reads what r needs from the log. The result is shared: not to be changed.
func (ch *channel) snapshot(ctx context.Context, r resume) (snapshot, *replays, error) {
	req := &snapshotRequest{resume: r, done: make(chan struct{})}
	lr := &ch.reader
	lr.mu.Lock()
	lr.waiting = append(lr.waiting, req)
	idle := !lr.running
	lr.running = true
	lr.mu.Unlock()
	if idle {
		ch.node.spawn(ch.serveSnapshots) //nolint:contextcheck // it reads for all who wait, whoever gives up
	}
	select {
	case <-req.done:
		return req.snap, req.replays, req.err
	case <-ctx.Done():
		return snapshot{}, nil, ctx.Err()
	case <-ch.node.ctx.Done():
		return snapshot{}, nil, errStopped
	}
}

// Everybody whom a read of a channel's log serves delays the beginning of the
// next by snapshotShare, all of them together by at most snapshotPause: in a
// storm there are few reads that serve many, and who comes alone does not wait.
const (
	snapshotPause = 100 * time.Millisecond
	snapshotShare = 5 * time.Millisecond
)

// serveSnapshots reads for everybody who waits until nobody does.
func (ch *channel) serveSnapshots() {
	lr := &ch.reader
	for {
		if wait := time.Until(lr.next); wait > 0 && !pause(ch.node.ctx, wait) {
			return // the node ends, as do those who wait
		}
		began := time.Now()
		lr.mu.Lock()
		batch := lr.waiting
		lr.waiting = nil
		lr.running = len(batch) > 0
		lr.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		lr.next = began.Add(min(snapshotPause, time.Duration(len(batch))*snapshotShare))
		snap, err := ch.readSnapshot(batch)
		shared := new(replays)
		for _, req := range batch {
			req.snap, req.replays, req.err = snap, shared, err
			close(req.done)
		}
	}
}

// readSnapshot reads once, from the oldest position asked for. If the log goes
// on beyond what one recovery may replay, that client cannot be recovered, and
// a second read, back from the top, is enough for all others who can.
func (ch *channel) readSnapshot(batch []*snapshotRequest) (snapshot, error) {
	oldest, newest, wanted := sinceRange(batch)
	if !wanted {
		return ch.readLog(ReadQuery{})
	}
	snap, err := ch.readLog(ReadQuery{Since: &oldest, Limit: maxRecovery, MaxBytes: maxRecoveryBytes})
	if err != nil || oldest == newest || reachesTop(snap) {
		return snap, err
	}
	snap, err = ch.readLog(ReadQuery{Reverse: true, Limit: maxRecovery, MaxBytes: maxRecoveryBytes})
	snap.pubs = slices.Clone(snap.pubs)
	slices.Reverse(snap.pubs)
	return snap, err
}

func reachesTop(snap snapshot) bool {
	n := len(snap.pubs)
	return n == 0 || snap.pubs[n-1].Offset == snap.top.Offset
}

func sinceRange(batch []*snapshotRequest) (oldest, newest uint64, wanted bool) {
	for _, req := range batch {
		r := &req.resume
		if !r.wanted || r.since.Epoch == invalidEpoch {
			continue
		}
		if !wanted {
			oldest, newest, wanted = r.since.Offset, r.since.Offset, true
			continue
		}
		oldest, newest = min(oldest, r.since.Offset), max(newest, r.since.Offset)
	}
	return oldest, newest, wanted
}

// readLog is one bounded read on behalf of the channel, not of a client.
func (ch *channel) readLog(q ReadQuery) (snapshot, error) {
	ctx, cancel := context.WithTimeout(ch.node.ctx, logTimeout)
	defer cancel()
	pubs, top, err := ch.node.readLog(ctx, ch.name, q)
	return snapshot{pubs: pubs, top: top}, err
}

// readLog reads the log when one of the node's slots for it is free.
func (n *Node) readLog(ctx context.Context, channel string, q ReadQuery) ([]Publication, Position, error) {
	select {
	case n.logSlots <- struct{}{}:
		defer func() { <-n.logSlots }()
	case <-ctx.Done():
		return nil, Position{}, fmt.Errorf("wait to read the log of %q: %w", channel, ctx.Err())
	}
	pubs, top, err := n.opts.Log.Read(ctx, channel, q)
	if err != nil {
		return nil, Position{}, fmt.Errorf("read the log of %q: %w", channel, err)
	}
	return pubs, top, nil
}
