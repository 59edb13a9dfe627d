package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

const httpGrace = 10 * time.Second // for requests under way, once the sockets are gone

// serve runs an HTTP server as a part that ends when its requests are answered.
func (a *App) serve(ctx context.Context, p part, srv *http.Server, l net.Listener) {
	var fresh newConns
	srv.ConnState = fresh.note
	p.run = func(context.Context) error {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}
	p.end = func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, httpGrace)
		defer cancel()
		srv.RegisterOnShutdown(fresh.close)
		if err := srv.Shutdown(ctx); err != nil {
			a.Log.Warn("requests were cut off", "server", p.name, "err", err)
			return srv.Close()
		}
		return nil
	}
	a.parts.start(ctx, p)
}

// newConns are the connections that have not sent anything yet, as browsers
// open them ahead of need. http.Server.Shutdown would wait 5 s for them.
type newConns struct {
	mu    sync.Mutex // guards the following
	conns map[net.Conn]struct{}
}

func (n *newConns) note(c net.Conn, state http.ConnState) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if state != http.StateNew {
		delete(n.conns, c)
		return
	}
	if n.conns == nil {
		n.conns = map[net.Conn]struct{}{}
	}
	n.conns[c] = struct{}{}
}

func (n *newConns) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.conns {
		_ = c.Close() // it is not used, and its own goroutine notices
	}
}
