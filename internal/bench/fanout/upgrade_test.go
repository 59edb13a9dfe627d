package fanout

import (
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// upgrade is what a storm costs at least in Go: net/http, a hijack, the answer
// 101, and a goroutine that notices the end.
type upgrade struct {
	listener net.Listener
	open     atomic.Int64
}

func newUpgrade() (*upgrade, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	u := &upgrade{listener: l}
	server := &http.Server{Handler: u, ReadHeaderTimeout: 10 * time.Second}
	go fail(func() error { return server.Serve(l) })
	return u, nil
}

func (u *upgrade) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	answer := upgradeAnswer(r.Header.Get("Sec-WebSocket-Key"), r.Header.Get("Sec-WebSocket-Protocol"))
	if _, err := conn.Write(answer); err != nil {
		_ = conn.Close()
		return
	}
	u.open.Add(1)
	go func() {
		_, _ = conn.Read(make([]byte, 1))
		_ = conn.Close()
		u.open.Add(-1)
	}()
}

func (u *upgrade) addr() string                   { return u.listener.Addr().String() }
func (u *upgrade) clients() int                   { return int(u.open.Load()) }
func (*upgrade) logReads() int                    { return 0 }
func (*upgrade) publish(_ string, _ []byte) error { return nil }
func (*upgrade) flush() error                     { return nil }
