package socketapi

import (
	"context"
	"sync/atomic"

	"lifecircle/feed"
	"lifecircle/internal/id"
)

// countingFeed counts the reads that subscribing causes.
type countingFeed struct {
	*feed.Service
	reads atomic.Int64
}

func (f *countingFeed) CircleState(ctx context.Context, circle id.ID, viewers []id.ID) (*feed.CircleState, error) {
	f.reads.Add(1)
	return f.Service.CircleState(ctx, circle, viewers)
}
