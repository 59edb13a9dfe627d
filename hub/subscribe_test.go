package hub_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/wire"
)

func TestSubscribeAndReceive(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, p wire.Protocol) {
		ctx := deadline(t)
		s := start(t, nil)
		s.append(ctx, t, "c", `"before"`)
		c := s.connected(ctx, t, p, "")
		r, err := c.Subscribe(ctx, "c")
		if err != nil {
			t.Fatal(err)
		}
		if !r.Positioned || !r.Recoverable || r.Epoch != "e" || r.Offset != 1 || r.WasRecovering || r.Recovered || len(r.Publications) > 0 {
			t.Errorf("reply %+v", r)
		}
		for range 5 {
			s.append(ctx, t, "c", `{"n":1}`)
		}
		expectOffsets(ctx, t, c, 2, 6)
		if err := s.Publish(ctx, "c", hub.Publication{Data: []byte(`{"type":"counts"}`), Key: "k"}); err != nil {
			t.Fatal(err)
		}
		expectOffsets(ctx, t, c, 0, 0)
		if _, err := c.Call(ctx, &wire.Command{Unsubscribe: &wire.UnsubscribeRequest{Channel: "c"}}); err != nil {
			t.Fatal(err)
		}
		s.append(ctx, t, "c", "1")
		if _, err := c.RPC(ctx, "echo", []byte("1")); err != nil {
			t.Fatal(err)
		}
		r, err = c.Recover(ctx, "c", 6, "e")
		if err != nil || !r.WasRecovering || !r.Recovered || r.Offset != 6 || len(r.Publications) != 1 || r.Publications[0].Offset != 7 {
			t.Errorf("recovered %+v, %v", r, err)
		}
		s.append(ctx, t, "c", "1")
		expectOffsets(ctx, t, c, 8, 8)
	})
}

func TestRecover(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, p wire.Protocol) {
		ctx := deadline(t)
		s := start(t, nil)
		for i := range 20 {
			s.log.Append("c", fmt.Sprint(i))
		}
		for range 1001 {
			s.log.Append("long", "1")
		}
		for range 9 {
			s.log.Append("fat", `"`+strings.Repeat("x", 64<<10)+`"`)
		}
		s.log.Trim("c", 15)
		tests := []struct {
			channel   string
			offset    uint64
			epoch     string
			recovered bool
			pubs      int
			replied   uint64
		}{
			{"c", 20, "e", true, 0, 20},
			{"c", 19, "e", true, 1, 19},
			{"c", 5, "e", true, 15, 5},
			{"c", 4, "e", false, 0, 20},
			{"c", 21, "e", false, 0, 20},
			{"c", 19, "old", false, 0, 20},
			{"c", 19, "_", false, 0, 20},
			{"c", 19, "", true, 1, 19},
			{"c", 0, "", false, 0, 20},
			{"empty", 0, "", true, 0, 0},
			{"long", 0, "e", false, 0, 1001},
			{"long", 1, "e", true, 1000, 1},
			{"fat", 0, "e", false, 0, 9},
			{"fat", 5, "e", true, 4, 5},
		}
		for _, tt := range tests {
			c := s.connected(ctx, t, p, "")
			r, err := c.Recover(ctx, tt.channel, tt.offset, tt.epoch)
			if err != nil {
				t.Fatal(err)
			}
			if !r.WasRecovering || !r.Positioned || r.Recovered != tt.recovered || len(r.Publications) != tt.pubs || r.Offset != tt.replied {
				t.Errorf("%+v: recovered %v with %d publications from %d", tt, r.Recovered, len(r.Publications), r.Offset)
			}
			for i, pub := range r.Publications {
				if pub.Offset != tt.offset+uint64(i)+1 {
					t.Fatalf("%+v: publication %d has offset %d", tt, i, pub.Offset)
				}
			}
			c.Close()
		}
		c := s.connected(ctx, t, p, "")
		_, err := c.SubscribeAs(ctx, &wire.SubscribeRequest{Channel: "c", Recover: true, Offset: 1, Epoch: "e", Flag: 2})
		refused(t, err, 112)
		if r, err := c.Recover(ctx, "c", 19, "e"); err != nil || !r.Recovered { // the refusal left nothing behind
			t.Error(r, err)
		}
	})
}

func TestSubscribeRefusals(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	s := start(t, func(o *hub.Options) { o.Handler = gated{}; o.MaxSubscriptions = 3 })
	c := s.connected(ctx, t, wire.JSON, "")
	tests := []struct {
		r    wire.SubscribeRequest
		code uint32
	}{
		{wire.SubscribeRequest{Channel: "closed"}, 103},
		{wire.SubscribeRequest{Channel: "nowhere"}, 102},
		{wire.SubscribeRequest{Channel: "$hub:occupancy"}, 102},
		{wire.SubscribeRequest{Channel: strings.Repeat("c", 256)}, 107},
		{wire.SubscribeRequest{Channel: "a\nb"}, 107},
		{wire.SubscribeRequest{Channel: "c", HasFilter: true}, 107},
		{wire.SubscribeRequest{Channel: "c", Type: 1}, 108},
		{wire.SubscribeRequest{Channel: "broken"}, 100},
		{wire.SubscribeRequest{Channel: "panic"}, 100},
	}
	for _, tt := range tests {
		_, err := c.SubscribeAs(ctx, &tt.r)
		refused(t, err, tt.code)
	}
	for i := range 3 {
		if _, err := c.Subscribe(ctx, fmt.Sprint("c", i)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.Subscribe(ctx, "c0")
	refused(t, err, 105)
	_, err = c.Subscribe(ctx, "c3")
	refused(t, err, 106)
	s.log.Break(errors.New("disk on fire"))
	_, err = s.connected(ctx, t, wire.JSON, "").Subscribe(ctx, "c0")
	refused(t, err, 100)
	s.log.Break(nil)
	if st := s.Stats(); st.Subscriptions != 3 {
		t.Errorf("refusals left something behind: %+v", st)
	}
	r, err := c.Call(ctx, &wire.Command{Publish: &wire.PublishRequest{Channel: "c0", Data: []byte("1")}})
	if err != nil || r.Error == nil || r.Error.Code != 103 {
		t.Errorf("publish: %+v, %v", r, err)
	}
	for want, cmd := range map[uint32]*wire.Command{
		108: {SubRefresh: &wire.SubRefreshRequest{Channel: "c0", Token: "x"}},
		103: {SubRefresh: &wire.SubRefreshRequest{Channel: "other", Token: "x"}},
	} {
		if r, err := c.Call(ctx, cmd); err != nil || r.Error == nil || r.Error.Code != want {
			t.Errorf("sub_refresh: %+v, %v", r, err)
		}
	}
	if r, err := c.Call(ctx, &wire.Command{Ping: &wire.PingRequest{}}); err != nil || r.Error == nil || r.Error.Code != 108 {
		t.Errorf("ping: %+v, %v", r, err)
	}
}

type gated struct{ hubtest.Open }

func (g gated) Subscribe(ctx context.Context, c *hub.Client, r hub.SubscribeRequest) (hub.SubscribeReply, error) {
	switch r.Channel {
	case "closed":
		return hub.SubscribeReply{}, hub.ErrPermissionDenied
	case "nowhere":
		return hub.SubscribeReply{}, fmt.Errorf("look it up: %w", hub.ErrUnknownChannel)
	case "broken":
		return hub.SubscribeReply{}, errors.New("disk on fire")
	case "panic":
		panic("at the disco")
	}
	return g.Open.Subscribe(ctx, c, r)
}

func TestHistory(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, p wire.Protocol) {
		ctx := deadline(t)
		s := start(t, nil)
		for i := range 10 {
			s.log.Append("c", fmt.Sprint(i))
		}
		s.log.Trim("c", 7) // 4..10
		c := s.connected(ctx, t, p, "")
		tests := []struct {
			r    wire.HistoryRequest
			want string // offsets, or the error
		}{
			{wire.HistoryRequest{}, "[]"},
			{wire.HistoryRequest{Limit: -1}, "[4 5 6 7 8 9 10]"},
			{wire.HistoryRequest{Limit: 2}, "[4 5]"},
			{wire.HistoryRequest{Limit: 2, Reverse: true}, "[10 9]"},
			{wire.HistoryRequest{Limit: 2, Since: &wire.StreamPosition{Offset: 5, Epoch: "e"}}, "[6 7]"},
			{wire.HistoryRequest{Limit: 9, Since: &wire.StreamPosition{Offset: 10, Epoch: "e"}}, "[]"},
			{wire.HistoryRequest{Limit: 2, Since: &wire.StreamPosition{Offset: 5, Epoch: "e"}, Reverse: true}, "[4]"},
			{wire.HistoryRequest{Limit: 2, Since: &wire.StreamPosition{Offset: 2, Epoch: "e"}}, "error 112"},
			{wire.HistoryRequest{Limit: 2, Since: &wire.StreamPosition{Offset: 11, Epoch: "e"}}, "error 112"},
			{wire.HistoryRequest{Limit: 2, Since: &wire.StreamPosition{Offset: 5, Epoch: "old"}}, "error 112"},
			{wire.HistoryRequest{Limit: 0, Since: &wire.StreamPosition{Offset: 5, Epoch: "old"}}, "error 112"},
		}
		for _, tt := range tests {
			tt.r.Channel = "c"
			r, err := c.Call(ctx, &wire.Command{History: &tt.r})
			if err != nil {
				t.Fatal(err)
			}
			var got string
			if r.Error != nil {
				got = fmt.Sprint("error ", r.Error.Code)
			} else {
				offsets := []uint64{}
				for _, pub := range r.History.Publications {
					offsets = append(offsets, pub.Offset)
				}
				got = fmt.Sprint(offsets)
				if r.History.Offset != 10 || r.History.Epoch != "e" {
					t.Errorf("%+v: top %d %q", tt.r, r.History.Offset, r.History.Epoch)
				}
			}
			if got != tt.want {
				t.Errorf("%+v: %s, want %s", tt.r, got, tt.want)
			}
		}
	})
}

func TestPresence(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	s := start(t, nil)
	ann, bob := s.connected(ctx, t, wire.JSON, "ann"), s.connected(ctx, t, wire.Protobuf, "bob")
	again := s.connected(ctx, t, wire.JSON, "bob")
	for _, c := range []*hubtest.Client{ann, bob, again} {
		if _, err := c.Subscribe(ctx, "c"); err != nil {
			t.Fatal(err)
		}
	}
	r, err := ann.Call(ctx, &wire.Command{Presence: &wire.PresenceRequest{Channel: "c"}})
	if err != nil || r.Presence == nil || len(r.Presence.Presence) != 3 {
		t.Errorf("presence %+v, %v", r, err)
	}
	r, err = bob.Call(ctx, &wire.Command{PresenceStats: &wire.PresenceStatsRequest{Channel: "c"}})
	if err != nil || r.PresenceStats == nil || r.PresenceStats.NumClients != 3 || r.PresenceStats.NumUsers != 2 {
		t.Errorf("presence stats %+v, %v", r, err)
	}
	r, err = ann.Call(ctx, &wire.Command{Presence: &wire.PresenceRequest{Channel: "other"}})
	if err != nil || r.Error == nil || r.Error.Code != 103 {
		t.Errorf("presence elsewhere %+v, %v", r, err)
	}
	r, err = ann.Call(ctx, &wire.Command{Presence: &wire.PresenceRequest{Channel: "user:ann"}})
	if err != nil || r.Error == nil || r.Error.Code != 108 {
		t.Errorf("presence where it is not offered %+v, %v", r, err)
	}
}

// The server ends subscriptions and connections of a user, those under way included.
func TestUnsubscribeAndDisconnect(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	gate := make(chan struct{})
	h := &slowGate{entered: make(chan struct{}), gate: gate}
	s := start(t, func(o *hub.Options) { o.Handler = h })
	ann := s.connected(ctx, t, wire.JSON, "ann")
	if _, err := ann.Subscribe(ctx, "c"); err != nil {
		t.Fatal(err)
	}
	s.Unsubscribe("ann", "c", 2100, "banned")
	push, err := ann.Push(ctx)
	if err != nil || push.Channel != "c" || push.Unsubscribe == nil || push.Unsubscribe.Code != 2100 || push.Unsubscribe.Reason != "banned" {
		t.Errorf("%+v, %v", push, err)
	}
	if err := ann.Send(ctx, &wire.Command{ID: 9, Subscribe: &wire.SubscribeRequest{Channel: "slow"}}); err != nil {
		t.Fatal(err)
	}
	<-h.entered
	s.Unsubscribe("", "slow", hub.InsufficientState, "")
	close(gate)
	if m, err := ann.Next(ctx); err != nil || m.Reply == nil || m.Reply.Subscribe == nil {
		t.Fatal(m, err)
	}
	push, err = ann.Push(ctx)
	if err != nil || push.Unsubscribe == nil || push.Unsubscribe.Code != 2500 {
		t.Errorf("%+v, %v", push, err)
	}
	if st := s.Stats(); st.Subscriptions != 1 { // user:ann
		t.Errorf("%+v", st)
	}
	s.UserDisconnect("ann", *hub.DisconnectForce)
	closedWith(ctx, t, ann, 3503)
}

type slowGate struct {
	hubtest.Open
	entered, gate chan struct{}
}

func (h *slowGate) Subscribe(ctx context.Context, c *hub.Client, r hub.SubscribeRequest) (hub.SubscribeReply, error) {
	if r.Channel == "slow" {
		close(h.entered)
		<-h.gate
	}
	return h.Open.Subscribe(ctx, c, r)
}

// Many clients that come back at once share few reads of the log.
func TestRecoveriesShareReads(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	slow := &slowLog{Log: hubtest.NewLog("e"), gate: make(chan struct{})}
	s := start(t, func(o *hub.Options) { o.Log = slow })
	for i := range 3000 {
		slow.Append("c", fmt.Sprint(i))
	}
	const clients = 100
	var all sync.WaitGroup
	for i := range clients {
		c := s.connected(ctx, t, wire.JSON, "")
		since := uint64(2990 - i)
		if i == clients-1 {
			since = 10 // much too far behind: it must not spoil it for the others
		}
		all.Go(func() {
			r, err := c.Recover(ctx, "c", since, "e")
			if err != nil {
				t.Error(err)
				return
			}
			if r.Recovered != (since > 10) || r.Recovered && uint64(len(r.Publications)) != 3000-since {
				t.Errorf("since %d: recovered %v with %d", since, r.Recovered, len(r.Publications))
			}
		})
	}
	for s.Stats().Subscriptions < clients { // all have asked
		if ctx.Err() != nil {
			t.Fatal(ctx.Err())
		}
		gosched()
	}
	close(slow.gate)
	all.Wait()
	if n := slow.Reads(); n > 8 {
		t.Errorf("%d reads for %d clients", n, clients)
	}
}

// slowLog answers when its gate is open.
type slowLog struct {
	*hubtest.Log
	gate chan struct{}
}

func (l *slowLog) Read(ctx context.Context, channel string, q hub.ReadQuery) ([]hub.Publication, hub.Position, error) {
	<-l.gate
	return l.Log.Read(ctx, channel, q)
}
