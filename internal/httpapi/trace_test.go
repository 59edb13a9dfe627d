package httpapi

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// spansOf is a recorder of the spans of a site that is changed to be traced.
func spansOf(o *Options) *tracetest.SpanRecorder {
	spans := tracetest.NewSpanRecorder()
	o.Tracer = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test")
	return spans
}

func TestRequestsAreTraced(t *testing.T) {
	t.Parallel()
	var spans *tracetest.SpanRecorder
	s := newSite(t, func(o *Options) {
		spans = spansOf(o)
		o.Feed = broken{o.Feed, nil} // its one method panics
	})
	const secret = "secret-of-the-caller"
	for _, c := range []struct {
		method, target, name string
		status               int
		failed               bool
		headers              []header
	}{
		{"GET", "/v1/circles?cursor=" + secret, "GET /v1/circles", 400, false, nil},
		{"GET", "/v1/circles/" + secret, "GET /v1/circles/:id", 401, false, []header{bearing(secret)}},
		{"GET", "/" + secret, "GET", 404, false, nil},
		{strings.ToUpper(secret), "/v1/circles", "_OTHER /v1/circles", 405, false, nil},
		{"GET", "/v1/users/0000000000002", "GET /v1/users/:id", 500, true, nil},
	} {
		s.request(c.method, c.target, append(c.headers, header{"User-Agent", secret}, header{"Baggage", "a=" + secret})...)
		span := spans.Ended()[len(spans.Ended())-1]
		if span.Name() != c.name || (span.Status().Code == codes.Error) != c.failed {
			t.Errorf("%s %s: span %q, %v", c.method, c.target, span.Name(), span.Status())
		}
		status := 0
		for _, a := range span.Attributes() {
			if strings.Contains(strings.ToLower(a.Value.String()), secret) {
				t.Errorf("%s %s: %s tells %s", c.method, c.target, a.Key, a.Value.String())
			}
			if a.Key == "http.response.status_code" {
				status = int(a.Value.AsInt64())
			}
		}
		if status != c.status {
			t.Errorf("%s %s: status %d", c.method, c.target, status)
		}
	}
}

// Only a trusted proxy's trace is gone on with.
func TestWhoseTracesAreGoneOnWith(t *testing.T) {
	t.Parallel()
	const trace = "0af7651916cd43dd8448eb211c80319c"
	parent := header{"Traceparent", "00-" + trace + "-b7ad6b7169203331-01"}
	for trusted, joined := range map[string]bool{"192.0.2.0/24": true, "10.0.0.0/8": false} { // httptest's peer is 192.0.2.1
		var spans *tracetest.SpanRecorder
		s := newSite(t, func(o *Options) {
			spans = spansOf(o)
			o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(trusted)}
		})
		s.request("GET", "/v1/circles", parent, header{"X-Forwarded-For", "10.1.1.1"}) // whom it speaks for does not matter
		if got := spans.Ended()[0].SpanContext().TraceID().String() == trace; got != joined {
			t.Errorf("%s trusted: joined the caller's trace: %v", trusted, got)
		}
		if slices.ContainsFunc(spans.Ended(), func(s sdktrace.ReadOnlySpan) bool { return s.Parent().IsRemote() != joined }) {
			t.Errorf("%s trusted: parent %v", trusted, spans.Ended()[0].Parent())
		}
	}
}
