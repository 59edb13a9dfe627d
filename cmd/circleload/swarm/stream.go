package swarm

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

const streamBuffer = 4 << 10 // of each stream; it grows to the largest frame

// streams are the connections that have a goroutine each.
type streams struct {
	swarm *Swarm
	wg    sync.WaitGroup // all goroutines

	mu      sync.Mutex // guards what follows
	all     map[*stream]struct{}
	done    chan struct{} // nil until the first stream
	stopped bool
}

// begin connects in a goroutine.
func (g *streams) begin(c *Conn, r route) error {
	ctx, cancel := context.WithCancel(context.Background())
	s := &stream{conn: c, group: g, route: r, ctx: ctx, cancel: cancel}
	s.resumed.L = &c.mu
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped {
		cancel()
		return ErrClosed
	}
	if g.done == nil {
		g.done, g.all = make(chan struct{}), make(map[*stream]struct{})
		g.wg.Go(g.sweep)
	}
	g.all[s] = struct{}{}
	c.link = s
	g.wg.Go(s.run)
	return nil
}

func (g *streams) list() []*stream {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := make([]*stream, 0, len(g.all))
	for s := range g.all {
		list = append(list, s)
	}
	return list
}

// sweep cuts the connections whose peers did not answer in time.
func (g *streams) sweep() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-g.done:
			return
		case now := <-tick.C:
			for _, s := range g.list() {
				if at := s.conn.deadline.Load(); at != 0 && at < now.UnixNano() {
					s.late.Do(func() { s.cause = ErrTimeout })
					s.cut()
				}
			}
		}
	}
}

func (g *streams) stop() {
	g.mu.Lock()
	g.stopped = true
	if g.done != nil {
		close(g.done)
	}
	g.mu.Unlock()
	for _, s := range g.list() {
		s.conn.Abort()
	}
	g.wg.Wait()
}

// stream is a link with goroutines: one that reads, and one that writes while
// there is something to write.
type stream struct {
	conn   *Conn
	group  *streams
	route  route
	ctx    context.Context // ends the dialling: the life of the connection is the point
	cancel context.CancelFunc
	late   sync.Once
	cause  error // set through late, before cut

	// Guarded by conn.mu.
	resumed  sync.Cond
	net      net.Conn // nil until connected
	writing  bool
	finished bool
}

// run is the life of the connection.
func (s *stream) run() {
	err := s.live()
	c := s.conn
	s.late.Do(func() {})
	switch {
	case s.cause != nil:
		err = s.cause
	case c.aborted.Load():
		err = ErrAborted
	}
	c.complain(err)
	c.mu.Lock()
	s.finished = true
	c.mu.Unlock()
	s.cut()
	s.group.mu.Lock()
	delete(s.group.all, s)
	s.group.mu.Unlock()
	c.finish(err)
}

// live connects, and reads until an error.
func (s *stream) live() error {
	nc, err := s.dial()
	if err != nil {
		return err
	}
	c := s.conn
	c.mu.Lock()
	s.net = nc
	c.out = c.shake.request
	s.watch()
	c.mu.Unlock()
	if s.ctx.Err() != nil {
		_ = nc.Close()
		return ErrAborted
	}
	c.stage = shaking
	var w workspace
	buf, kept := make([]byte, streamBuffer), 0
	for {
		allowed, grant, ok := s.mayRead()
		if !ok {
			return ErrAborted
		}
		if kept == len(buf) {
			buf = append(buf, make([]byte, len(buf))...)
		}
		into := buf[kept:]
		if allowed > 0 && int64(len(into)) > allowed {
			into = into[:allowed]
		}
		n, err := nc.Read(into)
		if n > 0 {
			c.swarm.bytesIn.Add(int64(n))
			c.spend(allowed, grant, n)
			rest, err := c.feed(&w, buf[:kept+n], time.Now())
			if err != nil {
				return err
			}
			kept = copy(buf, rest)
		}
		switch {
		case errors.Is(err, io.EOF):
			return errEnded
		case err != nil:
			return fmt.Errorf("read: %w", err)
		}
	}
}

// mayRead waits while the connection is paused.
func (s *stream) mayRead() (allowed int64, grant uint32, ok bool) {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	for s.conn.allowed.Load() == 0 && s.ctx.Err() == nil {
		s.resumed.Wait()
	}
	return s.conn.allowed.Load(), s.conn.grants, s.ctx.Err() == nil
}

func (s *stream) dial() (net.Conn, error) {
	d := net.Dialer{}
	if source := s.route.source(0); source.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))
	}
	nc, err := d.DialContext(s.ctx, "tcp", s.route.to.String())
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	if tcp, ok := nc.(*net.TCPConn); ok && s.route.receiveBytes > 0 {
		_ = tcp.SetReadBuffer(s.route.receiveBytes)
	}
	if !s.route.tls {
		return nc, nil
	}
	config := s.group.swarm.opts.TLS.Clone()
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if config.ServerName == "" {
		config.ServerName = s.route.host
	}
	secure := tls.Client(nc, config)
	if err := secure.HandshakeContext(s.ctx); err != nil {
		_ = nc.Close()
		return nil, fmt.Errorf("handshake of TLS: %w", err)
	}
	return secure, nil
}

// write implements link: all is left to the goroutine that writes.
func (s *stream) write([]byte) (int, error) { return 0, nil }

// watch implements link.
func (s *stream) watch() {
	s.resumed.Broadcast()
	if s.net != nil && len(s.conn.out) > 0 && !s.writing && !s.finished {
		s.writing = true
		s.group.wg.Go(s.drain) // run has not ended, so nobody waits for the group in vain
	}
}

// drain writes until there is nothing left to write.
func (s *stream) drain() {
	for {
		s.conn.mu.Lock()
		b := s.conn.out
		s.conn.out = nil
		s.writing = len(b) > 0
		s.conn.mu.Unlock()
		if len(b) == 0 {
			return
		}
		n, err := s.net.Write(b)
		s.conn.swarm.bytesOut.Add(int64(n))
		if err != nil {
			s.cut() // the goroutine that reads finds out
			return
		}
	}
}

// cut implements link.
func (s *stream) cut() {
	s.cancel()
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	s.resumed.Broadcast()
	if s.net == nil {
		return
	}
	raw := s.net
	if secure, ok := raw.(*tls.Conn); ok {
		raw = secure.NetConn()
	}
	if tcp, ok := raw.(*net.TCPConn); ok && s.conn.aborted.Load() {
		_ = tcp.SetLinger(0)
	}
	_ = raw.Close()
}
