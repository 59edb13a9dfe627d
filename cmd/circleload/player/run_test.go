package player

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lifecircle/hub/wire"
)

// A whole run over sockets: posts are refused and delivered, viewers are cut.
func TestRun(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, p wire.Protocol) {
		h := newHonest(t, nil)
		var phases []Phase
		var seconds atomic.Int64
		plan := Plan{
			Dial:    Dial{Protocol: p},
			Viewers: []Viewers{{Count: 20, URLs: []string{h.url}, Channels: []string{"circle:a"}, Rate: 400}},
			Actors:  Actors{Count: 5, URLs: []string{h.url}, Tokens: names},
			Actions: []Action{
				{Kind: Post, Rate: 100, Circles: []string{"a"}, Bytes: 200},
				{Kind: Like, Rate: 100, Posts: []string{"p1", "p2"}, Poisson: true, After: 100 * time.Millisecond, For: time.Second},
				{Kind: Comment, Rate: 10, Posts: []string{"p1"}},
			},
			Cuts:      []Cut{{After: 300 * time.Millisecond, Share: 0.5, Rate: 10}},
			Duration:  1200 * time.Millisecond,
			Reconnect: Backoff{Min: 10 * time.Millisecond, Max: 100 * time.Millisecond, Immediate: true},
			OnPhase:   func(p Phase) { phases = append(phases, p) },
		}
		r, err := Run(deadline(t), plan, func(s Snapshot) {
			seconds.Add(1)
			if s.Phase == "" || s.Open == 0 {
				t.Errorf("%+v", s)
			}
		})
		must(t, err)
		if got := fmt.Sprint(phases); got != "[connecting measuring settling done]" {
			t.Error(got)
		}
		post, like, comment := r.Commands["post"], r.Commands["like"], r.Commands["comment"]
		if post.Planned != 120 || post.Done != 90 || post.Refused != 30 || post.Codes["111"] != 30 || post.Latency.Count != 90 || r.Published != 90 {
			t.Errorf("posts %+v", post)
		}
		if like.Done < 5 || like.Failed != 0 || r.Commands["unlike"].Done < 5 || comment.Failed != 12 || comment.Codes["104"] != 12 {
			t.Errorf("likes %+v, comments %+v", like, comment)
		}
		if r.Faults() != 0 || r.Deliveries+r.Replayed != 20*90 || r.Cuts < 11 || r.Recovered != r.Cuts || r.Viewers != 20 || r.Actors != 5 {
			t.Errorf("%d faults %q; %+v", r.Faults(), r.Examples, r)
		}
		if seconds.Load() == 0 || len(r.Series) < 2 || r.Ended != "as planned" || r.Measured < 1.2 || r.MeasuredBytes == 0 || r.StartedAt.IsZero() {
			t.Errorf("%+v", r)
		}
		if _, err := json.Marshal(r); err != nil {
			t.Error(err)
		}
	})
}

// publisher is an API of another server, in front of a hub.
func publisher(t *testing.T, h *honest, before func(n int64)) string {
	t.Helper()
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		before(n.Add(1))
		var in struct {
			Channel string
			Data    json.RawMessage
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Header.Get("X-Api-Key") != "k" {
			http.Error(w, "no", http.StatusBadRequest)
			return
		}
		if err := h.publish(r.Context(), in.Channel, string(in.Data)); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, `{"result":{}}`)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// A server that stands still for 400 ms of a second is seen to: all who would
// have come meanwhile have waited, though only one request was under way.
func TestLatencyIsFromThePlannedTime(t *testing.T) {
	t.Parallel()
	h := newHonest(t, nil)
	url := publisher(t, h, func(n int64) {
		if n == 20 {
			time.Sleep(400 * time.Millisecond) // the stall that is to be seen
		}
	})
	r, err := Run(deadline(t), Plan{
		Viewers: []Viewers{{Count: 3, URLs: []string{h.url}, Channels: []string{"circle:a"}}},
		Actors:  Actors{AtOnce: 1},
		Actions: []Action{{
			Kind: Publish, Rate: 100, Channels: []string{"circle:a"},
			Template: Template{URL: url + "/{{channel}}", Header: http.Header{"X-API-Key": {"k"}}, Refused: `"error"`},
		}},
		Duration: time.Second,
	}, nil)
	must(t, err)
	c := r.Commands["publish"]
	if c.Planned != 100 || c.Done+c.Codes["unsent"] != 100 || c.Done < 50 || r.Deliveries != 3*c.Done || r.Faults() != 0 {
		t.Fatalf("%+v; %+v", c, r)
	}
	// 40 of 100 were planned while it stood still, and waited 200 ms on average.
	for what, l := range map[string]Latency{"publish": c.Latency, "delivery": r.Delivery} {
		if l.Max < 350 || l.P90 < 200 || l.Mean < 40 {
			t.Errorf("%s: the stall is hidden: %+v", what, l)
		}
	}
}

// What waits for a free slot until the end was never sent, and is counted so.
func TestOverload(t *testing.T) {
	t.Parallel()
	h := newHonest(t, nil)
	url := publisher(t, h, func(int64) { time.Sleep(100 * time.Millisecond) }) // a slow server
	r, err := Run(deadline(t), Plan{
		Viewers:  []Viewers{{Count: 1, URLs: []string{h.url}, Channels: []string{"circle:a"}}},
		Actors:   Actors{AtOnce: 1},
		Actions:  []Action{{Kind: Publish, Rate: 100, Channels: []string{"circle:a"}, Template: Template{URL: url, Refused: "result"}}},
		Duration: 500 * time.Millisecond,
	}, nil)
	must(t, err)
	c := r.Commands["publish"]
	if c.Planned != 50 || c.Codes["unsent"] < 40 || c.Codes["http 400"] < 1 || c.Done != 0 || c.Failed != 50 {
		t.Errorf("%+v", c)
	}
}

// Over HTTP, with the bodies and headers that the API wants.
func TestActionsOverHTTP(t *testing.T) {
	t.Parallel()
	h := newHonest(t, nil)
	got := make(chan string, 1000)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if r.Header.Get("Authorization") == "Bearer old" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/comments") {
			w.WriteHeader(http.StatusTooManyRequests)
		}
		var in struct {
			Text, Message string
			Amount        int
		}
		_ = json.Unmarshal(b, &in)
		got <- fmt.Sprint(r.Method, " ", r.URL.Path, " ", len(in.Text), " ", len(in.Message), " ", in.Amount, " ", r.Header.Get("Idempotency-Key") != "")
	}))
	t.Cleanup(api.Close)
	var fetched atomic.Int64
	r, err := Run(deadline(t), Plan{
		Viewers: []Viewers{{Count: 1, URLs: []string{h.url}, Channels: []string{"circle:a"}}},
		Actors: Actors{Count: 1, API: api.URL, Tokens: func(context.Context, int) (string, error) {
			if fetched.Add(1) == 1 {
				return "old", nil
			}
			return "new", nil
		}},
		Actions: []Action{
			{Kind: Post, Over: HTTP, Rate: 10, Circles: []string{"c"}, Bytes: 100},
			{Kind: Comment, Over: HTTP, Rate: 10, Posts: []string{"p"}, Bytes: 100},
			{Kind: Tip, Over: HTTP, Rate: 10, Posts: []string{"p"}, Bytes: 100, Amount: 520},
			{Kind: Like, Over: HTTP, Rate: 10, Posts: []string{"p"}},
		},
		Duration: 300 * time.Millisecond,
	}, nil)
	must(t, err)
	close(got)
	seen := map[string]int{}
	for s := range got {
		seen[s]++
	}
	for _, want := range []string{
		"POST /v1/circles/c/posts 100 0 0 false", "POST /v1/posts/p/comments 100 0 0 false", "POST /v1/posts/p/tips 0 100 520 true",
		"PUT /v1/posts/p/like 0 0 0 false", "DELETE /v1/posts/p/like 0 0 0 false",
	} {
		if seen[want] == 0 {
			t.Errorf("no %q in %v", want, seen)
		}
	}
	if c := r.Commands["comment"]; c.Refused != 3 || c.Codes["http 429"] != 3 {
		t.Errorf("%+v", c)
	}
	if r.Commands["tip"].Done != 3 || r.Actors != 0 {
		t.Errorf("%+v", r)
	}
}

// Whatever the road and however late: the text tells the planned time.
func TestErrandsCarryThePlannedTime(t *testing.T) {
	t.Parallel()
	planned := time.Now().Add(-time.Hour)
	tr := &troupe{runID: "r"}
	for _, a := range []Action{
		{Kind: Post, Circles: []string{"c"}}, {Kind: Comment, Posts: []string{"p"}}, {Kind: Tip, Posts: []string{"p"}},
	} {
		e := tr.errand(a, 7, planned)
		if got := findMarker(e.rpc()); got != planned.UnixMicro() {
			t.Errorf("%s: %s", a.Kind, e.rpc())
		}
		if got := findMarker(encode(e.body)); got != planned.UnixMicro() {
			t.Errorf("%s: %v", a.Kind, e.body)
		}
	}
}

// All actors like all posts, then all unlike all, and so on.
func TestLikesTakeTurns(t *testing.T) {
	t.Parallel()
	tr := &troupe{sockets: make([]*client, 3)}
	liked := map[string]bool{}
	for k := range uint64(24) {
		e := tr.errand(Action{Kind: Like, Posts: []string{"p1", "p2"}}, k, time.Now())
		pair := fmt.Sprint(e.actor, e.id)
		if like := e.name == "like"; like == liked[pair] {
			t.Fatalf("%d: %s of %s again", k, e.name, pair)
		}
		liked[pair] = e.name == "like"
		if len(liked) != min(int(k)+1, 6) {
			t.Fatalf("after %d: %v", k, liked)
		}
	}
}

func TestPlansThatMakeNoSense(t *testing.T) {
	t.Parallel()
	viewers := []Viewers{{Count: 1, URLs: []string{"ws://127.0.0.1:1/"}, Channels: []string{"c"}}}
	for name, p := range map[string]Plan{
		"nobody":      {Duration: time.Second},
		"no time":     {Viewers: viewers},
		"no channels": {Duration: time.Second, Viewers: []Viewers{{Count: 1, URLs: []string{"ws://127.0.0.1:1/"}}}},
		"no URL":      {Duration: time.Second, Viewers: []Viewers{{Count: 1, Channels: []string{"c"}}}},
		"no rate":     {Duration: time.Second, Viewers: viewers, Actions: []Action{{Kind: Post, Circles: []string{"a"}}}},
		"no circles":  {Duration: time.Second, Viewers: viewers, Actions: []Action{{Kind: Post, Rate: 1}}},
		"no posts":    {Duration: time.Second, Viewers: viewers, Actions: []Action{{Kind: Tip, Rate: 1}}},
		"no template": {Duration: time.Second, Viewers: viewers, Actions: []Action{{Kind: Publish, Rate: 1}}},
		"no API":      {Duration: time.Second, Viewers: viewers, Actions: []Action{{Kind: Post, Over: HTTP, Rate: 1, Circles: []string{"a"}}}},
		"no actors":   {Duration: time.Second, Viewers: viewers, Actions: []Action{{Kind: Post, Rate: 1, Circles: []string{"a"}}}},
		"no server":   {Duration: time.Second, Viewers: viewers, ConnectTimeout: 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Run(deadline(t), p, nil); err == nil {
				t.Error("it was played")
			}
		})
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	h := newHonest(t, nil)
	ctx, cancel := context.WithCancel(deadline(t))
	r, err := Run(ctx, Plan{
		Viewers:  []Viewers{{Count: 1, URLs: []string{h.url}, Channels: []string{"circle:a"}, Tokens: names}},
		Actions:  []Action{{Kind: Post, Rate: 100, Circles: []string{"a"}}},
		Duration: time.Hour,
	}, func(Snapshot) { cancel() })
	must(t, err)
	if r.Ended != "interrupted" || r.Faults() != 0 || r.Commands["post"].Done == 0 || r.Commands["post"].Failed > 0 || r.Measured > 10 {
		t.Errorf("%+v", r)
	}
}

func TestSetup(t *testing.T) {
	t.Parallel()
	var users, circles, posts int
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Count   int
			Balance int64
		}
		_ = json.NewDecoder(r.Body).Decode(&in)
		switch {
		case r.URL.Path == "/v1/dev/users" && in.Balance == 7:
			_, _ = io.WriteString(w, `{"items":[{}`)
			users++
			for range in.Count - 1 {
				users++
				_, _ = fmt.Fprintf(w, `,{"id":"u%d","access_token":"t%d"}`, users, users)
			}
			_, _ = io.WriteString(w, `]}`)
		case r.URL.Path == "/v1/circles":
			circles++
			_, _ = fmt.Fprintf(w, `{"id":"c%d"}`, circles)
		case strings.HasSuffix(r.URL.Path, "/posts"):
			posts++
			_, _ = fmt.Fprintf(w, `{"id":"p%d"}`, posts)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(api.Close)
	w, err := Setup{API: api.URL, Users: 10_003, Circles: 2, Balance: 7}.Make(deadline(t))
	must(t, err)
	if len(w.Users) != 10_003 || fmt.Sprint(w.Channels(), w.Posts) != "[circle:c1 circle:c2] [p1 p2]" {
		t.Errorf("%d users, %v", len(w.Users), w)
	}
	if token, err := w.Tokens(2)(t.Context(), 1); err != nil || token != w.Users[3].Token {
		t.Error(token, err)
	}
	if _, err := (Setup{API: api.URL}).Make(deadline(t)); err == nil || !strings.Contains(err.Error(), "--dev") {
		t.Error(err)
	}
}
