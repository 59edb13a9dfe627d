package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"lifecircle/feed"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

func TestOps(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Version = Version{Version: "1.2.3"} })
	if v := s.want(200, s.do("GET", "/healthz", "")); v["status"] != "ok" {
		t.Errorf("health: %v", v)
	}
	if v := s.want(200, s.do("GET", "/readyz", "")); v["status"] != "ok" {
		t.Errorf("readiness: %v", v)
	}
	if v := s.want(200, s.do("GET", "/version", "")); v["version"] != "1.2.3" {
		t.Errorf("version: %v", v)
	}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	var now Readiness
	s := newSite(t, func(o *Options) { o.Ready = func(context.Context) Readiness { return now } })
	now = Readiness{Status: StateDegraded, Checks: map[string]string{"redis": "unreachable"}}
	if v := s.want(200, s.do("GET", "/readyz", "")); v["status"] != "degraded" || v["checks"].(map[string]any)["redis"] != "unreachable" {
		t.Errorf("degraded: %v", v)
	}
	for _, state := range []string{StateStarting, StateDraining, StateUnavailable} {
		now = Readiness{Status: state, Checks: map[string]string{"postgres": "unreachable"}, RetryAfter: 3 * time.Second}
		a := s.do("GET", "/readyz", "")
		if v := s.refused(problem.Unavailable, a); !strings.Contains(v["detail"].(string), state) || a.Header.Get("Retry-After") != "3" {
			t.Errorf("%s: %v", state, v)
		}
	}
}

// broken fails in every way that a service can.
type broken struct {
	Feed
	fail func(ctx context.Context) error
}

func (b broken) User(ctx context.Context, _ id.ID) (feed.User, error) {
	return feed.User{}, b.fail(ctx)
}

func TestFailures(t *testing.T) {
	t.Parallel()
	var fail func(ctx context.Context) error
	s := newSite(t, func(o *Options) { o.Feed = broken{o.Feed, func(ctx context.Context) error { return fail(ctx) }} })
	const secret = "password=hunter2"
	tests := []struct {
		name   string
		fail   func(ctx context.Context) error
		code   problem.Code
		logged bool
	}{
		{"an unknown error", func(context.Context) error { return errors.New(secret) }, problem.Internal, true},
		{"a panic", func(context.Context) error { panic(secret) }, problem.Internal, true},
		{"out of time", func(context.Context) error { return context.DeadlineExceeded }, problem.Unavailable, true},
		{"a database that is away", func(context.Context) error {
			return fmt.Errorf("%w: %w", &problem.Problem{Code: problem.Unavailable, RetryAfter: time.Second}, errors.New(secret))
		}, problem.Unavailable, true},
		{"overload", func(context.Context) error {
			return &problem.Problem{Code: problem.Overloaded, RetryAfter: 100 * time.Millisecond}
		}, problem.Overloaded, false},
	}
	for _, tt := range tests {
		fail = tt.fail
		before := s.log.String()
		a := s.do("GET", "/v1/users/0000000000002", "")
		s.refused(tt.code, a)
		lines := strings.TrimPrefix(s.log.String(), before)
		if strings.Contains(string(a.body), "hunter2") {
			t.Errorf("%s: told outside: %s", tt.name, a.body)
		}
		if tt.logged && (strings.Count(lines, "\n") != 1 || !strings.Contains(lines, a.Header.Get("X-Request-Id"))) || !tt.logged && lines != "" {
			t.Errorf("%s: logged %q", tt.name, lines)
		}
	}
}

// A handler has a time limit, and a client that left is not waited for.
func TestDeadline(t *testing.T) {
	t.Parallel()
	var left time.Duration
	s := newSite(t, func(o *Options) {
		o.Feed = broken{o.Feed, func(ctx context.Context) error {
			deadline, _ := ctx.Deadline()
			left = time.Until(deadline)
			<-ctx.Done()
			return ctx.Err()
		}}
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.refused(problem.Unavailable, s.send(httptest.NewRequest("GET", "/v1/users/0000000000002", nil).WithContext(ctx)))
	if left <= 0 || left > requestTime {
		t.Errorf("the handler has %s", left)
	}
	if s.log.String() != "" {
		t.Errorf("logged %q", s.log.String())
	}
}

func TestObserve(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	for target, want := range map[string]Observation{
		"/v1/circles":          {Method: "GET", Route: "/v1/circles", Status: 200},
		"/v1/circles/nonsense": {Method: "GET", Route: "/v1/circles/:id", Status: 404},
		"/nonsense":            {Method: "GET", Status: 404},
	} {
		s.do("GET", target, "")
		got := s.last
		if got.Took <= 0 {
			t.Errorf("%s took %s", target, got.Took)
		}
		if got.Took = 0; got != want {
			t.Errorf("%s: %+v, want %+v", target, got, want)
		}
	}
}

// A socket's handler gets the bare connection, and the client's address.
func TestSocketIsPassedOn(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) {
		o.WebSocket = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, ok := w.(http.Hijacker); !ok {
				t.Errorf("%T cannot be hijacked", w)
			}
			w.WriteHeader(http.StatusTeapot)
		})
	})
	server := httptest.NewServer(s.handler)
	defer server.Close()
	a, err := server.Client().Get(server.URL + socketPath)
	if err != nil {
		t.Fatal(err)
	}
	_ = a.Body.Close()
	if a.StatusCode != http.StatusTeapot {
		t.Errorf("status %d", a.StatusCode)
	}
}

// Headers are bounded by net/http, before any handler.
func TestServerIsBounded(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	server := httptest.NewUnstartedServer(nil)
	server.Config = NewServer(s.handler, slog.New(slog.DiscardHandler))
	server.Start()
	defer server.Close()
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/healthz", nil)
	r.Header.Set("X-Long", strings.Repeat("x", 2*MaxHeaderBytes))
	a, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = a.Body.Close()
	if a.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d", a.StatusCode)
	}
	if c := server.Config; c.ReadHeaderTimeout == 0 || c.ReadTimeout < requestTime || c.WriteTimeout < requestTime || c.IdleTimeout == 0 {
		t.Errorf("a time without limit: %+v", c)
	}
}

func TestDevDoorsAreShut(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.refused(problem.NotFound, s.do("POST", "/v1/dev/users", `{"count":1,"prefix":"x"}`))
	s.refused(problem.NotFound, s.do("PUT", "/v1/dev/users/0000000000002", `nonsense`))
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "ODD"} {
		for _, path := range []string{"/v1/dev", "/v1/dev/", "/v1/dev/users", "/v1/dev/users/0000000000002"} {
			a := s.do(method, path, "")
			if a.StatusCode != 404 || a.Header.Get("Allow") != "" {
				t.Errorf("%s %s shows that something is there: %d, Allow %q", method, path, a.StatusCode, a.Header.Get("Allow"))
			}
		}
	}
}

func TestDevDoors(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Dev = true })
	full := `"level":2,"score":751,"balance":{"amount":520,"currency":"CNY"},"ttl_seconds":60,"attributes":{"birth_date":"2000-01-31",
		"gender":"female","city":"Hangzhou","student":{"of":"ZJU","expires_at":"2020-01-01T00:00:00Z"},"employee":{"of":"x","expires_at":"2030-01-01"}}`
	handles := map[string]bool{}
	for _, body := range []string{`{"count":2,"prefix":"load"}`, `{"count":2,"prefix":"load"}`, `{"count":3,"prefix":"Ünnamed-and-long-prefix",` + full + `}`, `{}`} {
		for _, item := range s.want(201, s.do("POST", "/v1/dev/users", body))["items"].([]any) {
			u := item.(map[string]any)
			handles[u["handle"].(string)] = true
			me := s.want(200, s.do("GET", "/v1/me", "", bearing(u["access_token"].(string))))
			if me["id"] != u["id"] || me["handle"] != u["handle"] {
				t.Errorf("made %v, is %v", u, me)
			}
			if has := s.balance(bearing(u["access_token"].(string))); has != 0 && has != 520 || has == 520 != strings.Contains(body, "520") {
				t.Errorf("made by %s, has %v", body, has)
			}
		}
	}
	if len(handles) != 8 {
		t.Errorf("%d different handles: %v", len(handles), handles)
	}
	ann := s.person("ann")
	u := s.want(200, s.do("PUT", "/v1/dev/users/"+ann.id, `{`+full+`}`))
	for _, balance := range []string{`77`, `{"amount":0,"currency":"CNY"}`, `520`} {
		s.want(200, s.do("PUT", "/v1/dev/users/"+ann.id, `{"balance":`+balance+`}`))
		if has := s.balance(ann.auth()); has != 0 && !strings.Contains(balance, strconv.Itoa(int(has))) {
			t.Errorf("set to %s, has %v", balance, has)
		}
	}
	claims, err := s.auth.Verify(t.Context(), u["access_token"].(string))
	if err != nil || u["handle"] != "ann" || time.Until(claims.ExpiresAt) > time.Minute {
		t.Errorf("%v expires at %s: %v", u, claims.ExpiresAt, err)
	}
	s.refused(problem.UserNotFound, s.do("PUT", "/v1/dev/users/0000000000002", `{}`))
	for _, bad := range []string{
		`{"count":0}`, `{"count":10001}`, `{"count":1.5}`, `{"level":4}`, `{"score":1}`, `{"balance":-1}`, `{"balance":{"amount":1}}`, `{"balance":"1"}`,
		`{"balance":1.5}`, `{"balance":1e2}`, `{"balance":9007199254740992}`, `{"balance":1e309}`, `{"balance":{"amount":1,"currency":"USD"}}`,
		`{"attributes":{"birth_date":"yesterday"}}`, `{"attributes":{"student":{}}}`, `{"attributes":{"hobby":"x"}}`, `{"ttl_seconds":86401}`,
	} {
		s.refused(problem.Invalid_, s.do("POST", "/v1/dev/users", bad))
	}
}
