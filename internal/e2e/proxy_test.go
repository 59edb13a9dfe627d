package e2e

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
)

// proxy stands between a client and a server and does to their connections
// what bad networks do. It ends with its test.
type proxy struct {
	listener net.Listener
	dial     func() (net.Conn, error)

	wg    sync.WaitGroup
	mu    sync.Mutex                               // guards what follows
	back  func(dst io.Writer, src io.Reader) error // carries what the server says, on new connections; nil: a copy
	forth func(dst io.Writer, src io.Reader) error // the same of what the client says
	conns map[net.Conn]struct{}
	away  bool // new connections are cut at once
	cuts  int  // connections that were cut
}

// startProxy listens and passes everything on to the server.
func startProxy(t testing.TB, network, address string) *proxy {
	t.Helper()
	return startProxyTo(t, func() (net.Conn, error) { return net.Dial(network, address) })
}

// startProxyTo does so with a server for each connection.
func startProxyTo(t testing.TB, dial func() (net.Conn, error)) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, dial: dial, conns: map[net.Conn]struct{}{}}
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		_ = l.Close()
		p.setAway(true)
		p.wg.Wait()
	})
	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		p.wg.Go(func() { p.serve(client) })
	}
}

func (p *proxy) serve(client net.Conn) {
	defer p.cutOff(client)
	server, err := p.dial()
	if err != nil {
		return
	}
	defer p.cutOff(server)
	back, forth, ok := p.know(client, server)
	if !ok {
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = back(client, server) // ends with either side
		p.cutOff(client)
		p.cutOff(server)
	})
	_ = forth(server, client)
	p.cutOff(client)
	p.cutOff(server)
	wg.Wait()
}

// know keeps the pair for cut, and says how to carry what the server and the
// client say. It returns false while the network is away.
func (p *proxy) know(pair ...net.Conn) (back, forth func(dst io.Writer, src io.Reader) error, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range pair {
		p.conns[c] = struct{}{}
	}
	whole := func(dst io.Writer, src io.Reader) error { _, err := io.Copy(dst, src); return err }
	if back = p.back; back == nil {
		back = whole
	}
	if forth = p.forth; forth == nil {
		forth = whole
	}
	return back, forth, !p.away
}

// cutSent makes each new connection end after as many bytes from the client as
// next says; nil: none ends.
func (p *proxy) cutSent(next func() int64) {
	if next == nil {
		p.carrySent(nil)
		return
	}
	p.carrySent(func(dst io.Writer, src io.Reader) error { _, err := io.CopyN(dst, src, next()); return err })
}

// carrySent sets how new connections carry what the client says; nil: as it is.
func (p *proxy) carrySent(forth func(dst io.Writer, src io.Reader) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forth = forth
}

// carry sets how new connections carry what the server says; nil: as it is.
func (p *proxy) carry(back func(dst io.Writer, src io.Reader) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.back = back
}

// cutOff ends a connection without the usual farewell.
func (p *proxy) cutOff(c net.Conn) {
	p.mu.Lock()
	delete(p.conns, c)
	p.mu.Unlock()
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close() // may be closed already
}

// cut ends all connections that there are.
func (p *proxy) cut() {
	p.mu.Lock()
	conns := make([]net.Conn, 0, len(p.conns))
	for c := range p.conns {
		conns = append(conns, c)
	}
	p.cuts += len(conns) / 2
	p.mu.Unlock()
	for _, c := range conns {
		p.cutOff(c)
	}
}

// setAway takes the network away, with all connections, or gives it back.
func (p *proxy) setAway(away bool) {
	p.mu.Lock()
	p.away = away
	p.mu.Unlock()
	if away {
		p.cut()
	}
}

func (p *proxy) cutCount() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

// cutAfter makes each new connection end in the middle of a frame, after as many
// bytes from the server as next says.
func (p *proxy) cutAfter(next func() int64) {
	p.carry(func(dst io.Writer, src io.Reader) error {
		_, err := io.CopyN(dst, src, next())
		if err == nil {
			p.mu.Lock()
			p.cuts++
			p.mu.Unlock()
			err = errors.New("cut")
		}
		return err
	})
}

// hang takes everything in and says nothing.
func hang(_ io.Writer, src io.Reader) error {
	_, err := io.Copy(io.Discard, src)
	return err
}
