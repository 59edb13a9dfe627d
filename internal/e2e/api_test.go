package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
)

const requestTime = 30 * time.Second

// web is the one client of all tests, so that its idle connections are known.
var web = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256, IdleConnTimeout: 10 * time.Second}}

// person is a user to test with.
type person struct {
	ID     string `json:"id"`
	Handle string `json:"handle"`
	Token  string `json:"access_token"`
}

type circle struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (c circle) channel() string { return "circle:" + c.ID }

type counts struct {
	Version  int64 `json:"version"`
	Likes    int64 `json:"likes"`
	Comments int64 `json:"comments"`
}

type post struct {
	ID       string `json:"id"`
	CircleID string `json:"circle_id"`
	Text     string `json:"text"`
	Counts   counts `json:"counts"`
}

type position struct {
	Offset uint64 `json:"offset"`
	Epoch  string `json:"epoch"`
}

type postPage struct {
	Items      []post   `json:"items"`
	NextCursor string   `json:"next_cursor"`
	Position   position `json:"position"`
}

// request is one call of the API.
type request struct {
	method, path string
	token        string
	key          string // Idempotency-Key
	body         any    // nil: none
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// refusal is the code of a problem document.
func (a answer) refusal() string {
	var p struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal(a.body, &p) // no JSON: no code
	return p.Code
}

// send makes a request. An error says that no whole answer came.
func (s *server) send(ctx context.Context, r request) (answer, error) {
	var body io.Reader
	if r.body != nil {
		raw, err := json.Marshal(r.body)
		if err != nil {
			return answer{}, err
		}
		body = bytes.NewReader(raw)
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.method, s.url()+r.path, body)
	if err != nil {
		return answer{}, err
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	if r.key != "" {
		req.Header.Set("Idempotency-Key", r.key)
	}
	res, err := web.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, raw}, err
}

// do makes a request that must succeed, and reads the answer into out.
func (s *server) do(r request, out any) {
	s.t.Helper()
	if err := s.try(s.t.Context(), r, out); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) try(ctx context.Context, r request, out any) error {
	a, err := s.send(ctx, r)
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	if a.status < 200 || a.status > 299 {
		return fmt.Errorf("%s %s: status %d: %s", r.method, r.path, a.status, a.body)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		return fmt.Errorf("%s %s: %w: %s", r.method, r.path, err, a.body)
	}
	return nil
}

// people makes users.
func (s *server) people(n int) []person {
	s.t.Helper()
	var made struct{ Items []person }
	s.do(request{method: "POST", path: "/v1/dev/users", body: map[string]any{"count": n, "prefix": "e2e"}}, &made)
	if len(made.Items) != n {
		s.t.Fatalf("asked for %d users, got %d", n, len(made.Items))
	}
	return made.Items
}

func (s *server) person() person { s.t.Helper(); return s.people(1)[0] }

// token makes a token of p that lasts so long.
func (s *server) token(p person, lasts time.Duration) string {
	s.t.Helper()
	var made person
	s.do(request{method: "PUT", path: "/v1/dev/users/" + p.ID, body: map[string]any{"ttl_seconds": int(lasts.Seconds())}}, &made)
	return made.Token
}

// circle makes a circle of p.
func (s *server) circle(p person) circle {
	s.t.Helper()
	var made circle
	s.do(request{method: "POST", path: "/v1/circles", token: p.Token, body: map[string]any{
		"name": s.t.Name()[:min(len(s.t.Name()), 60)], "description": "For tests", "category": "other",
	}}, &made)
	return made
}

func (s *server) post(p person, c circle, text string) post {
	s.t.Helper()
	var made post
	s.do(request{method: "POST", path: "/v1/circles/" + c.ID + "/posts", token: p.Token, body: map[string]any{"text": text}}, &made)
	return made
}

// posts reads the circle's newest page.
func (s *server) posts(c circle) postPage {
	s.t.Helper()
	var page postPage
	s.do(request{method: "GET", path: "/v1/circles/" + c.ID + "/posts?limit=100"}, &page)
	return page
}

// texts numbers posts, so that their order can be told.
func texts(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("post %d", i+1)
	}
	return all
}

func TestAPostComesBack(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	p := s.person()
	c := s.circle(p)
	made := s.post(p, c, "hello")
	if page := s.posts(c); len(page.Items) != 1 || page.Items[0].ID != made.ID || page.Position.Offset == 0 {
		t.Fatalf("page: %+v", page)
	}
	if s.opsAddress() == "" {
		t.Fatal("no ops-address")
	}
}
