package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// A client may ask for another distance of pings, within limits.
func TestPingsAsTheClientWishes(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	for query, want := range map[string]int{"": 25, "?ping=60": 60, "?ping=240": 240, "?ping=3": 10, "?ping=9999": 240, "?ping=often": 25, "?ping=-60": 25} {
		conn, _, err := websocket.Dial(t.Context(), s.socketURL()+query, nil) //nolint:bodyclose // the library closes it
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.CloseNow() }()
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(`{"id":1,"connect":{}}`)); err != nil {
			t.Fatal(err)
		}
		var reply struct {
			Connect struct {
				Ping int
				Pong bool
			}
		}
		_, raw, err := conn.Read(t.Context())
		if err == nil {
			err = json.Unmarshal(raw, &reply)
		}
		if err != nil || reply.Connect.Ping != want || !reply.Connect.Pong {
			t.Errorf("%q: ping %d, want %d: %s, %v", query, reply.Connect.Ping, want, raw, err)
		}
	}
}

// Who offers permessage-deflate, as the SDK's socket in Node and browsers do,
// gets less; but for who wishes otherwise.
func TestCompressionAsTheClientWishes(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	eachProtocol(t, func(t *testing.T, protocol string) {
		cost := func(query string) int64 {
			p := newPhone(t, s.as(t), 0, query, protocol)
			before := p.line.down.Load()
			for _, text := range texts(10) {
				p.write(text + strings.Repeat(" 校园生活 and much more of the same", 20))
			}
			p.awaitPost(p.want[len(p.want)-1])
			p.wantPosts(p.want)
			return p.line.down.Load() - before
		}
		compressed, plain := cost(""), cost("?compression=off")
		t.Logf("10 posts are %d bytes, %d compressed", plain, compressed)
		if compressed > plain/2 {
			t.Errorf("10 posts are %d bytes, %d compressed", plain, compressed)
		}
	})
}

// What a phone that looks at a circle in which nothing happens costs its owner.
// Headers are an estimate: of IPv4 and TCP with timestamps, for a ping, a pong
// that acknowledges it, and the pong's own acknowledgement.
const (
	headerBytes    = 20 + 32
	packetsPerPing = 3
	bytesPerPing   = 16 // of WebSocket and our protocol, at most, both ways
)

func TestBytesOfAnIdleHour(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, protocol string) {
		p := newPhone(t, shared.get(t), 0, quickPing, protocol)
		p.awaitWhere("the number of viewers", func(e sdkEvent) bool { return e.kind() == "viewers" })
		p.awaitPong(p.line.up.Load())
		before, up := p.line.total(), p.line.up.Load()
		p.awaitPong(up)
		each := p.line.total() - before
		for _, seconds := range []int64{25, 240} {
			pings := 3600 / seconds
			t.Logf("%d bytes a ping; an idle hour with one in %d s: %d bytes, with headers about %d",
				each, seconds, each*pings, (each+packetsPerPing*headerBytes)*pings)
		}
		if each == 0 || each > bytesPerPing {
			t.Errorf("%d bytes a ping", each)
		}
	})
}

// awaitPong waits until the client has said more than so many bytes: idle, it
// answers pings only.
func (p *phone) awaitPong(said int64) {
	p.s.t.Helper()
	for deadline := time.Now().Add(patience); p.line.up.Load() == said; time.Sleep(pollEvery) {
		if time.Now().After(deadline) {
			p.s.t.Fatal("the client says nothing")
		}
	}
}
