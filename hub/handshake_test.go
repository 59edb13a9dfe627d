package hub_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
)

const rawHandshake = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

// A client that shakes hands while all are told to go is told so, too.
func TestShutdownMeetsHandshakes(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	for range 25 {
		n, err := hub.New(hub.Options{Handler: hubtest.Open{}})
		if err != nil {
			t.Fatal(err)
		}
		runCtx, stop := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() { done <- n.Run(runCtx) }()
		srv := httptest.NewServer(n)
		var conns []net.Conn
		for range 20 {
			conn, err := new(net.Dialer).DialContext(ctx, "tcp", srv.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			conns = append(conns, conn)
		}
		var all sync.WaitGroup
		for _, conn := range conns {
			all.Go(func() {
				_, _ = fmt.Fprint(conn, rawHandshake)
				r := bufio.NewReader(conn)
				defer func() { _ = conn.Close() }()
				resp, err := http.ReadResponse(r, nil)
				if err != nil {
					return
				}
				_ = resp.Body.Close()
				if resp.StatusCode == http.StatusSwitchingProtocols {
					_, _ = r.ReadByte()
				}
			})
		}
		for n.Stats().Connects < 5 {
			gosched()
		}
		if err := n.Shutdown(ctx, 0); err != nil {
			t.Fatal(err)
		}
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		all.Wait()
		srv.Close()
	}
}
