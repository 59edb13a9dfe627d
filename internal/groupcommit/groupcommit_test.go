package groupcommit_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lifecircle/internal/groupcommit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type item struct {
	n      int
	answer int
}

// gate holds every flush until it is told to go on, and tells what it got.
type gate struct {
	batches chan []*item
	proceed chan struct{}
}

func newGate() gate { return gate{make(chan []*item), make(chan struct{})} }

func (g gate) flush(ctx context.Context, items []*item) []error {
	g.batches <- append([]*item(nil), items...)
	<-g.proceed
	errs := make([]error, len(items))
	for i, it := range items {
		it.answer, errs[i] = it.n*10, ctx.Err() // of the batch's own context, which no end of callers or of Run touches
		if it.n < 0 {
			errs[i] = errBad
		}
	}
	return errs
}

var errBad = errors.New("bad item")

func start[T any](t *testing.T, c *groupcommit.Committer[T]) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = c.Run(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	return stop
}

func TestQueuedItemsShareTheNextCommitAndAreAnsweredEach(t *testing.T) {
	g := newGate()
	c := groupcommit.New(groupcommit.Options{Lanes: 1, MaxBatch: 4, Queue: 8}, g.flush)
	var callers sync.WaitGroup
	do := func(n int) {
		callers.Go(func() {
			it := &item{n: n}
			err := c.Do(t.Context(), 7, it)
			if want := n < 0; errors.Is(err, errBad) != want {
				t.Errorf("item %d: %v", n, err)
			}
			if it.answer != n*10 {
				t.Errorf("item %d: answer %d", n, it.answer)
			}
		})
	}
	for n := range 6 {
		do(n - 1) // one bad item among them
	}
	waitQueued(t, c, 6)
	start(t, c)
	first := <-g.batches
	if len(first) != 4 {
		t.Errorf("first batch holds %d, want MaxBatch 4", len(first))
	}
	g.proceed <- struct{}{}
	if second := <-g.batches; len(second) != 2 {
		t.Errorf("second batch holds %d, want the other 2", len(second))
	}
	g.proceed <- struct{}{}
	callers.Wait()
}

// waitQueued blocks until n items wait.
func waitQueued[T any](t *testing.T, c *groupcommit.Committer[T], n int) {
	t.Helper()
	for c.Queued() < n {
		if t.Context().Err() != nil {
			t.Fatal("never queued")
		}
		runtime.Gosched()
	}
}

func TestFlushesAreObserved(t *testing.T) {
	type flush struct {
		items        int
		waited, took time.Duration
	}
	seen := make(chan flush, 1)
	o := groupcommit.Options{Lanes: 1, Observe: func(items int, waited, took time.Duration) { seen <- flush{items, waited, took} }}
	g := newGate()
	c := groupcommit.New(o, g.flush)
	var callers sync.WaitGroup
	defer callers.Wait()
	begin := time.Now()
	for n := range 3 {
		callers.Go(func() { _ = c.Do(t.Context(), 1, &item{n: n}) })
	}
	waitQueued(t, c, 3)
	queued := time.Now()
	start(t, c)
	<-g.batches
	waited := time.Since(queued)
	g.proceed <- struct{}{}
	got, all := <-seen, time.Since(begin)
	if got.items != 3 || got.waited <= 0 || got.took <= 0 || got.waited+got.took > all || got.waited+got.took < waited {
		t.Errorf("observed %+v within %s", got, all)
	}
}

func TestAFullQueueRefuses(t *testing.T) {
	c := groupcommit.New(groupcommit.Options{Lanes: 1, Queue: 1}, func(_ context.Context, items []int) []error {
		return make([]error, len(items))
	})
	var first sync.WaitGroup
	first.Go(func() {
		if err := c.Do(t.Context(), 1, 1); err != nil {
			t.Errorf("accepted item: %v", err)
		}
	})
	waitQueued(t, c, 1)
	if !c.Crowded() {
		t.Error("a full queue is not crowded")
	}
	if err := c.Do(t.Context(), 1, 2); !errors.Is(err, groupcommit.ErrFull) {
		t.Errorf("second item: %v, want ErrFull", err)
	}
	stop := start(t, c)
	first.Wait()
	if c.Crowded() {
		t.Error("an empty queue is crowded")
	}
	stop()
	if err := c.Do(t.Context(), 1, 3); !errors.Is(err, groupcommit.ErrClosed) {
		t.Errorf("after the end: %v, want ErrClosed", err)
	}
}

func TestWhatIsQueuedIsCommittedAtTheEnd(t *testing.T) {
	g := newGate()
	c := groupcommit.New(groupcommit.Options{Lanes: 1, MaxBatch: 1, Queue: 8}, g.flush)
	var callers sync.WaitGroup
	for n := range 3 {
		callers.Go(func() {
			if err := c.Do(context.Background(), 1, &item{n: n}); err != nil {
				t.Errorf("item %d: %v", n, err)
			}
		})
	}
	waitQueued(t, c, 3)
	stop := start(t, c)
	<-g.batches
	go func() {
		for range 2 {
			g.proceed <- struct{}{}
			<-g.batches
		}
		g.proceed <- struct{}{}
	}()
	stop()
	callers.Wait()
}

func TestACallerWhoGoesAwayDoesNotSpoilTheBatch(t *testing.T) {
	g := newGate()
	c := groupcommit.New(groupcommit.Options{Lanes: 1}, g.flush)
	start(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() { gone <- c.Do(ctx, 1, &item{n: 1}) }()
	<-g.batches
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled caller: %v", err)
	}
	g.proceed <- struct{}{}
	stays := make(chan error, 1)
	go func() { stays <- c.Do(t.Context(), 1, &item{n: 2}) }()
	<-g.batches
	g.proceed <- struct{}{}
	if err := <-stays; err != nil {
		t.Errorf("the next caller: %v", err)
	}
}
