package groupcommit

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Errors of Do; the item was not accepted and nothing was written.
var (
	ErrFull   = errors.New("group commit: as many items wait as may")
	ErrClosed = errors.New("group commit: closed")
)

// What zero values of Options mean.
const (
	DefaultLanes    = 2
	DefaultQueue    = 4096
	DefaultMaxBatch = 256
	DefaultMaxWait  = 200 * time.Millisecond
	DefaultTimeout  = 10 * time.Second
)

// Options of a Committer; zero values take the defaults.
type Options struct {
	Lanes    int           // transactions at a time, each with its own goroutine
	Queue    int           // items waiting in one lane; beyond it Do returns ErrFull
	MaxBatch int           // items in one transaction
	MaxWait  time.Duration // of an item under lasting overload, about; what would wait longer gets ErrFull
	Timeout  time.Duration // of one flush

	// Observe, if set, is told of each flush once its items are answered: how
	// many they were, how long the first of them had waited for its turn, and
	// how long the flush took. It is called from every lane and must not block.
	Observe func(items int, waited, took time.Duration)
}

// Flush commits the items together and answers each: errs[i] is the answer to
// items[i], nil for done. Results travel inside the item. ctx is the batch's
// own: no caller who goes away can spoil it for the others.
type Flush[T any] func(ctx context.Context, items []T) (errs []error)

// Committer gathers items in lanes. Items of one key share a lane and are
// committed in the order in which Do accepted them.
type Committer[T any] struct {
	opts  Options
	flush Flush[T]
	lanes []lane[T]

	mu     sync.RWMutex // held for reading while sending to a lane, for writing to close
	closed bool
}

type lane[T any] struct {
	queue chan entry[T]
	load  *load
}

type entry[T any] struct {
	item T
	done chan<- error // buffered: the lane never waits for a caller
	at   time.Time    // when it was accepted
}

// New returns a Committer; nothing is committed until Run is called.
func New[T any](o Options, flush Flush[T]) *Committer[T] {
	o.Lanes = orDefault(o.Lanes, DefaultLanes)
	o.Queue = orDefault(o.Queue, DefaultQueue)
	o.MaxBatch = orDefault(o.MaxBatch, DefaultMaxBatch)
	o.MaxWait = orDefault(o.MaxWait, DefaultMaxWait)
	o.Timeout = orDefault(o.Timeout, DefaultTimeout)
	c := &Committer[T]{opts: o, flush: flush, lanes: make([]lane[T], o.Lanes)}
	for i := range c.lanes {
		c.lanes[i] = lane[T]{queue: make(chan entry[T], o.Queue), load: newLoad(o)}
	}
	return c
}

func orDefault[N int | time.Duration](n, def N) N {
	if n <= 0 {
		return def
	}
	return n
}

// Do hands the item over and waits for its answer. It returns ErrFull or
// ErrClosed if it was not accepted. If ctx ends first, Do returns its error
// and the item may or may not be committed: the caller must not touch it again.
func (c *Committer[T]) Do(ctx context.Context, key uint64, item T) error {
	done := make(chan error, 1)
	if err := c.accept(key, entry[T]{item: item, done: done, at: time.Now()}); err != nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (c *Committer[T]) accept(key uint64, e entry[T]) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return ErrClosed
	}
	l := c.lanes[mix(key)%uint64(len(c.lanes))]
	if l.load.full(len(l.queue)) {
		return ErrFull
	}
	select {
	case l.queue <- e:
		return nil
	default:
		return ErrFull
	}
}

// mix spreads keys whose low bits are alike (the finaliser of MurmurHash3).
func mix(k uint64) uint64 {
	k ^= k >> 33
	k *= 0xff51afd7ed558ccd
	k ^= k >> 33
	k *= 0xc4ceb9fe1a85ec53
	return k ^ k>>33
}

// Run commits until ctx ends; then it takes no more, commits what is queued
// and returns nil. It must be called once.
func (c *Committer[T]) Run(ctx context.Context) error {
	var lanes sync.WaitGroup
	for _, lane := range c.lanes {
		lanes.Go(func() { c.runLane(ctx, lane) })
	}
	<-ctx.Done()
	c.mu.Lock()
	c.closed = true
	for _, lane := range c.lanes {
		close(lane.queue)
	}
	c.mu.Unlock()
	lanes.Wait()
	return nil
}

func (c *Committer[T]) runLane(ctx context.Context, l lane[T]) {
	base := context.WithoutCancel(ctx)
	items := make([]T, 0, c.opts.MaxBatch)
	waiting := make([]chan<- error, 0, c.opts.MaxBatch)
	for first := range l.queue {
		items, waiting = append(items[:0], first.item), append(waiting[:0], first.done)
		for len(items) < c.opts.MaxBatch {
			e, ok := poll(l.queue)
			if !ok {
				break
			}
			items, waiting = append(items, e.item), append(waiting, e.done)
		}
		c.answer(base, l.load, first.at, items, waiting)
		clear(items) // callers' items must not outlive their answers
		clear(waiting)
	}
}

// answer commits the items, of which the first was accepted at that time.
func (c *Committer[T]) answer(base context.Context, l *load, accepted time.Time, items []T, waiting []chan<- error) {
	begin := time.Now()
	errs := c.commit(base, items)
	end := time.Now()
	l.note(len(items), begin.Sub(accepted), begin, end)
	for i, err := range errs {
		waiting[i] <- err
	}
	if c.opts.Observe != nil {
		c.opts.Observe(len(items), begin.Sub(accepted), end.Sub(begin))
	}
}

func poll[E any](queue <-chan E) (e E, ok bool) {
	select {
	case e, ok = <-queue:
	default:
	}
	return e, ok
}

func (c *Committer[T]) commit(base context.Context, items []T) (errs []error) {
	ctx, cancel := context.WithTimeout(base, c.opts.Timeout)
	defer cancel()
	return c.flush(ctx, items)
}

// Crowded tells whether all lanes have enough to do, and almost no room: what
// is refused now, before it is looked at, is what Do would soon return ErrFull
// for, whatever the key. It is cheap to ask.
func (c *Committer[T]) Crowded() bool {
	for _, l := range c.lanes {
		if !l.load.brimming(len(l.queue)) {
			return false
		}
	}
	return true
}

// Queued returns how many items wait in all lanes at this moment.
func (c *Committer[T]) Queued() (n int) {
	for _, lane := range c.lanes {
		n += len(lane.queue)
	}
	return n
}
