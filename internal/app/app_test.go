package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lifecircle/hub/hubtest"
	"lifecircle/hub/hubtest/redisserver"
	"lifecircle/hub/wire"
	"lifecircle/internal/config"
	"lifecircle/internal/httpapi"
	"lifecircle/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestAPostReachesASocket(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, pgtest.URL(t)))
	people := s.users(t, 2)
	circle := s.circle(t, people[0])
	guest, joined := s.socket(t, "", circle.ID, wire.JSON)
	if !strings.Contains(string(joined.Data), `"name":"Tea"`) || !strings.Contains(string(joined.Data), `"can":{`) || !strings.Contains(string(joined.Data), `"viewers":1`) || !joined.Positioned {
		t.Errorf("joined: %+v %s", joined, joined.Data)
	}
	member, _ := s.socket(t, people[1].Token, circle.ID, wire.Protobuf)

	p := s.post(t, people[0], circle.ID, "你好 <b>")
	for _, c := range []*hubtest.Client{guest, member} {
		if e := await(t, c, "post.created"); e.Post.ID != p.ID || e.Post.Text != "你好 <b>" || e.Offset != joined.Offset+1 {
			t.Errorf("event: %+v", e)
		}
	}
	answer, err := member.RPC(t.Context(), "comment", fmt.Appendf(nil, `{"post_id":%q,"text":"hi","idempotency_key":"1"}`, p.ID))
	if err != nil || !strings.Contains(string(answer), `"text":"hi"`) {
		t.Errorf("comment: %s, %v", answer, err)
	}
	if e := await(t, guest, "comment.created"); e.Comment.Text != "hi" || e.Offset != joined.Offset+2 {
		t.Errorf("event: %+v", e)
	}
	if answer, err = member.RPC(t.Context(), "like", fmt.Appendf(nil, `{"post_id":%q}`, p.ID)); err != nil || string(answer) != `{"liked":true,"likes":1}` {
		t.Errorf("like: %s, %v", answer, err)
	}
	for {
		if e := await(t, guest, "counts"); e.Posts[0].Likes == 1 && e.Posts[0].Comments == 1 && e.Posts[0].ID == p.ID {
			break
		}
	}
	if _, err := guest.RPC(t.Context(), "like", fmt.Appendf(nil, `{"post_id":%q}`, p.ID)); hubtest.ErrorCode(err) != 101 {
		t.Errorf("a guest likes: %v", err)
	}
	if _, err := guest.Subscribe(t.Context(), "circle:0000000000001"); hubtest.ErrorCode(err) != 102 {
		t.Errorf("an unknown circle: %v", err)
	}
}

// TestWhatSocketsMayAndMayNot goes through the commands beside those of the
// feed.
func TestWhatSocketsMayAndMayNot(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, pgtest.URL(t)))
	people := s.users(t, 2)
	circle := s.circle(t, people[0])
	for range 3 {
		s.post(t, people[0], circle.ID, "hi")
	}
	channel := "circle:" + circle.ID
	c, joined := s.socket(t, people[0].Token, circle.ID, wire.JSON)
	refused := func(want uint32, cmd *wire.Command) {
		t.Helper()
		r, err := c.Call(t.Context(), cmd)
		if err != nil || r.Error == nil || r.Error.Code != want {
			t.Errorf("%+v: %+v, %v, want error %d", cmd, r, err, want)
		}
	}
	refused(103, &wire.Command{Publish: &wire.PublishRequest{Channel: channel, Data: wire.Raw(`{}`)}})
	refused(108, &wire.Command{Presence: &wire.PresenceRequest{Channel: channel}})
	refused(108, &wire.Command{PresenceStats: &wire.PresenceStatsRequest{Channel: channel}})
	refused(103, &wire.Command{Subscribe: &wire.SubscribeRequest{Channel: "user:" + people[1].ID}})
	refused(105, &wire.Command{Subscribe: &wire.SubscribeRequest{Channel: "user:" + people[0].ID}})
	refused(105, &wire.Command{Subscribe: &wire.SubscribeRequest{Channel: channel}})
	refused(102, &wire.Command{Subscribe: &wire.SubscribeRequest{Channel: "chat:1"}})
	refused(103, &wire.Command{History: &wire.HistoryRequest{Channel: "user:" + people[1].ID, Limit: 1}})
	refused(102, &wire.Command{History: &wire.HistoryRequest{Channel: "circle:0000000000001", Limit: 1}})
	refused(104, &wire.Command{RPC: &wire.RPCRequest{Method: "tap", Data: wire.Raw(`{}`)}})
	refused(1404, &wire.Command{RPC: &wire.RPCRequest{Method: "post", Data: wire.Raw(`{"circle_id":"0000000000001","text":"x"}`)}})

	r, err := c.Call(t.Context(), &wire.Command{History: &wire.HistoryRequest{Channel: channel, Limit: 2, Reverse: true}})
	if err != nil || r.History == nil || len(r.History.Publications) != 2 || r.History.Publications[0].Offset != joined.Offset || r.History.Epoch != joined.Epoch {
		t.Errorf("history: %+v, %v", r, err)
	}
	if r, err = c.Call(t.Context(), &wire.Command{Refresh: &wire.RefreshRequest{Token: people[0].Token}}); err != nil || r.Refresh == nil || !r.Refresh.Expires || r.Refresh.TTL == 0 {
		t.Errorf("refresh: %+v, %v", r, err)
	}
	if _, err = c.Call(t.Context(), &wire.Command{Refresh: &wire.RefreshRequest{Token: people[1].Token}}); err == nil {
		code := untilClosed(t.Context(), c)
		t.Errorf("refreshed as somebody else, closed with %d", code)
	}
	other, err := hubtest.Dial(t.Context(), s.url+"/connection/websocket", hubtest.DialOptions{HTTP: s.http})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.Connect(t.Context(), people[0].Token+"x"); err == nil || untilClosed(t.Context(), other) != 3500 && hubtest.CloseCode(err) != 3500 {
		t.Errorf("a bad token: %v", err)
	}
}

// TestLimitsOfSockets: /v1/limits promises every limit that clients can meet.
func TestLimitsOfSockets(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, pgtest.URL(t)))
	var limits struct {
		Socket map[string]int `json:"socket"`
	}
	s.call(t, http.MethodGet, "/v1/limits", "", nil, &limits)
	if limits.Socket["frame_bytes"] != 64<<10 || limits.Socket["subscriptions"] != 128 || limits.Socket["queue_bytes"] != 1<<20 {
		t.Errorf("limits of sockets: %v", limits.Socket)
	}
}

// TestRecoveryOverARestart: the log is in the database, so a client resumes on
// another server.
func TestRecoveryOverARestart(t *testing.T) {
	t.Parallel()
	c := settings(t, pgtest.URL(t))
	var (
		author user
		circle resource
		at     *wire.SubscribeResult
	)
	t.Run("before", func(t *testing.T) {
		s := start(t, c)
		author = s.users(t, 1)[0]
		circle = s.circle(t, author)
		_, at = s.socket(t, "", circle.ID, wire.JSON)
		s.post(t, author, circle.ID, "one")
	})
	s := start(t, c)
	client, err := hubtest.Dial(t.Context(), s.url+"/connection/websocket", hubtest.DialOptions{HTTP: s.http})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Connect(t.Context(), author.Token); err != nil {
		t.Fatal(err)
	}
	r, err := client.Recover(t.Context(), "circle:"+circle.ID, at.Offset, at.Epoch)
	if err != nil || !r.Recovered || len(r.Publications) != 1 || !strings.Contains(string(r.Publications[0].Data), `"text":"one"`) {
		t.Fatalf("recovery: %+v, %v", r, err)
	}
}

func TestTwoNodesShowEachOthersNews(t *testing.T) {
	t.Parallel()
	redis := redisserver.Start(t)
	database := pgtest.URL(t)
	var nodes [2]*server
	for i := range nodes {
		c := settings(t, database)
		c.Server.RedisURL = config.Secret(redis.URL())
		nodes[i] = start(t, c)
	}
	for _, n := range nodes {
		n.until(t, func() bool { return n.ready.check(t.Context()).Status == httpapi.StateOK })
	}
	people := nodes[0].users(t, 2)
	circle := nodes[0].circle(t, people[0])
	var watching [2]*hubtest.Client
	for i, n := range nodes {
		watching[i], _ = n.socket(t, "", circle.ID, wire.JSON)
	}
	const posts = 20
	var last resource
	for i := range posts {
		last = nodes[i%2].post(t, people[i%2], circle.ID, fmt.Sprint(i))
	}
	nodes[1].call(t, "PUT", "/v1/posts/"+last.ID+"/like", people[0].Token, nil, nil)
	nodes[0].call(t, "PUT", "/v1/posts/"+last.ID+"/like", people[1].Token, nil, nil)
	for _, c := range watching {
		for i := range posts {
			if e := await(t, c, "post.created"); e.Post.Text != fmt.Sprint(i) {
				t.Fatalf("event %d: %+v", i, e)
			}
		}
		for likes := 0; likes != 2; {
			if e := await(t, c, "counts"); e.Posts[0].ID == last.ID {
				likes = e.Posts[0].Likes
			}
		}
	}
	for _, c := range watching { // both nodes know of both viewers
		for count := 0; count != 2; {
			count = await(t, c, "viewers").Count
		}
	}

	redis.Kill()
	nodes[0].until(t, func() bool { return nodes[0].ready.check(t.Context()).Status == httpapi.StateDegraded })
	if status := nodes[0].status(t, "/readyz"); status != http.StatusOK {
		t.Errorf("ready without Redis: %d", status)
	}
	begin := time.Now()
	nodes[0].post(t, people[0], circle.ID, "without Redis")
	for _, c := range watching {
		if e := await(t, c, "post.created"); e.Post.Text != "without Redis" {
			t.Errorf("event: %+v", e)
		}
	}
	if took := time.Since(begin); took > 4*time.Second { // 2 s promised, and a busy machine
		t.Errorf("delivered without Redis after %s", took)
	}
}

func TestSocketsAreClosedAndReadinessTellsWhenItEnds(t *testing.T) {
	t.Parallel()
	c := settings(t, pgtest.URL(t))
	c.Server.Drain = 200 * time.Millisecond
	left := make(chan int, 1)
	t.Run("server", func(t *testing.T) {
		s := start(t, c)
		author := s.users(t, 1)[0]
		client, _ := s.socket(t, author.Token, s.circle(t, author).ID, wire.JSON)
		go func() { left <- untilClosed(context.WithoutCancel(t.Context()), client) }()
		s.sockets = nil // it is the server that closes
		address, err := os.ReadFile(filepath.Join(c.Database.DataDir, opsAddressFile))
		if err != nil {
			t.Fatal(err)
		}
		ops := &server{url: "http://" + strings.TrimSpace(string(address)), http: s.http}
		for _, path := range []string{"/metrics", "/debug/pprof/goroutine"} {
			if status := ops.status(t, path); status != http.StatusOK {
				t.Errorf("%s for operators: %d", path, status)
			}
			if status := s.status(t, path); status == http.StatusOK {
				t.Errorf("%s is public", path)
			}
		}
	})
	if code := <-left; code != 3001 {
		t.Errorf("the socket was closed with %d", code)
	}
}

// untilClosed reads until the server closes, and returns with which code.
func untilClosed(ctx context.Context, c *hubtest.Client) int {
	defer c.Close()
	for {
		if _, err := c.Push(ctx); err != nil {
			return hubtest.CloseCode(err)
		}
	}
}

func TestNothingIsLeftOfAServerThatCannotStart(t *testing.T) {
	t.Parallel()
	one := start(t, settings(t, pgtest.URL(t)))
	c := settings(t, pgtest.URL(t))
	c.Server.Listen = one.public.Addr().String()
	_, err := Build(t.Context(), Options{Config: c, Log: slog.New(slog.DiscardHandler), Out: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "in use") || strings.Contains(err.Error(), "\n") {
		t.Errorf("a port in use: %v", err)
	}
	c = settings(t, "postgres://nobody@127.0.0.1:1/nowhere")
	if _, err := Build(t.Context(), Options{Config: c, Log: slog.New(slog.DiscardHandler), Out: io.Discard}); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("no database: %v", err)
	}
}
