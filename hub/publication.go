package hub

import (
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
	Data   json.RawMessage // one JSON value
	Key    string          // offset 0 only: in a slow client's queue a newer one replaces an older one of the same key
	At     time.Time       // when it was committed, for Options.Observe; zero if nobody knows
}

// ephemeral says that p is outside of any log: nobody can ask for it again, so it may be dropped.
func (p *Publication) ephemeral() bool { return p.Offset == 0 }
