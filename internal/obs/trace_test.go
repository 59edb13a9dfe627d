package obs

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTracesReachTheCollector(t *testing.T) {
	t.Parallel()
	var (
		away     atomic.Bool
		mu       sync.Mutex // guards the following
		path     string
		resource = map[string]string{}
		names    []string
	)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() {
			w.WriteHeader(http.StatusBadRequest) // nothing that is tried again
			return
		}
		body, _ := io.ReadAll(r.Body)
		var got collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &got); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		path = r.URL.Path
		for _, rs := range got.GetResourceSpans() {
			for _, a := range rs.GetResource().GetAttributes() {
				resource[a.GetKey()] = a.GetValue().GetStringValue()
			}
			for _, ss := range rs.GetScopeSpans() {
				for _, s := range ss.GetSpans() {
					names = append(names, s.GetName())
				}
			}
		}
	}))
	defer receiver.Close()
	var log bytes.Buffer
	tracing, err := OpenTracing(t.Context(), TraceOptions{
		Endpoint: receiver.URL, Ratio: 1, Version: "v1.2.3", Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	tell := func(name string) {
		_, span := tracing.Tracer().Start(t.Context(), name)
		span.End()
		if err := tracing.provider.ForceFlush(t.Context()); err != nil {
			t.Error(err)
		}
	}
	tell("one")
	away.Store(true)
	tell("lost")
	tell("lost as well")
	away.Store(false)
	tell("two")
	if _, span := tracing.Provider().Tracer("").Start(t.Context(), "at the end"); true {
		span.End()
	}
	if err := tracing.Close(t.Context()); err != nil {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if got := strings.Join(names, ", "); got != "one, two, at the end" || path != tracePath ||
		resource["service.name"] != "lifecircle" || resource["service.version"] != "v1.2.3" {
		t.Errorf("spans %s at %s from %v", got, path, resource)
	}
	if lines := log.String(); strings.Count(lines, "\n") != 2 || strings.Count(lines, "are lost") != 1 || strings.Count(lines, "taken again") != 1 {
		t.Errorf("logged %s", lines)
	}
}

// TestACollectorThatIsAwayHoldsNobodyUp: not the start, no span, and not the end for long.
func TestACollectorThatIsAwayHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	tracing, err := OpenTracing(t.Context(), TraceOptions{Endpoint: "http://127.0.0.1:1/other/path", Ratio: 1, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	for range 2 * maxSpans {
		_, span := tracing.Tracer().Start(t.Context(), "lost")
		span.End()
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("spans took %s", took)
	}
	if err := tracing.Close(t.Context()); err != nil || time.Since(begin) > 2*time.Second+traceFarewell {
		t.Errorf("closed after %s: %v", time.Since(begin), err)
	}
}

func TestTracingIsOffWithoutAPlace(t *testing.T) {
	t.Parallel()
	var off *Tracing
	if off.Tracer() != nil || off.Provider() != nil {
		t.Error("there are tracers without tracing")
	}
}
