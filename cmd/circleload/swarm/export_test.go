package swarm

import (
	"time"
	"unsafe"
)

// AcceptOf is for test servers that shake hands by hand.
var AcceptOf = acceptOf

// AppendFrame is what a client sends.
var AppendFrame = appendFrame

// IdleBytes is what an open connection holds while nothing happens; it fails when it holds more than its structs.
func IdleBytes(c *Conn) (size uintptr, slim bool) {
	return unsafe.Sizeof(*c) + 32 /* of the socket */, c.shake == nil && c.partial == nil && c.fragments == nil && c.out == nil
}

// Feeder feeds a connection that has no socket.
type Feeder struct {
	c *Conn
	w workspace
}

// NewFeeder returns one whose messages go to h.
func NewFeeder(h Handler, limit int) *Feeder {
	s := &Swarm{opts: Options{Handler: h, MessageBytes: limit, SendBytes: 1 << 20}}
	return &Feeder{c: &Conn{swarm: s, stage: open, compressed: true}}
}

// Feed gives it b after what is kept of earlier calls.
func (f *Feeder) Feed(b []byte) error {
	rest, err := f.c.feed(&f.w, append(f.c.partial, b...), time.Time{})
	f.c.partial = append([]byte(nil), rest...)
	return err
}
