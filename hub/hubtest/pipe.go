package hubtest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// Server serves a handler over in-memory connections. Nothing is buffered
// between the two ends, so a client that does not read is slow at once; and
// there are no file descriptors, so it works in testing/synctest.
type Server struct {
	http     *http.Client
	listener *listener
}

// Listen serves h until the test ends.
func Listen(t testing.TB, h http.Handler) *Server {
	t.Helper()
	l := &listener{conns: make(chan net.Conn), closed: make(chan struct{})}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return l.dial(ctx) }}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l) // ends with ErrServerClosed
	}()
	t.Cleanup(func() {
		_ = srv.Close()
		transport.CloseIdleConnections()
		<-done
	})
	return &Server{http: &http.Client{Transport: transport}, listener: l}
}

// HTTP is a client whose requests all go to the handler.
func (s *Server) HTTP() *http.Client { return s.http }

// Dial shakes hands with the handler. The connection is closed when the test ends.
func (s *Server) Dial(ctx context.Context, t testing.TB, o DialOptions) *Client {
	t.Helper()
	o.HTTP = s.http
	c, err := Dial(ctx, "http://pipe/connection/websocket?"+o.Query, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// listener hands one end of a pipe to whoever accepts.
type listener struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

var errListenerClosed = errors.New("the listener is closed")

func (l *listener) dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
		return nil, errListenerClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *listener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }
