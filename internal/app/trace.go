package app

import (
	"context"
	"errors"
	"slices"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"lifecircle/hub"
	"lifecircle/internal/obs"
	"lifecircle/internal/socketapi"
)

// openTracing begins to send traces if the settings say where to. Otherwise
// there is no tracer anywhere, and nothing is paid for one.
func (a *App) openTracing(ctx context.Context) (err error) {
	s := a.Config.Server
	if s.OTLPEndpoint == "" {
		return nil
	}
	a.tracing, err = obs.OpenTracing(ctx, obs.TraceOptions{
		Endpoint: s.OTLPEndpoint, Ratio: s.TraceRatio, Version: a.Version.Version, Log: a.Log,
	})
	if err != nil {
		return err
	}
	a.onClose(func() error { return a.tracing.Close(ctx) })
	return nil
}

// traceStatements makes spans of statements that belong to a trace: their text,
// without the values.
func (a *App) traceStatements() pgx.QueryTracer {
	if a.tracing == nil {
		return nil
	}
	return otelpgx.NewTracer(otelpgx.WithTracerProvider(a.tracing.Provider()), otelpgx.WithDisableConnectionDetailsInAttributes())
}

// traceCalls makes spans of the calls of clients.
func (a *App) traceCalls(h hub.Handler) hub.Handler {
	if a.tracing == nil {
		return h
	}
	return tracedHandler{h, a.tracing.Tracer()}
}

// tracePublications makes spans of publications that belong to a trace.
func (a *App) tracePublications(n socketapi.Node) socketapi.Node {
	if a.tracing == nil {
		return n
	}
	return tracedNode{n, a.tracing.Tracer()}
}

type tracedHandler struct {
	hub.Handler
	tracer trace.Tracer
}

// methods are those whose names may stand in a span.
var methods = []string{"post", "like", "unlike", "comment", "tip"}

// RPC implements hub.Handler.
func (h tracedHandler) RPC(ctx context.Context, c *hub.Client, method string, data []byte) ([]byte, error) {
	name := method
	if !slices.Contains(methods, name) {
		name = "_OTHER"
	}
	ctx, span := h.tracer.Start(ctx, "RPC "+name, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.String("rpc.method", name)))
	defer span.End()
	answer, err := h.Handler.RPC(ctx, c, method, data)
	if refused := (*hub.Error)(nil); errors.As(err, &refused) {
		span.SetAttributes(attribute.Int("lifecircle.rpc.error", int(refused.Code)))
	}
	return answer, err
}

type tracedNode struct {
	socketapi.Node
	tracer trace.Tracer
}

// Publish implements socketapi.Node.
func (n tracedNode) Publish(ctx context.Context, channel string, p hub.Publication) error {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return n.Node.Publish(ctx, channel, p)
	}
	ctx, span := n.tracer.Start(ctx, "publish", trace.WithSpanKind(trace.SpanKindProducer))
	defer span.End()
	return n.Node.Publish(ctx, channel, p)
}
