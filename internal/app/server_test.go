package app

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"lifecircle/hub/hubtest"
	"lifecircle/hub/wire"
	"lifecircle/internal/config"
	"lifecircle/internal/httpapi"
)

const patience = 20 * time.Second // for anything that a test waits for

// server is a whole server under test.
type server struct {
	*App
	url     string
	http    *http.Client
	sockets []*hubtest.Client
}

func settings(t *testing.T, database string) config.Config {
	t.Helper()
	return config.Config{
		Command:  config.Serve,
		Database: config.Database{URL: config.Secret(database), DataDir: t.TempDir()},
		Server:   config.Server{Listen: "127.0.0.1:0", OpsListen: "127.0.0.1:0", Dev: true},
	}
}

// start runs a server until the test ends, and fails the test if it does not
// end well. What is built can be changed before it runs.
func start(t *testing.T, c config.Config, change ...func(*App)) *server {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	a, err := Build(t.Context(), Options{Config: c, Log: log, Out: io.Discard, Version: httpapi.Version{Version: "test"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(a)
	}
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan struct{})
	go func() { defer close(ran); a.Run(ctx) }()
	s := &server{App: a, url: "http://" + a.public.Addr().String(), http: &http.Client{Transport: &http.Transport{}}}
	t.Cleanup(func() {
		stop()
		<-ran
		s.http.CloseIdleConnections()
		for _, c := range s.sockets { // one that does not read would be waited for
			c.Close()
		}
		if err := a.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	s.until(t, func() bool { return s.status(t, "/readyz") == http.StatusOK })
	return s
}

func (s *server) until(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); {
		if time.Now().After(end) {
			t.Fatal("it does not happen")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (s *server) status(t *testing.T, path string) int {
	t.Helper()
	resp, err := s.http.Get(s.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// call makes a request and reads the answer into out.
func (s *server) call(t *testing.T, method, path, token string, in, out any) {
	t.Helper()
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		t.Fatalf("%s %s: %d %s, %v", method, path, resp.StatusCode, raw, err)
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			t.Fatalf("%s %s: %s: %v", method, path, raw, err)
		}
	}
}

// user is a dev user.
type user struct {
	ID    string `json:"id"`
	Token string `json:"access_token"`
}

func (s *server) users(t *testing.T, n int) []user {
	t.Helper()
	var made struct{ Items []user }
	s.call(t, "POST", "/v1/dev/users", "", map[string]any{"count": n}, &made)
	return made.Items
}

type resource struct {
	ID string `json:"id"`
}

func (s *server) circle(t *testing.T, by user) resource {
	t.Helper()
	var c resource
	s.call(t, "POST", "/v1/circles", by.Token, map[string]any{"name": "Tea", "description": "All about tea"}, &c)
	return c
}

func (s *server) post(t *testing.T, by user, circle, text string) (p resource) {
	t.Helper()
	s.call(t, "POST", "/v1/circles/"+circle+"/posts", by.Token, map[string]any{"text": text}, &p)
	return p
}

// socket connects and subscribes to a circle.
func (s *server) socket(t *testing.T, token, circle string, protocol wire.Protocol) (*hubtest.Client, *wire.SubscribeResult) {
	t.Helper()
	c, err := hubtest.Dial(t.Context(), s.url+"/connection/websocket", hubtest.DialOptions{Protocol: protocol, HTTP: s.http})
	if err != nil {
		t.Fatal(err)
	}
	s.sockets = append(s.sockets, c)
	if _, err := c.Connect(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	r, err := c.Subscribe(t.Context(), "circle:"+circle)
	if err != nil {
		t.Fatal(err)
	}
	return c, r
}

// event is a publication as clients read it.
type event struct {
	Type  string
	Count int
	Post  struct {
		ID, Text string
	}
	Comment struct{ Text string }
	Tip     struct {
		Amount int64
		From   struct{ ID string }
	}
	Posts []struct {
		ID                       string
		Version, Likes, Comments int
	}
	Offset uint64 `json:"-"`
}

// await reads publications until one is of the type; viewer numbers come when
// they like.
func await(t *testing.T, c *hubtest.Client, kind string) event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		p, err := c.Publication(ctx)
		if err != nil {
			t.Fatalf("await %s: %v", kind, err)
		}
		var e event
		if err := json.Unmarshal(p.Data, &e); err != nil {
			t.Fatalf("%s: %v", p.Data, err)
		}
		if e.Offset = p.Offset; e.Type == kind {
			return e
		}
	}
}
