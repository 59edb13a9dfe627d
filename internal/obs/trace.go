package obs

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const (
	tracePath     = "/v1/traces" // of OTLP over HTTP, if the endpoint names no other
	maxSpans      = 2048         // waiting for the collector; beyond it further ones are left out
	maxLinks      = 256          // of a span: the items of a large group commit
	maxAttribute  = 2048         // bytes of a value
	traceFarewell = 3 * time.Second
)

// TraceOptions say where traces go.
type TraceOptions struct {
	Endpoint string  // http or https address of a collector that takes OTLP
	Ratio    float64 // of the traces that begin here which are kept, 0 to 1
	Version  string  // of this program
	Log      *slog.Logger
}

// Tracing sends spans to a collector. A nil Tracing is off.
type Tracing struct{ provider *sdktrace.TracerProvider }

// OpenTracing begins to send spans. The collector need not be there: spans that
// it does not take are lost and delay nobody. What else OpenTelemetry reads
// from the environment (OTEL_EXPORTER_OTLP_HEADERS, OTEL_RESOURCE_ATTRIBUTES
// ...) holds, too. The caller must Close it.
func OpenTracing(ctx context.Context, o TraceOptions) (*Tracing, error) {
	to, err := url.Parse(o.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("read the address for traces: %w", err)
	}
	if to.Path == "" || to.Path == "/" {
		to.Path = tracePath
	}
	sender, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(to.String()))
	if err != nil {
		return nil, fmt.Errorf("send traces to %s: %w", to.Host, err)
	}
	about, err := resource.New(ctx, resource.WithAttributes(
		attribute.String("service.name", "lifecircle"), attribute.String("service.version", o.Version)), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("describe this node for traces: %w", err)
	}
	limits := sdktrace.NewSpanLimits()
	limits.LinkCountLimit, limits.AttributeValueLengthLimit = maxLinks, maxAttribute
	return &Tracing{sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(&exporter{SpanExporter: sender, log: o.Log}, sdktrace.WithMaxQueueSize(maxSpans)),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(o.Ratio))),
		sdktrace.WithRawSpanLimits(limits), sdktrace.WithResource(about),
	)}, nil
}

// Provider makes tracers for libraries. It is nil if tracing is off.
func (t *Tracing) Provider() trace.TracerProvider {
	if t == nil {
		return nil
	}
	return t.provider
}

// Tracer makes the spans of this program. It is nil if tracing is off.
func (t *Tracing) Tracer() trace.Tracer {
	if t == nil {
		return nil
	}
	return t.provider.Tracer("lifecircle")
}

// Close sends what waits, for a short time at most.
func (t *Tracing) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), traceFarewell)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("end the traces: %w", err)
	}
	return nil // a collector that is away has been logged
}

// exporter says in the log that the collector takes no spans, and that it does
// again; the library would write to standard error, each time.
type exporter struct {
	sdktrace.SpanExporter
	log     *slog.Logger
	failing atomic.Bool
}

// ExportSpans implements sdktrace.SpanExporter. It never fails.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	switch was := e.failing.Swap(err != nil); {
	case err != nil && !was:
		e.log.Warn("traces are not taken and are lost", "err", err)
	case err == nil && was:
		e.log.Info("traces are taken again")
	}
	return nil
}
