package circlelog

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/trace"

	"lifecircle/internal/id"
)

// Position names a place in a circle's log: everything up to Offset, in the
// log that Epoch names.
type Position struct {
	Offset uint64 `json:"offset"`
	Epoch  string `json:"epoch"`
}

// Event is one entry of a circle's log. Offsets of a circle are 1, 2, 3 ...
// without holes.
type Event struct {
	Circle id.ID
	Offset uint64
	Epoch  string
	Data   []byte // the publication as sent: one line of JSON

	// What the node that wrote the event knows of it; zero if it was read from
	// the log. At is when its commit was answered, by that node's clock: an age
	// taken on another node is wrong by what their clocks differ.
	At    time.Time
	Cause trace.SpanContext // the commit, if that is traced
}

// Traced returns ctx as a part of the event's trace, if it has one.
func (e Event) Traced(ctx context.Context) context.Context {
	if !e.Cause.IsValid() {
		return ctx
	}
	return trace.ContextWithSpanContext(ctx, e.Cause)
}
