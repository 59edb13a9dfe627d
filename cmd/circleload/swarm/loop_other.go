//go:build !linux

package swarm

// portable says that every connection is a stream.
const portable = true

// loop is a number only, where there is no epoll.
type loop struct{ done chan struct{} }

func newLoop(*Swarm, int) (*loop, error) { return &loop{done: make(chan struct{})}, nil }

func (l *loop) run()                     { <-l.done }
func (l *loop) stop()                    { close(l.done) }
func (l *loop) begin(*Conn, route) error { return ErrClosed }
