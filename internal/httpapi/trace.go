package httpapi

import (
	"net/http"
	"net/netip"
	"slices"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// traceContext is the only thing that is read of what a caller sends about his
// trace: no baggage, which would be his text in our spans.
var traceContext propagation.TraceContext

// traced makes a span of each request, sockets left aside. Its attributes are
// those that metrics have: no path, query, address or header, in which there
// are ids and tokens.
func (s *server) traced(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		method := r.Method
		if !slices.Contains(knownMethods, method) {
			method = "_OTHER"
		}
		name := method
		if route := c.Path(); route != "" {
			name += " " + route
		}
		ctx := traceContext.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := s.Tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		c.SetRequest(r.WithContext(ctx))
		err := next(c)
		if span.IsRecording() {
			status := c.Response().Status
			span.SetAttributes(attribute.String("http.request.method", method), attribute.String("http.route", c.Path()),
				attribute.Int("http.response.status_code", status))
			if status >= http.StatusInternalServerError {
				span.SetStatus(codes.Error, "")
			}
		}
		return err
	}
}

var knownMethods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// forgetForeignTrace leaves the traces of trusted proxies alone. Anybody else
// could have all his requests recorded, or put them into the traces of others.
func (s *server) forgetForeignTrace(r *http.Request) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err == nil && s.trusted(peer.Addr()) {
		return
	}
	for _, name := range traceContext.Fields() {
		r.Header.Del(name)
	}
}
