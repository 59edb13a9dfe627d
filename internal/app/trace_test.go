package app

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"lifecircle/hub/wire"
	"lifecircle/internal/pgtest"
)

// receiver takes traces as collectors do.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	spans []*otlp.Span // guarded by mu
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		var got collector.ExportTraceServiceRequest
		body, err := io.ReadAll(req.Body)
		if err == nil {
			err = proto.Unmarshal(body, &got)
		}
		if err != nil || req.Method != http.MethodPost || req.URL.Path != "/v1/traces" {
			t.Errorf("%s %s: %v", req.Method, req.URL, err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, of := range got.GetResourceSpans() {
			for _, scope := range of.GetScopeSpans() {
				r.spans = append(r.spans, scope.GetSpans()...)
			}
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// named returns the spans of the name.
func (r *receiver) named(name string) (spans []*otlp.Span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.spans {
		if s.GetName() == name {
			spans = append(spans, s)
		}
	}
	return spans
}

// path is the names of the spans from the root of s's trace down to s.
func (r *receiver) path(s *otlp.Span) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := []string{s.GetName()}
	for found := true; found; {
		found = false
		for _, p := range r.spans {
			if string(p.GetSpanId()) == string(s.GetParentSpanId()) && string(p.GetTraceId()) == string(s.GetTraceId()) {
				names, s, found = append([]string{p.GetName()}, names...), p, true
				break
			}
		}
	}
	return strings.Join(names, " > ")
}

func TestAPostIsOneTraceFromRequestToPublication(t *testing.T) {
	t.Parallel()
	traces := newReceiver(t)
	c := settings(t, pgtest.URL(t))
	c.Server.OTLPEndpoint, c.Server.TraceRatio = traces.URL, 1
	var secrets []string
	const text = "what-the-post-says"
	t.Run("server", func(t *testing.T) {
		s := start(t, c)
		people := s.users(t, 1)
		circle := s.circle(t, people[0])
		watching, _ := s.socket(t, people[0].Token, circle.ID, wire.JSON)
		p := s.post(t, people[0], circle.ID, text)
		await(t, watching, "post.created")
		answer, err := watching.RPC(t.Context(), "comment", fmt.Appendf(nil, `{"post_id":%q,"text":%q}`, p.ID, text))
		if err != nil {
			t.Errorf("comment: %s, %v", answer, err)
		}
		await(t, watching, "comment.created")
		_, _ = watching.RPC(t.Context(), text, []byte(`{}`))
		secrets = []string{people[0].ID, people[0].Token, circle.ID, p.ID, text, s.canary.token}
	})

	const http, rpc = "POST /v1/circles/:id/posts > wait for commit > group commit", "RPC comment > wait for commit > group commit"
	published := map[string]int{}
	for _, s := range traces.named("publish") {
		published[traces.path(s)]++
	}
	if len(published) != 2 || published[http+" > publish"] != 1 || published[rpc+" > publish"] != 1 {
		t.Errorf("publications: %v", published)
	}
	commits := 0
	for _, s := range traces.named("COMMIT") {
		if path := traces.path(s); strings.HasPrefix(path, http+" > ") || strings.HasPrefix(path, rpc+" > ") {
			commits++
		}
	}
	if commits != 2 {
		t.Errorf("%d statements COMMIT in the traces of two commits", commits)
	}
	if got := traces.named("RPC _OTHER"); len(got) != 1 {
		t.Errorf("%d spans of an unknown method", len(got))
	}
	for _, s := range traces.spans {
		for _, secret := range secrets {
			if strings.Contains(s.String(), secret) {
				t.Errorf("a span tells %q: %s", secret, s)
			}
		}
	}
}

// TestARatioOfNoneTracesNothing, but what a trusted proxy asks for.
func TestARatioOfNoneTracesNothing(t *testing.T) {
	t.Parallel()
	const wanted = "0af7651916cd43dd8448eb211c80319c"
	traces := newReceiver(t)
	c := settings(t, pgtest.URL(t))
	c.Server.OTLPEndpoint = traces.URL
	t.Run("server", func(t *testing.T) {
		s := start(t, c)
		s.circle(t, s.users(t, 1)[0])
		s.get(t, "00-"+wanted+"-b7ad6b7169203331-01")
	})
	if len(traces.spans) > 0 {
		t.Errorf("%d spans of strangers", len(traces.spans))
	}
	c = settings(t, pgtest.URL(t))
	c.Server.OTLPEndpoint = traces.URL
	c.Server.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	t.Run("proxy", func(t *testing.T) {
		s := start(t, c)
		s.get(t, "00-"+wanted+"-b7ad6b7169203331-00") // which is not recorded
		s.get(t, "00-"+wanted+"-b7ad6b7169203331-01")
	})
	of := traces.named("GET /v1/circles")
	if len(of) != 1 || hex.EncodeToString(of[0].GetTraceId()) != wanted {
		t.Errorf("spans of a proxy's trace: %v", of)
	}
}

// get asks for the circles as a part of a trace.
func (s *server) get(t *testing.T, parent string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/v1/circles", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Traceparent", parent)
	resp, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
}

// TestWithoutACollectorNothingIsTraced: no part is wrapped, so none pays.
func TestWithoutACollectorNothingIsTraced(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, pgtest.URL(t)))
	if s.tracing != nil || s.traceStatements() != nil || s.tracePublications(s.product.node) != any(s.product.node) {
		t.Error("something is traced")
	}
	if s.db.Pool.Config().ConnConfig.Tracer != nil {
		t.Error("statements are traced")
	}
}
