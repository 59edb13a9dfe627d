package hub

import (
	"context"
	"encoding/json"
	"time"
)

// Position names a place in a channel's log: everything up to Offset, in the
// log that Epoch names.
type Position struct {
	Offset uint64
	Epoch  string
}

// Publication is one message of a channel.
type Publication struct {
	Offset uint64          // 1, 2, 3 ... in the channel's log; 0: outside of it, may be dropped
	Epoch  string          // of the log; empty with offset 0
	Data   json.RawMessage // one JSON value on one line
	Key    string          // offset 0 only: in a slow client's queue a newer one replaces an older one of the same key
}

// Log is the history of positioned channels, the truth that brokers only
// announce. Its methods are called from many goroutines.
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

// Broker carries publications between nodes. It may lose, double and reorder
// them: the log mends what a broker loses.
type Broker interface {
	// Run delivers to sink until ctx ends.
	Run(ctx context.Context, sink Sink) error
	// Subscribe makes the node receive the channel's publications. When it
	// returns nil, those published afterwards will be received unless the connection is lost (then Sink.Lost follows).
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

// Handler is what the application decides. Errors: *Error refuses the command,
// *Disconnect closes the connection, anything else is logged and becomes error 100.
type Handler interface {
	Connect(ctx context.Context, c *Client, r ConnectRequest) (ConnectReply, error)
	Refresh(ctx context.Context, c *Client, token string) (RefreshReply, error)
	Subscribe(ctx context.Context, c *Client, r SubscribeRequest) (SubscribeReply, error)
	// History authorises reading a channel's log by a client that may not be subscribed.
	History(ctx context.Context, c *Client, channel string) error
	// RPC serves a method of the application.
	RPC(ctx context.Context, c *Client, method string, data []byte) ([]byte, error)
}

type ConnectRequest struct {
	Token, Name, Version string
	Data                 json.RawMessage
}
type ConnectReply struct {
	User      string    // empty: a guest
	ExpiresAt time.Time // zero: never; else the client must refresh
	Data      json.RawMessage
	Channels  []string // server-side subscriptions, unrecoverable
}
type RefreshReply struct{ ExpiresAt time.Time }
type SubscribeRequest struct {
	Channel, Token string
	Data           json.RawMessage
}
type SubscribeReply struct {
	Data       json.RawMessage
	Positioned bool // history from Options.Log, recovery
	Presence   bool // presence and presence_stats are served
}
