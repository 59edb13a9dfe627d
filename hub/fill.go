package hub

import (
	"context"
	"time"
)

// A hole in a positioned channel is given Options.GapWait to close by itself,
// because nodes that publish at once overtake each other all the time; then
// it is read from the log, by one reader a channel.

const (
	fillPage = maxRecovery // publications in one read for a hole
	maxFill  = 5000        // publications in one hole; with more missing clients resubscribe, each at its own pace
)

// hole is what is being done about missing publications; guarded by channel.mu.
type hole struct {
	after   uint64    // where the sequence stands
	since   time.Time // when it was found to stand there with something missing
	waiting bool      // a timer runs
	filling bool      // a goroutine reads the log
}

// watchHole gives a hole, if there is one, time to close. It needs ch.mu.
func (ch *channel) watchHole() {
	if ch.seq.missing() == 0 {
		ch.hole.since = time.Time{}
		return
	}
	if ch.hole.after != ch.seq.last || ch.hole.since.IsZero() {
		ch.hole.after, ch.hole.since = ch.seq.last, time.Now()
	}
	if !ch.hole.waiting && !ch.hole.filling {
		ch.waitForHole(ch.node.opts.GapWait)
	}
}

func (ch *channel) waitForHole(d time.Duration) {
	ch.hole.waiting = true
	time.AfterFunc(d, func() { ch.node.spawn(ch.holeDue) })
}

// holeDue fills the hole if it is old enough; the one that the timer was set for may have closed.
func (ch *channel) holeDue() {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	ch.hole.waiting = false
	if ch.seq.missing() == 0 {
		return
	}
	if rest := ch.node.opts.GapWait - time.Since(ch.hole.since); rest > 0 {
		ch.waitForHole(rest)
		return
	}
	ch.fillNow()
}

// fillNow reads what is missing. It needs ch.mu.
func (ch *channel) fillNow() {
	if !ch.hole.filling && ch.positioned > 0 {
		ch.hole.filling = ch.node.spawn(ch.fill)
	}
}

func (ch *channel) fill() {
	more := true
	for more {
		ch.mu.Lock()
		since, missing := ch.seq.last, ch.seq.missing()
		ch.mu.Unlock()
		var snap snapshot
		var err error
		if missing <= maxFill {
			snap, err = ch.readLog(ReadQuery{Since: &since, Limit: fillPage, MaxBytes: maxRecoveryBytes})
		}
		ch.mu.Lock()
		switch {
		case err != nil:
			more = false
			ch.node.stats.gapErrors.Add(1)
			ch.node.opts.Logger.Warn("a hole was not filled; the next comparison of heads tries again", "channel", ch.name, "error", err)
		case missing > maxFill:
			more = false
			ch.reset()
		default:
			more = ch.fillFrom(since, snap)
		}
		if !more {
			ch.hole.filling = false
		}
		ch.mu.Unlock()
		ch.launch()
		if more {
			ch.rest(ch.node.opts.MaxBatchDelay) // clients have to take all of it
		}
	}
}

// fillFrom delivers what was read after since and tells whether to read on. It needs ch.mu.
func (ch *channel) fillFrom(since uint64, snap snapshot) (more bool) {
	if !ch.seq.started {
		return false // all subscribers left meanwhile
	}
	ready, err := ch.seq.fill(nil, since, snap.pubs, snap.top)
	ch.node.stats.gapsFilled.Add(uint64(len(ready)))
	ch.deliver(ready)
	if err != nil {
		ch.reset()
		return false
	}
	return ch.seq.missing() > 0 && len(ready) > 0
}

// reset makes all positioned subscriptions begin anew. It needs ch.mu.
func (ch *channel) reset() {
	ch.node.stats.resets.Add(1)
	ch.seq = sequencer{}
	var all []*subscription
	for _, sub := range ch.subs {
		if sub.positioned {
			all = append(all, sub)
		}
	}
	for _, sub := range all {
		ch.resubscribe(sub)
	}
}

// compareHeads compares all positioned channels with the log, once in
// Options.HeadInterval and whenever the broker may have lost something.
func (n *Node) compareHeads(ctx context.Context) {
	tick := time.NewTicker(n.opts.HeadInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-n.lost:
		}
		n.compareHeadsOnce(ctx)
	}
}

func (n *Node) compareHeadsOnce(ctx context.Context) {
	names, at := n.positions()
	if len(names) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, logTimeout)
	defer cancel()
	heads, err := n.opts.Log.Heads(ctx, names)
	if err != nil {
		if ctx.Err() == nil {
			n.stats.gapErrors.Add(1)
			n.opts.Logger.WarnContext(ctx, "the heads of the log were not read", "channels", len(names), "error", err)
		}
		return
	}
	for i, name := range names {
		if top, known := heads[name]; known {
			at[i].ch.compare(at[i].pos, top)
		}
	}
}

// place is where a channel's sequence stood.
type place struct {
	ch  *channel
	pos Position
}

// positions lists the positioned channels, and where they are.
func (n *Node) positions() (names []string, at []place) {
	n.mu.RLock()
	all := make([]*channel, 0, len(n.channels))
	for _, ch := range n.channels {
		all = append(all, ch)
	}
	n.mu.RUnlock()
	for _, ch := range all {
		ch.mu.Lock()
		if ch.seq.started {
			names = append(names, ch.name)
			at = append(at, place{ch, Position{Offset: ch.seq.last, Epoch: ch.seq.epoch}})
		}
		ch.mu.Unlock()
	}
	return names, at
}

// compare takes note of the log's top, read when the channel's sequence was at pos.
func (ch *channel) compare(pos, top Position) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if !ch.seq.started || ch.seq.epoch != pos.Epoch || ch.seq.last < pos.Offset {
		return // begun anew meanwhile
	}
	if err := ch.seq.see(top, pos.Offset); err != nil {
		ch.reset()
		return
	}
	ch.watchHole()
}
