package feed

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// traceWait begins the span of a command from its queueing to its answer, for
// the caller to end. It is nil, and costs nothing, unless ctx is of a request
// that is traced.
func (s *Service) traceWait(ctx context.Context) trace.Span {
	if s.tracer == nil || !trace.SpanFromContext(ctx).IsRecording() {
		return nil
	}
	_, span := s.tracer.Start(ctx, "wait for commit")
	return span
}

// traceBatch begins the span of a batch that holds traced commands; it is nil
// if there are none. The batch is a part of the first one's trace, and it and
// the waits of the others link to each other.
func (s *Service) traceBatch(ctx context.Context, commands []*command) (context.Context, trace.Span) {
	var waits []trace.Span
	for _, c := range commands {
		if c.span != nil {
			waits = append(waits, c.span)
		}
	}
	if len(waits) == 0 {
		return ctx, nil
	}
	links := make([]trace.Link, len(waits)-1)
	for i, other := range waits[1:] {
		links[i] = trace.Link{SpanContext: other.SpanContext()}
	}
	ctx, span := s.tracer.Start(trace.ContextWithSpan(ctx, waits[0]), "group commit",
		trace.WithLinks(links...), trace.WithAttributes(attribute.Int("lifecircle.commit.items", len(commands))))
	for _, other := range waits[1:] {
		other.AddLink(trace.Link{SpanContext: span.SpanContext()})
	}
	return ctx, span
}
