package groupcommit

import (
	"sync/atomic"
	"time"
)

// load knows how many items may wait in one lane. A long queue is no sign of
// trouble after a hiccup of the database: the next large batches make up for
// it. But when the first of the queue has waited longer than maxWait at every
// commit for as long as that, and waits no less than in the beginning, more
// comes in than goes out. Then only so many may wait as the lane commits within
// maxWait, or as the next batch takes, until the first has waited less than half
// of it for a while: overload that comes in waves is one overload.
type load struct {
	maxWait  time.Duration
	maxBatch int
	queue    int // items that may wait while all is well

	limit atomic.Int64 // items that may wait now
	brim  atomic.Int64 // so many of them that the next had better not be looked at: at most limit

	// The lane's goroutine owns what follows.
	lateSince    time.Time     // zero: the first has not waited too long
	lateWait     time.Duration // how long it had waited then
	items        float64       // committed lately
	busy         time.Duration // the time that it took
	calmSince    time.Time     // zero: the first waited more than half of maxWait
	overburdened bool
}

// fading is how much of what was measured before the last commit still counts.
const fading = 7.0 / 8

const calmWaits = 2 // times maxWait, that calm must last to end an overload

func newLoad(o Options) *load {
	l := &load{maxWait: o.MaxWait, maxBatch: o.MaxBatch, queue: o.Queue}
	l.limit.Store(int64(o.Queue))
	l.brim.Store(int64(o.Queue))
	return l
}

// full tells whether a lane with so many waiting takes no more.
func (l *load) full(waiting int) bool { return int64(waiting) >= l.limit.Load() }

// brimming tells whether a lane with so many waiting has enough to do until it
// is asked again. Under overload that is a quarter before it is full: while one
// lane has room, what is meant for another is looked at, too, and should find
// room there, for it costs as much as what is done.
func (l *load) brimming(waiting int) bool { return int64(waiting) >= l.brim.Load() }

// note learns from a commit of so many items, the first of which had waited so
// long when it began.
func (l *load) note(items int, waited time.Duration, begin, end time.Time) {
	l.items = l.items*fading + float64(items)
	l.busy = time.Duration(float64(l.busy)*fading) + end.Sub(begin)
	if waited > l.maxWait/2 {
		l.calmSince = time.Time{}
	} else if l.calmSince.IsZero() {
		l.calmSince = begin
	}
	switch {
	case waited <= l.maxWait/2:
		l.lateSince = time.Time{}
		l.overburdened = l.overburdened && end.Sub(l.calmSince) < calmWaits*l.maxWait
	case waited <= l.maxWait:
		l.lateSince = time.Time{}
	case l.lateSince.IsZero():
		l.lateSince, l.lateWait = begin, waited
	case end.Sub(l.lateSince) >= l.maxWait:
		l.overburdened = l.overburdened || waited >= l.lateWait
		l.lateSince, l.lateWait = begin, waited
	}
	limit, brim := l.queue, l.queue
	if l.overburdened {
		limit = min(limit, max(l.maxBatch, l.within(l.maxWait)))
		brim = min(limit, max(l.maxBatch, limit*3/4))
	}
	l.limit.Store(int64(limit))
	l.brim.Store(int64(brim))
}

// within is how many items the lane commits in that time, at its recent pace.
func (l *load) within(d time.Duration) int {
	return int(l.items * float64(d) / float64(max(l.busy, 1)))
}
