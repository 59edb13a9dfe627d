package player

import "context"

// Run plays the plan. progress, which may be nil, is called once a second, never
// twice at once. When ctx ends the run stops early, settles, and the Result
// says "interrupted". An error means that the plan could not be carried out:
// nobody could connect, or it makes no sense; the Result is what there is.
func Run(ctx context.Context, p Plan, progress func(Snapshot)) (Result, error) {
	return Result{}, nil
}
