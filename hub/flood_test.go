package hub_test

import (
	"bytes"
	"net"
	"testing"

	"lifecircle/hub/hubtest"
	"lifecircle/hub/wire"
)

// A client that sends WebSocket pings and reads no answers has one answer
// waiting: thousands of tiny ones would take far more than their bytes.
func TestFloodOfPings(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	s := startTCP(t, nil)
	var conn net.Conn
	c := s.join(ctx, t, hubtest.DialOptions{}, func(c net.Conn) net.Conn { conn = narrow(c); return conn })
	before := s.Stats().CommandsAnswered
	ping := append([]byte{0x89, 0x80 | 20, 0, 0, 0, 0}, make([]byte, 20)...) // masked
	if _, err := conn.Write(bytes.Repeat(ping, 20_000)); err != nil {
		t.Fatal(err)
	}
	if err := c.Send(ctx, &wire.Command{ID: 10, RPC: &wire.RPCRequest{Method: "echo", Data: []byte("1")}}); err != nil {
		t.Fatal(err)
	}
	for s.Stats().CommandsAnswered == before { // when it is, all pings have been read
		gosched()
	}
	if n := s.Stats().QueueBytes; n > 256 {
		t.Errorf("%d bytes wait for the client", n)
	}
}
