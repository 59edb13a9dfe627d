package circlelog

import "lifecircle/internal/id"

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
}
