package hub_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/wire"
)

const (
	benchSockets = 1000
	benchWindow  = 8 // events under way
)

// BenchmarkDeliver publishes events of about 300 bytes to 1,000 sockets of this
// machine, which read as cheaply as they can. An operation is one event.
func BenchmarkDeliver(b *testing.B) {
	for p, name := range map[wire.Protocol]string{wire.JSON: "json", wire.Protobuf: "protobuf"} {
		b.Run(name, func(b *testing.B) { benchmarkDeliver(b, p) })
	}
}

func benchmarkDeliver(b *testing.B, p wire.Protocol) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	log := hubtest.NewLog("e")
	n := hubtest.RunNode(b, hub.Options{Handler: hubtest.Open{}, Log: log})
	srv := httptest.NewServer(n)
	defer srv.Close()
	var received atomic.Int64
	arrived := make(chan struct{}, 1)
	for range benchSockets {
		conn, err := dialRaw(ctx, srv.Listener.Addr().String(), p)
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		go count(conn, &received, arrived)
	}
	for n.Stats().Subscriptions < benchSockets {
		gosched()
	}
	data := `{"type":"post.created","mark":"#","text":"` + strings.Repeat("x", 250) + `"}`
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		for received.Load() < int64(i-benchWindow)*benchSockets {
			<-arrived
		}
		if err := n.Publish(ctx, "c", log.Append("c", data)); err != nil {
			b.Fatal(err)
		}
	}
	for received.Load() < int64(b.N)*benchSockets {
		<-arrived
	}
	deliveries := float64(b.N) * benchSockets
	b.ReportMetric(deliveries/b.Elapsed().Seconds(), "deliveries/s")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/deliveries, "ns/delivery")
}

// count counts the marks in what the socket sends.
func count(conn net.Conn, received *atomic.Int64, arrived chan<- struct{}) {
	buf := make([]byte, 16<<10)
	for {
		n, err := conn.Read(buf)
		received.Add(int64(bytes.Count(buf[:n], []byte("#"))))
		select {
		case arrived <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// dialRaw shakes hands, connects and subscribes without any library on the way back.
func dialRaw(ctx context.Context, addr string, p wire.Protocol) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	sub := map[wire.Protocol]string{wire.JSON: "centrifuge-json", wire.Protobuf: "centrifuge-protobuf"}[p]
	if _, err := fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: %s\r\n\r\n", sub); err != nil {
		return nil, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(io.LimitReader(conn, 4<<10)), nil)
	if err != nil {
		return nil, err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return nil, errors.New(resp.Status)
	}
	var frame []byte
	for _, cmd := range []*wire.Command{{ID: 1, Connect: &wire.ConnectRequest{}}, {ID: 2, Subscribe: &wire.SubscribeRequest{Channel: "c"}}} {
		msg, err := wire.AppendCommand(nil, p, cmd)
		if err != nil {
			return nil, err
		}
		frame = wire.Join(p, frame, msg)
	}
	head := []byte{0x81, 0x80 | byte(len(frame)), 0, 0, 0, 0}
	if p == wire.Protobuf {
		head[0] = 0x82
	}
	_, err = conn.Write(append(head, frame...))
	return conn, err
}
