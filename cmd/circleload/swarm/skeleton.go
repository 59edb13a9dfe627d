package swarm

// Swarm is a set of connections.
type Swarm struct{ opts Options }

// New starts the loops. Close must follow.
func New(o Options) (*Swarm, error) { return &Swarm{opts: o}, nil }

// Close aborts every connection and ends every goroutine; it returns when all
// calls of the Handler have returned. Do not call it from the Handler.
func (s *Swarm) Close() {}

// Stats tells what went through the swarm. It is cheap, and exact only when nothing moves.
func (s *Swarm) Stats() Stats { return Stats{} }

// Loops is how many goroutines call the Handler at once over epoll; Conn.Loop
// is below it. With goroutine-per-socket connections more may.
func (s *Swarm) Loops() int { return 1 }

// Open begins a connection and returns at once; only the first lookup of a
// host's name waits. opened is called exactly once, before any call of the
// Handler for the connection, from the goroutine that reads it, or from Open
// itself if the attempt fails at once. The Conn given back is good for Abort
// while the attempt is under way.
func (s *Swarm) Open(t Target, opened func(c *Conn, err error)) *Conn { return nil }

// Loop tells which of the swarm's loops reads the connection: calls of the
// Handler with the same number never overlap, so it can choose a shard of counters.
func (c *Conn) Loop() int { return 0 }

// SendText sends a text message. It fails with ErrFull or ErrClosed, or because
// the connection broke; it never blocks.
func (c *Conn) SendText(message []byte) error { return nil }

// SendBinary is SendText for a binary message.
func (c *Conn) SendBinary(message []byte) error { return nil }

// Close says goodbye with a close frame; Closed comes with the peer's answer, or after Options.CloseTimeout.
func (c *Conn) Close(code int, reason string) {}

// Abort cuts the connection with RST, and drops what was not read. Closed
// follows with ErrAborted; a message being handled is not interrupted.
func (c *Conn) Abort() {}

// Pause stops reading, so that the peer's bytes fill the kernel's buffers and
// then the peer's. A connection that broke is read to its end even so.
func (c *Conn) Pause() {}

// Resume goes on reading.
func (c *Conn) Resume() {}

// ResumeFor goes on reading for at most n bytes more, and pauses again: a client on a slow line.
func (c *Conn) ResumeFor(n int) {}
