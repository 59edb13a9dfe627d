package player

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testTime = 20 * time.Second // for a test that hangs

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testTime)
	t.Cleanup(cancel)
	return ctx
}

func eachProtocol(t *testing.T, test func(t *testing.T, p wire.Protocol)) {
	t.Helper()
	for p, name := range map[wire.Protocol]string{wire.JSON: "json", wire.Protobuf: "protobuf"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, p)
		})
	}
}

// listen serves h on a real port.
func listen(t *testing.T, h http.Handler) (url string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return "ws" + strings.TrimPrefix(s.URL, "http") + "/connection/websocket"
}

// honest is a hub that keeps its promises, and takes posts.
type honest struct {
	hubtest.Open
	*hub.Node
	log   *hubtest.Log
	url   string
	order sync.Mutex // appended and published in one order
	posts int
}

func newHonest(t *testing.T, change func(*hub.Options)) *honest {
	t.Helper()
	h := &honest{log: hubtest.NewLog("e")}
	o := hub.Options{Handler: h, Log: h.log, Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&o)
	}
	h.Node = hubtest.RunNode(t, o)
	h.url = listen(t, h.Node)
	return h
}

func (h *honest) publish(ctx context.Context, channel, data string) error {
	h.order.Lock()
	defer h.order.Unlock()
	return h.Publish(ctx, channel, h.log.Append(channel, data))
}

// RPC serves post, like and unlike. Every fourth post is too much.
func (h *honest) RPC(ctx context.Context, _ *hub.Client, method string, data []byte) ([]byte, error) {
	var in struct {
		Circle string `json:"circle_id"`
		Text   string
	}
	switch err := json.Unmarshal(data, &in); {
	case err != nil:
		return nil, err
	case method == "like" || method == "unlike":
		return data, nil
	case method != "post":
		return nil, hub.ErrMethodNotFound
	}
	h.order.Lock()
	h.posts++
	n := h.posts
	h.order.Unlock()
	if n%4 == 0 {
		return nil, hub.ErrTooManyRequests
	}
	return data, h.publish(ctx, "circle:"+in.Circle, string(data))
}

// fake is a server that does what a test tells it, whatever that is worth.
type fake struct {
	mu      sync.Mutex
	sockets []*fakeSocket
	reply   func(r *wire.SubscribeRequest) *wire.SubscribeResult
	joined  chan *wire.SubscribeRequest
	connect wire.Reply // without its id
	url     string
}

type fakeSocket struct {
	mu sync.Mutex
	ws *websocket.Conn
}

func (s *fakeSocket) send(ctx context.Context, msg []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ws.Write(ctx, websocket.MessageText, msg)
}

// newFake answers subscribes with reply; without one it refuses to connect.
func newFake(t *testing.T, reply func(r *wire.SubscribeRequest) *wire.SubscribeResult) *fake {
	t.Helper()
	f := &fake{reply: reply, joined: make(chan *wire.SubscribeRequest, 100)}
	if reply == nil {
		f.connect.Error = &wire.Error{Code: 107, Message: "no"}
	} else {
		f.connect.Connect = &wire.ConnectResult{Client: "x", Version: "1"}
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	f.url = listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"centrifuge-json"}})
		if err != nil {
			return
		}
		defer func() { _ = ws.CloseNow() }()
		s := &fakeSocket{ws: ws}
		for err == nil {
			err = f.serve(ctx, s)
		}
	}))
	return f
}

func (f *fake) serve(ctx context.Context, s *fakeSocket) error {
	_, frame, err := s.ws.Read(ctx)
	if err != nil {
		return err
	}
	cmds, err := wire.Decode(wire.JSON, frame, wire.DecodeLimits{})
	if err != nil {
		return err
	}
	for _, cmd := range cmds {
		r := wire.Reply{ID: cmd.ID}
		switch {
		case cmd.Connect != nil:
			r.Connect, r.Error = f.connect.Connect, f.connect.Error
		case cmd.Subscribe != nil:
			r.Subscribe = f.reply(cmd.Subscribe)
		default:
			return errors.New("unexpected")
		}
		msg, err := wire.AppendReply(nil, wire.JSON, &r)
		if err != nil {
			return err
		}
		if err := s.send(ctx, msg); err != nil {
			return err
		}
		if cmd.Subscribe != nil {
			f.mu.Lock()
			f.sockets = append(f.sockets, s)
			f.mu.Unlock()
			f.joined <- cmd.Subscribe
		}
	}
	return nil
}

// say sends a publication to the first who came, whoever that is.
func (f *fake) say(ctx context.Context, t *testing.T, offset uint64) {
	t.Helper()
	f.mu.Lock()
	s := f.sockets[0]
	f.mu.Unlock()
	msg, err := wire.AppendPush(nil, wire.JSON, &wire.Push{Channel: "c", Pub: &wire.Publication{Offset: offset, Data: []byte(`{}`)}})
	if err == nil {
		err = s.send(ctx, msg)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func newCrowd(t *testing.T, o CrowdOptions) *Crowd {
	t.Helper()
	if o.Reconnect.Min == 0 {
		o.Reconnect = Backoff{Min: 10 * time.Millisecond, Max: 100 * time.Millisecond}
	}
	c, err := NewCrowd(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(nil) })
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// names is a source of tokens for hubtest.Open.
func names(_ context.Context, i int) (string, error) { return "user" + string(rune('a'+i%26)), nil }
