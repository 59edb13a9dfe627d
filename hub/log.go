package hub

import "context"

// Log is the history of positioned channels, the truth that brokers only
// announce. Its methods are called from many goroutines.
//
// Both must see everything that was published before they were called: read
// from the primary, not from a replica. An epoch must not be "_", which clients
// send to say that theirs is no longer valid.
type Log interface {
	// Read returns publications and the log's top at one moment. Forward: those after q.Since, oldest first, or
	// from the start kept if Since is nil. Reverse: those before q.Since (from the top if nil), newest first.
	// At most q.Limit and at most q.MaxBytes of data (but at least one); Limit 0 asks for the top only.
	Read(ctx context.Context, channel string, q ReadQuery) ([]Publication, Position, error)
	// Heads returns the tops of the channels in one go; an unknown channel is left out.
	Heads(ctx context.Context, channels []string) (map[string]Position, error)
}

// ReadQuery says which part of a log to read.
type ReadQuery struct {
	Since    *uint64
	Limit    int
	MaxBytes int
	Reverse  bool
}
