package picture

import (
	"context"
	"io"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"lifecircle/internal/problem"
)

// Defaults of a Workshop.
const (
	DefaultWaiting = 100             // callers in line
	busyRetry      = 5 * time.Second // when to come again
)

// WorkshopOptions bound a Workshop. Zero values stand for the defaults.
type WorkshopOptions struct {
	Jobs    int   // pictures made at once; default half of GOMAXPROCS, at least 1
	Memory  int64 // bytes, by Header.Memory, of pictures made at once and of what they left behind; default and least MaxMemory
	Waiting int   // callers in line; beyond it they are told that we are busy; default DefaultWaiting
}

// Workshop makes pictures, few at a time and in the order they came. It is safe
// for concurrent use and has no goroutines: each caller works, or waits, in its
// own.
type Workshop struct {
	memory int64               // bytes; the size of budget
	places *semaphore.Weighted // who works or waits
	hands  *semaphore.Weighted // who works
	budget *semaphore.Weighted // bytes; waited for by those who have a hand, so that a large picture is not overtaken for ever

	mu     sync.Mutex // guards what follows
	used   int64      // bytes, by those who work
	litter int64      // bytes, left behind since they were last swept
}

// NewWorkshop returns an open workshop.
func NewWorkshop(o WorkshopOptions) *Workshop {
	if o.Jobs <= 0 {
		o.Jobs = max(1, runtime.GOMAXPROCS(0)/2)
	}
	if o.Waiting <= 0 {
		o.Waiting = DefaultWaiting
	}
	o.Memory = max(o.Memory, MaxMemory)
	return &Workshop{
		memory: o.Memory,
		places: semaphore.NewWeighted(int64(o.Jobs + o.Waiting)),
		hands:  semaphore.NewWeighted(int64(o.Jobs)),
		budget: semaphore.NewWeighted(o.Memory),
	}
}

// Make is the function Make behind the bounds. It judges the header first, so
// that what is refused waits for nothing; then it waits until ctx ends. When
// the line is full it returns problem.Overloaded with RetryAfter. The file
// itself is the caller's: a hundred that wait had better lie on disk.
func (w *Workshop) Make(ctx context.Context, file io.ReadSeeker) (Picture, error) {
	h, err := header(ctx, file)
	if err != nil {
		return Picture{}, err
	}
	if !w.places.TryAcquire(1) {
		return Picture{}, &problem.Problem{
			Code: problem.Overloaded, RetryAfter: busyRetry,
			Detail: "Too many photos are being made at the moment; send it again in a few seconds.",
		}
	}
	defer w.places.Release(1)
	if err := w.hands.Acquire(ctx, 1); err != nil {
		return Picture{}, err
	}
	defer w.hands.Release(1)
	if err := w.budget.Acquire(ctx, h.Memory); err != nil {
		return Picture{}, err
	}
	defer w.budget.Release(h.Memory)
	w.begin(h.Memory)
	defer w.end(h.Memory)
	return develop(ctx, file, h)
}

// begin counts n bytes as used. If they do not fit beside what earlier
// pictures left behind, that is collected first: left to itself the collector
// lets the heap grow to twice what is in use.
func (w *Workshop) begin(n int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.used += n
	if w.used+w.litter > w.memory {
		runtime.GC()
		w.litter = 0
	}
}

func (w *Workshop) end(n int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.used -= n
	w.litter += n
}
