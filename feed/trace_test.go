package feed_test

import (
	"context"
	"slices"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"lifecircle/feed"
	"lifecircle/internal/groupcommit"
)

// TestABatchIsTracedWithTheRequestsThatAreInIt: it is a part of the first one's
// trace, is linked to the others, and is what its events come from.
func TestABatchIsTracedWithTheRequestsThatAreInIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	author := w.people(1)[0]
	circle := w.circle(author)
	spans := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test")
	s, err := feed.New(t.Context(), w.pool, feed.Options{Audience: w.ears, Tracer: tracer, Commit: groupcommit.Options{Lanes: 1}})
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	post := func(ctx context.Context) func() {
		return func() {
			if _, err := s.CreatePost(ctx, author, circle, feed.NewPost{Text: "hello"}, ""); err != nil {
				t.Error(err)
			}
		}
	}
	first, one := tracer.Start(t.Context(), "first")
	second, other := tracer.Start(t.Context(), "second")
	waiting := waiting{s, w}
	done := waiting.queue(post(t.Context()), post(first), post(second))
	waiting.start()
	done()

	named := map[string][]sdktrace.ReadOnlySpan{}
	for _, span := range spans.Ended() {
		named[span.Name()] = append(named[span.Name()], span)
	}
	waits, batches := named["wait for commit"], named["group commit"]
	if len(waits) != 2 || len(batches) != 1 {
		t.Fatalf("spans: %v", named)
	}
	batch := batches[0]
	if of := batch.SpanContext().TraceID(); of != one.SpanContext().TraceID() {
		t.Error("the batch is not in the first request's trace")
	}
	wait := slices.IndexFunc(waits, func(s sdktrace.ReadOnlySpan) bool { return s.Parent().SpanID() == other.SpanContext().SpanID() })
	if wait < 0 || !linked(batch, waits[wait]) || !linked(waits[wait], batch) {
		t.Errorf("the second request and the batch are not linked: %v", named)
	}
	for _, e := range w.ears.heard() {
		if e.At.Before(begin) || e.At.After(time.Now()) || e.Cause.SpanID() != batch.SpanContext().SpanID() {
			t.Errorf("event at %s, of %s", e.At, e.Cause.SpanID())
		}
		if got := trace.SpanContextFromContext(e.Traced(t.Context())); got.SpanID() != e.Cause.SpanID() {
			t.Errorf("the event is traced as %s", got.SpanID())
		}
	}
}

func linked(from, to sdktrace.ReadOnlySpan) bool {
	return slices.ContainsFunc(from.Links(), func(l sdktrace.Link) bool { return l.SpanContext.SpanID() == to.SpanContext().SpanID() })
}

// Untraced, nothing is paid for traces.
func TestNoTraceCostsNothing(t *testing.T) {
	w := newWorld(t, 1)
	on, err := feed.New(t.Context(), w.pool, feed.Options{Tracer: sdktrace.NewTracerProvider().Tracer("test")})
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*feed.Service{"off": w.service(), "a request that is not traced": on} {
		if n := testing.AllocsPerRun(100, func() { s.TraceNothing(t.Context()) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
