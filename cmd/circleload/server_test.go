package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/wire"
)

// publication is what a publish API takes.
type publication struct {
	Channel string          `json:"channel"`
	Data    json.RawMessage `json:"data"`
}

// honest is a hub that keeps its promises, with a publish API.
func honest(t *testing.T) *httptest.Server {
	t.Helper()
	log := hubtest.NewLog("1")
	node := hubtest.RunNode(t, hub.Options{Handler: hubtest.Open{}, Log: log})
	var order sync.Mutex // appended and published in one order
	return serve(t, node, func(ctx context.Context, p publication) error {
		order.Lock()
		defer order.Unlock()
		return node.Publish(ctx, p.Channel, log.Append(p.Channel, string(p.Data)))
	})
}

func serve(t *testing.T, sockets http.Handler, publish func(context.Context, publication) error) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/connection/websocket", sockets)
	mux.HandleFunc("POST /api/publish", func(w http.ResponseWriter, r *http.Request) {
		var p publication
		if err := json.NewDecoder(r.Body).Decode(&p); err != nil || r.Header.Get("X-API-Key") != "k" {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		if err := publish(r.Context(), p); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write([]byte(`{"result":{}}`))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// against are the flags for such a server.
func against(server *httptest.Server) []string {
	return []string{
		"--socket-url=ws" + strings.TrimPrefix(server.URL, "http") + "/connection/websocket",
		"--publish-url=" + server.URL + "/api/publish", "--publish-header=X-API-Key: k",
	}
}

// liar is a server that delivers offsets as lie says: for the true offset of a
// publication, the ones that each subscriber gets.
type liar struct {
	lie  func(offset uint64) []uint64
	mu   sync.Mutex // guards the rest
	tops map[string]uint64
	subs map[string][]chan<- []byte
}

func dishonest(t *testing.T, lie func(uint64) []uint64) *httptest.Server {
	t.Helper()
	l := &liar{lie: lie, tops: make(map[string]uint64), subs: make(map[string][]chan<- []byte)}
	return serve(t, l, l.publish)
}

func (l *liar) publish(_ context.Context, p publication) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tops[p.Channel]++
	for _, offset := range l.lie(l.tops[p.Channel]) {
		frame, err := wire.AppendPush(nil, wire.JSON, &wire.Push{Channel: p.Channel, Pub: &wire.Publication{Offset: offset, Data: p.Data}})
		if err != nil {
			return err
		}
		for _, sub := range l.subs[p.Channel] {
			sub <- frame
		}
	}
	return nil
}

const room = 10_000 // frames for one subscriber: more than any test sends

func (l *liar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"centrifuge-json"}})
	if err != nil {
		return
	}
	defer func() { _ = c.CloseNow() }()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	frames := make(chan []byte, room)
	go func() { // ends with the handler
		defer cancel()
		for {
			select {
			case frame := <-frames:
				if c.Write(ctx, websocket.MessageText, frame) != nil {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		_, in, err := c.Read(ctx)
		if err != nil {
			return
		}
		commands, err := wire.Decode(wire.JSON, in, wire.DecodeLimits{})
		if err != nil {
			return
		}
		for i := range commands {
			if !l.answer(&commands[i], frames) {
				return
			}
		}
	}
}

func (l *liar) answer(c *wire.Command, frames chan<- []byte) bool {
	reply := wire.Reply{ID: c.ID}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case c.Connect != nil:
		reply.Connect = &wire.ConnectResult{Client: "c", Version: "liar"}
	case c.Subscribe != nil:
		name := c.Subscribe.Channel
		reply.Subscribe = &wire.SubscribeResult{Positioned: true, Recoverable: true, Epoch: "1", Offset: l.tops[name]}
		l.subs[name] = append(l.subs[name], frames)
	default:
		return true
	}
	frame, err := wire.AppendReply(nil, wire.JSON, &reply)
	if err != nil {
		return false
	}
	frames <- frame
	return true
}
