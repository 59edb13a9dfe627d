package hub

import "context"

// Broker carries publications between nodes. It may lose, double and reorder
// them: the log mends what a broker loses. Its methods are called from many
// goroutines, for one channel never Subscribe and Unsubscribe at once.
type Broker interface {
	// Run delivers to sink until ctx ends.
	Run(ctx context.Context, sink Sink) error
	// Subscribe makes the node receive the channel's publications. When it returns nil, those published
	// afterwards will be received unless the connection is lost (then Sink.Lost follows). An error does not fail
	// the client's subscription: the log delivers, and the next subscriber tries again.
	Subscribe(ctx context.Context, channel string) error
	Unsubscribe(ctx context.Context, channel string) error
	// Publish announces p to all nodes, this one included.
	Publish(ctx context.Context, channel string, p Publication) error
}

// Sink takes what a broker delivers. Its methods do not block.
type Sink interface {
	Receive(channel string, p Publication)
	Lost() // publications may have been missed; the subscriptions stand again
}
