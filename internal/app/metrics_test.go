package app

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lifecircle/hub/hubtest/redisserver"
	"lifecircle/hub/wire"
	"lifecircle/internal/config"
	"lifecircle/internal/pgtest"
)

// shown is what /metrics tells: types by name, and values by name and labels.
type shown struct {
	types  map[string]string
	values map[string]float64
}

func (s *server) metricsShown(t *testing.T) shown {
	t.Helper()
	resp, err := s.http.Get("http://" + s.ops.Addr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	m := shown{map[string]string{}, map[string]float64{}}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		line := lines.Text()
		if about, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, kind, _ := strings.Cut(about, " ")
			m.types[name] = kind
		} else if at := strings.LastIndexByte(line, ' '); !strings.HasPrefix(line, "#") && at > 0 {
			var v float64
			if _, err := fmt.Sscan(line[at+1:], &v); err != nil {
				t.Errorf("%s: %v", line, err)
			}
			m.values[line[:at]] = v
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return m
}

// used runs a server with Redis in which everything has happened that a metric
// waits for.
func used(t *testing.T) *server {
	t.Helper()
	redis := redisserver.Start(t)
	c := settings(t, pgtest.URL(t))
	c.Server.RedisURL = config.Secret(redis.URL())
	s := start(t, c)
	author := s.users(t, 1)[0]
	circle := s.circle(t, author)
	first, at := s.socket(t, "", circle.ID, wire.JSON)
	s.post(t, author, circle.ID, "hello")
	await(t, first, "post.created")
	second, _ := s.socket(t, "", s.circle(t, author).ID, wire.JSON)
	if r, err := second.Recover(t.Context(), "circle:"+circle.ID, at.Offset, at.Epoch); err != nil || !r.Recovered {
		t.Fatalf("recovery: %+v, %v", r, err)
	}
	if r, err := second.Recover(t.Context(), "circle:"+s.circle(t, author).ID, 0, "another"); err != nil || r.Recovered {
		t.Fatalf("recovery: %+v, %v", r, err)
	}
	return s
}

func TestMetricsTellWhatHappened(t *testing.T) {
	t.Parallel()
	s := used(t)
	want := map[string]float64{
		"lifecircle_clients":                                1 + 1, // the canary is none
		"lifecircle_subscriptions":                          4,
		"lifecircle_commit_to_wire_seconds_count":           1,
		`lifecircle_recoveries_total{result="recovered"}`:   1,
		`lifecircle_recoveries_total{result="unrecovered"}`: 1,
		`lifecircle_group_commit_items_count{lane="feed"}`:  1,
		`lifecircle_group_commit_items_sum{lane="feed"}`:    1,
		`lifecircle_http_request_seconds_count{method="POST",route="/v1/circles/:id/posts",status="201"}`: 1,
		"lifecircle_redis_up":                   1,
		"lifecircle_gaps_filled_total":          0,
		`lifecircle_build_info{version="test"}`: 1,
	}
	s.until(t, func() bool { // a fan-out is told when it is done, which its client may know first
		m := s.metricsShown(t)
		return m.values["lifecircle_commit_to_wire_seconds_count"] > 0 && m.values["lifecircle_clients"] == 2 &&
			m.values["lifecircle_canary_seconds_count"] > 0
	})
	m := s.metricsShown(t)
	for name, v := range want {
		if got, there := m.values[name]; !there || got != v {
			t.Errorf("%s is %v (%v), want %v", name, got, there, v)
		}
	}
	if m.values["lifecircle_deliveries_total"] < 1 { // viewer numbers are among them
		t.Error("no deliveries")
	}
	for name, kind := range m.types {
		if strings.HasPrefix(name, "lifecircle_") && strings.HasSuffix(name, "_total") != (kind == "counter") {
			t.Errorf("%s is a %s", name, kind)
		}
	}
}

// metricNames finds the metrics in an expression of PromQL.
var metricNames = regexp.MustCompile(`\b(?:lifecircle|go|process|promhttp)_[a-z0-9_]+`)

// expressions returns those of the dashboard and of the operators' page.
func expressions(t *testing.T) []string {
	t.Helper()
	var (
		all  []string
		walk func(any)
	)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, member := range v {
				if text, ok := member.(string); ok && (name == "expr" || name == "definition") {
					all = append(all, text)
				}
				walk(member)
			}
		case []any:
			for _, member := range v {
				walk(member)
			}
		}
	}
	walk(dashboard(t))
	if len(all) < 30 {
		t.Errorf("only %d expressions in the dashboard", len(all))
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "operating.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, alerts, found := strings.Cut(string(page), "```promql\n")
	if !found {
		t.Error("no alerts on the operators' page")
	}
	alerts, _, _ = strings.Cut(alerts, "```")
	return append(all, alerts)
}

func dashboard(t *testing.T) (d map[string]any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "grafana.json"))
	if err == nil {
		err = json.Unmarshal(raw, &d)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestTheDashboardShowsWhatThereIs, and so does the page for operators.
func TestTheDashboardShowsWhatThereIs(t *testing.T) {
	t.Parallel()
	m := used(t).metricsShown(t)
	named := map[string]bool{}
	for _, e := range expressions(t) {
		for _, name := range metricNames.FindAllString(e, -1) {
			family := name
			for _, part := range []string{"_bucket", "_sum", "_count"} {
				if of, ok := strings.CutSuffix(name, part); ok && m.types[of] == "histogram" {
					family = of
				}
			}
			if m.types[family] == "" || m.types[family] == "histogram" && family == name {
				t.Errorf("there is no %s, which is used in %.300s", name, e)
			}
			named[family] = true
		}
	}
	for name := range m.types {
		if strings.HasPrefix(name, "lifecircle_") && !named[name] {
			t.Errorf("nobody sees %s", name)
		}
	}
	panels, _ := dashboard(t)["panels"].([]any)
	var ids []float64
	for _, p := range panels {
		panel := p.(map[string]any)
		id, _ := panel["id"].(float64)
		if targets, _ := panel["targets"].([]any); id == 0 || slices.Contains(ids, id) || len(targets) == 0 && panel["type"] != "row" {
			t.Errorf("panel %v: %v", id, panel["title"])
		}
		ids = append(ids, id)
	}
}

// TestOperatorsDoorsAreNotPublic: profiles and metrics are on the operators'
// address alone.
func TestOperatorsDoorsAreNotPublic(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, pgtest.URL(t)))
	ops := &server{url: "http://" + s.ops.Addr().String(), http: s.http}
	for _, path := range []string{
		"/metrics", "/debug/pprof/", "/debug/pprof/goroutine", "/debug/pprof/heap", "/debug/pprof/cmdline", "/debug/pprof/symbol", "/debug/pprof/profile?seconds=0", "/debug/pprof/trace?seconds=0",
	} {
		if status := s.status(t, path); status != http.StatusNotFound {
			t.Errorf("%s in public: %d", path, status)
		}
		if strings.Contains(path, "seconds") {
			continue // takes its time
		}
		if status := ops.status(t, path); status != http.StatusOK {
			t.Errorf("%s for operators: %d", path, status)
		}
	}
	for _, path := range []string{"/", "/readyz", "/v1/circles", "/connection/websocket"} {
		if status := ops.status(t, path); status != http.StatusNotFound {
			t.Errorf("%s at the operators' address: %d", path, status)
		}
	}
}
