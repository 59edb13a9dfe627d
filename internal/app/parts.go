package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// stopOrder says when a part is stopped: lower ones first, each waited for
// before the next. Nothing is stopped while somebody above may still use it.
type stopOrder int

const (
	stopDemo      stopOrder = iota // demo people write no more
	stopReadiness                  // load balancers are told to look elsewhere
	stopSockets                    // clients leave with 3001, spread over the drain time
	stopHTTP                       // requests under way are answered
	stopServices                   // what is queued is committed
	stopNews                       // what was committed is told
	stopHub                        // brokers
	stopOps                        // operators could look on until here
	stopDatabase                   // the watch over the local Postgres
)

// part is something that works for as long as the server runs.
type part struct {
	name string
	stop stopOrder
	run  func(ctx context.Context) error // until ctx ends; nil: nothing runs
	end  func(ctx context.Context) error // ends it gently, before run's ctx does; nil: the end of ctx is enough
}

// parts runs parts and stops them in order. One that ends by itself ends all.
type parts struct {
	group  *errgroup.Group
	failed <-chan struct{} // closed when a part ended by itself

	mu      sync.Mutex // guards running
	running []*runningPart
}

type runningPart struct {
	part
	cancel context.CancelFunc
	ending atomic.Bool // it was told to end
	done   chan struct{}
}

var errEnded = errors.New("ended by itself")

func newParts(ctx context.Context) *parts {
	group, failed := errgroup.WithContext(context.WithoutCancel(ctx))
	return &parts{group: group, failed: failed.Done()}
}

// start runs p in a goroutine that stop ends and waits for; the end of ctx does not.
func (ps *parts) start(ctx context.Context, p part) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &runningPart{part: p, cancel: cancel, done: make(chan struct{})}
	ps.mu.Lock()
	ps.running = append(ps.running, r)
	ps.mu.Unlock()
	if p.run == nil {
		close(r.done)
		return
	}
	ps.group.Go(func() error {
		defer close(r.done)
		err := p.run(ctx)
		switch {
		case r.ending.Load() && (err == nil || errors.Is(err, context.Canceled)):
			return nil
		case err == nil:
			err = errEnded
		}
		return fmt.Errorf("%s: %w", p.name, err)
	})
}

// stop ends all parts in their order and returns what went wrong since they
// were started. When ctx ends, gentleness does; every part is waited for.
func (ps *parts) stop(ctx context.Context) error {
	ps.mu.Lock()
	running := ps.running
	ps.running = nil
	ps.mu.Unlock()
	slices.SortStableFunc(running, func(a, b *runningPart) int { return int(a.stop) - int(b.stop) })
	var errs []error
	for _, r := range running {
		r.ending.Store(true)
		if r.end != nil {
			if err := r.end(ctx); err != nil {
				errs = append(errs, fmt.Errorf("stop %s: %w", r.name, err))
			}
		}
		r.cancel()
		<-r.done
	}
	return errors.Join(append(errs, ps.group.Wait())...)
}
