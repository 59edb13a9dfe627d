package httpapi

import (
	"context"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"lifecircle/internal/problem"
	"lifecircle/internal/ratelimit"
)

// tally counts what is asked of a limiter that refuses some of it.
type tally struct {
	mu     sync.Mutex
	asked  map[string]int  // guarded by mu; by key
	refuse map[string]bool // by name
}

func (c *tally) Allow(_ context.Context, key string, _ ratelimit.Rate) (ratelimit.Decision, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked[key]++
	name, _, _ := strings.Cut(key, ":")
	if c.refuse[name] {
		return ratelimit.Decision{RetryAfter: 1200 * time.Millisecond}, nil
	}
	return ratelimit.Decision{Allowed: true}, nil
}

func newTally(refuse ...string) *tally {
	c := &tally{asked: map[string]int{}, refuse: map[string]bool{}}
	for _, name := range refuse {
		c.refuse[name] = true
	}
	return c
}

// counted lists the keys but for those of all requests.
func (c *tally) counted() (keys []string) {
	for _, key := range sortedKeys(c.asked) {
		if !strings.HasPrefix(key, ratelimit.Requests.Name+":") {
			keys = append(keys, key)
		}
	}
	return keys
}

func TestWhatIsCounted(t *testing.T) {
	t.Parallel()
	var c *tally
	s := newSite(t, func(o *Options) { c = newTally(); o.Limiter = c })
	ann := s.person("ann")
	circle := s.circle(ann)
	post := s.post(ann, circle, "x")
	clear(c.asked)
	tests := []struct{ method, path, body, want string }{
		{"GET", "/v1/circles", "", ""},
		{"GET", "/v1/me", "", ""},
		{"PATCH", "/v1/me", `{}`, "changes:" + ann.id},
		{"POST", "/v1/circles", `{"name":"x","description":""}`, "circles:" + ann.id},
		{"POST", circle + "/posts", `{"text":"x"}`, "posts:" + ann.id},
		{"POST", post + "/comments", `{"text":"x"}`, "comments:" + ann.id},
		{"PUT", post + "/like", "", "likes:" + ann.id},
		{"DELETE", post + "/like", "", "likes:" + ann.id},
		{"PUT", circle + "/follow", "", "follows:" + ann.id},
		{"DELETE", circle + "/follow", "", "follows:" + ann.id},
		{"POST", post + "/tips", `{"amount":5,"currency":"CNY"}`, "tips:" + ann.id},
		{"POST", "/v1/tips/x/refund", `{}`, "payments:" + ann.id},
		{"POST", "/v1/wallet/topups", `{"amount":5,"currency":"CNY","provider":"sandbox"}`, "payments:" + ann.id},
		{"POST", "/v1/wallet/withdrawals", `{"amount":5,"currency":"CNY","provider":"sandbox"}`, "payments:" + ann.id},
		{"POST", circle + "/contract", `{"author":10000,"partner":0,"platform":0}`, "payments:" + ann.id},
		{"PATCH", "/v1/wallet/limits", `{}`, "changes:" + ann.id},
		{"POST", "/v1/payments/webhooks/sandbox", "x", ""},
		{"GET", "/v1/wallet", "", ""},
		{"DELETE", post, "", "changes:" + ann.id},
		{"POST", "/v1/auth/login", `{"handle":"Ann","password":"x"}`, "handle_logins:ann logins:192.0.2.1"},
		{"POST", "/v1/auth/refresh", `{"refresh_token":"x"}`, "refreshes:192.0.2.1"},
		{"POST", "/v1/auth/register", `{"handle":"x","password":"x","display_name":"x"}`, "registers:192.0.2.1"},
	}
	for _, tt := range tests {
		s.do(tt.method, tt.path, tt.body, ann.auth(), key())
		if got := strings.Join(c.counted(), " "); got != tt.want {
			t.Errorf("%s %s counts %q, want %q", tt.method, tt.path, got, tt.want)
		}
		if c.asked["requests:192.0.2.1"] != 1 {
			t.Errorf("%s %s is not counted by address: %v", tt.method, tt.path, c.asked)
		}
		clear(c.asked)
	}
	s.do("GET", "/healthz", "")
	if len(c.asked) != 0 {
		t.Errorf("/healthz counts %v", c.asked)
	}
}

func TestLimitRefuses(t *testing.T) {
	t.Parallel()
	for name, door := range map[string][3]string{
		"requests":      {"GET", "/v1/circles", ""},
		"logins":        {"POST", "/v1/auth/login", `{"handle":"ann","password":"x"}`},
		"handle_logins": {"POST", "/v1/auth/login", `{"handle":"ann","password":"x"}`},
		"registers":     {"POST", "/v1/auth/register", `{"handle":"bob","password":"` + password + `","display_name":"x"}`},
		"circles":       {"POST", "/v1/circles", `{"name":"x","description":""}`},
	} {
		var c *tally
		s := newSite(t, func(o *Options) { c = newTally(); o.Limiter = c })
		ann := s.person("ann")
		c.refuse[name] = true
		before := s.rows()
		a := s.do(door[0], door[1], door[2], ann.auth())
		s.refused(problem.RateLimited, a)
		if wait := a.Header.Get("Retry-After"); wait != "2" {
			t.Errorf("%s: Retry-After %s of 1.2 s", name, wait)
		}
		if after := s.rows(); after != before {
			t.Errorf("%s: %d rows were written", name, after-before)
		}
	}
}

func TestRealLimiter(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Limiter = ratelimit.NewMemory(1000, nil) })
	body := `{"handle":"nobody","password":"x"}`
	for range ratelimit.HandleLogin.Rate.Burst {
		s.refused(problem.InvalidCredentials, s.do("POST", "/v1/auth/login", body))
	}
	a := s.do("POST", "/v1/auth/login", body)
	s.refused(problem.RateLimited, a)
	if wait, _ := strconv.Atoi(a.Header.Get("Retry-After")); wait < 1 || wait > 6 {
		t.Errorf("Retry-After %d", wait)
	}
}

func TestClientAddress(t *testing.T) {
	t.Parallel()
	s := &server{Options: Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}}}
	tests := []struct {
		peer, want string
		forwarded  []string
	}{
		{"192.0.2.7:1", "192.0.2.7", nil},
		{"192.0.2.7:1", "192.0.2.7", []string{"198.51.100.1"}}, // anybody may claim that
		{"10.0.0.1:1", "10.0.0.1", nil},
		{"10.0.0.1:1", "198.51.100.1", []string{"198.51.100.1"}},
		{"10.0.0.1:1", "198.51.100.2", []string{"198.51.100.1, 198.51.100.2"}},
		{"10.0.0.1:1", "198.51.100.2", []string{"203.0.113.9", "198.51.100.2, 10.9.9.9"}},
		{"10.0.0.1:1", "198.51.100.1", []string{"198.51.100.1:4711"}}, // some proxies add the port
		{"10.0.0.1:1", "2001:db8::/64", []string{"[2001:db8::1]:4711, 10.9.9.9:80"}},
		{"10.0.0.1:1", "10.0.0.1", []string{"nonsense"}},
		{"10.0.0.1:1", "10.9.9.9", []string{"nonsense, 10.9.9.9"}},
		{"[::1]:1", "198.51.100.1", []string{"198.51.100.1"}},
		{"[::ffff:10.0.0.1]:1", "198.51.100.1", []string{"::ffff:198.51.100.1"}},
		{"[2001:db8:1:2:3::4]:1", "2001:db8:1:2::/64", nil},
		{"@", "", nil},
	}
	for _, tt := range tests {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tt.peer
		for _, f := range tt.forwarded {
			r.Header.Add("X-Forwarded-For", f)
		}
		if got := addressKey(s.withClientAddress(r).RemoteAddr); got != tt.want {
			t.Errorf("%s for %q: %q, want %q", tt.peer, tt.forwarded, got, tt.want)
		}
	}
}

func TestLimitsAreServed(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Limits = map[string]any{"hub": map[string]int{"queue_bytes": 7}} })
	v := s.want(200, s.do("GET", "/v1/limits", ""))
	if v["feed"].(map[string]any)["post_characters"] != 5000.0 || v["hub"].(map[string]any)["queue_bytes"] != 7.0 ||
		v["rates"].(map[string]any)["posts"].(map[string]any)["count"] != 30.0 || len(v["categories"].([]any)) == 0 {
		t.Errorf("limits: %v", v)
	}
	money := v["payments"].(map[string]any)
	if money["max_tip"] != 20000.0 || money["tips_per_day"] != 500000.0 || money["standard_shares"].(map[string]any)["author"] != 9000.0 || money["providers"].([]any)[0] != "sandbox" {
		t.Errorf("limits of money: %v", money)
	}
	if _, err := build(Options{Limits: map[string]any{"feed": 1}}); err == nil {
		t.Error("a part's limits may hide another's")
	}
}

// What stands in the way of people is to be found in one place.
func TestLimitsOfPeopleAreServed(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	v := s.want(200, s.do("GET", "/v1/limits", ""))
	for part, want := range map[string]map[string]any{
		"identity": {
			"name_characters": 100.0, "document_characters": 40.0, "city_characters": 50.0, "of_characters": 100.0, "note_characters": 500.0, "address_bytes": 254.0,
			"wrong_codes": 5.0, "code_seconds": 1800.0, "staff_seconds": 1209600.0, "belonging_months": 12.0, "items_shown": 50.0,
		},
		"contacts":      {"asks_per_day": 20.0, "accepts_per_day": 10.0, "contacts": 500.0},
		"issuers":       {"events": 500.0, "skew_seconds": 300.0, "event_id_bytes": 100.0},
		"notifications": {"kept_days": 90.0},
	} {
		if got := v[part]; !reflect.DeepEqual(got, any(want)) {
			t.Errorf("limits of %s: %v, want %v", part, got, want)
		}
	}
}
