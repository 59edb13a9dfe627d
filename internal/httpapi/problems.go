package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"

	"lifecircle/internal/pg"
	"lifecircle/internal/problem"
)

// Problem is the body of every refusal, application/problem+json (RFC 9457).
type Problem struct {
	Type   string           `json:"type" doc:"about:blank: the code says which problem it is" example:"about:blank"`
	Title  string           `json:"title" doc:"the status in words" example:"Not Found"`
	Status int              `json:"status" example:"404"`
	Detail string           `json:"detail" doc:"one sentence for people" example:"This circle does not exist."`
	Code   problem.Code     `json:"code" doc:"stable; programs go by it" example:"circle_not_found"`
	Errors []problem.Field  `json:"errors,omitempty" doc:"each bad value and its place"`
	Rule   []problem.Clause `json:"rule,omitempty" doc:"for a refused action: which clause, what you have, what is needed"`

	retryAfter time.Duration
}

const problemType = "application/problem+json"

func (p *Problem) Error() string { return string(p.Code) }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return problemType }

// GetHeaders implements huma.HeadersError: what the status asks for.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	switch p.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(p.retryAfter.Seconds())))))
	}
	return h
}

func document(p *problem.Problem) *Problem {
	d := &Problem{
		Type: "about:blank", Title: http.StatusText(p.Status()), Status: p.Status(), Detail: p.Detail,
		Code: p.Code, Errors: p.Fields, Rule: p.Rule, retryAfter: p.RetryAfter,
	}
	if d.Detail == "" {
		d.Detail = d.Title + "."
	}
	return d
}

var errNoRoute = problem.New(problem.NotFound, "There is nothing at this address.")

// problemOf returns what may be said of an error outside. What is no problem,
// and why something is unavailable, is logged here, where its journey ends.
func (s *server) problemOf(ctx context.Context, err error) *Problem {
	p := problem.From(err)
	_, bare := err.(*problem.Problem) //nolint:errorlint // the question is whether there is a cause around it
	if p != nil && (bare || p.Code != problem.Unavailable) {
		return document(p)
	}
	if he := (*echo.HTTPError)(nil); errors.As(err, &he) {
		switch he.Code {
		case http.StatusNotFound:
			return document(errNoRoute)
		case http.StatusMethodNotAllowed:
			return document(problem.New(problem.MethodNot, "This address does not know this method."))
		}
	}
	gone := errors.Is(err, context.Canceled) && ctx.Err() != nil // the client: nobody reads the answer
	if p != nil || gone || errors.Is(err, context.DeadlineExceeded) || pg.IsUnavailable(err) {
		level := slog.LevelWarn
		if gone {
			level = slog.LevelDebug
		}
		s.Log.Log(ctx, level, "request not served", slog.String("request", callOf(ctx).id), slog.Any("error", err))
		if p == nil {
			p = &problem.Problem{Code: problem.Unavailable, Detail: "This cannot be answered at the moment.", RetryAfter: time.Second}
		}
		return document(p)
	}
	s.Log.ErrorContext(ctx, "request failed", slog.String("request", callOf(ctx).id), slog.Any("error", err))
	return document(problem.New(problem.Internal, "Something went wrong here; X-Request-Id names it in our log."))
}

// refuse answers with the error's problem. If an answer has begun it is cut
// off, so that nobody takes a part for the whole.
func (s *server) refuse(c echo.Context, err error) {
	p := s.problemOf(c.Request().Context(), err)
	if c.Response().Committed {
		panic(http.ErrAbortHandler)
	}
	writeProblem(c.Response(), p)
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	h := w.Header()
	for k, v := range p.GetHeaders() {
		h[k] = v
	}
	h.Set("Content-Type", problemType)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.MarshalWrite(w, p, jsonOut) // fails with the connection only
}

// fromHuma turns the faults that huma found into the same document.
func fromHuma(_ huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := &problem.Problem{Code: codeOf(e.Status), Detail: "The request is not as the API describes it."}
	for _, d := range e.Errors {
		p.Fields = append(p.Fields, problem.Field{Location: d.Location, Message: d.Message, Code: fieldCode(d.Message)})
	}
	if len(p.Fields) > 0 {
		p.Detail = strings.Trim(p.Fields[0].Location+": "+p.Fields[0].Message+".", ": ")
	}
	d := document(p)
	d.Status, d.Title = e.Status, http.StatusText(e.Status) // the status line is already settled
	return d, nil
}

// codeOf names the statuses that huma answers with by itself.
func codeOf(status int) problem.Code {
	switch status {
	case http.StatusUnprocessableEntity:
		return problem.Invalid_
	case http.StatusRequestEntityTooLarge:
		return problem.BodyTooLarge
	case http.StatusUnsupportedMediaType:
		return problem.BadContentType
	case http.StatusBadRequest:
		return problem.MalformedJSON
	case http.StatusRequestTimeout:
		return problem.MalformedRequest
	default:
		return problem.Internal
	}
}

// fieldCode tells apart the faults of one value.
func fieldCode(message string) string {
	switch {
	case strings.HasPrefix(message, "expected required property"), strings.HasPrefix(message, "required "):
		return "required"
	case message == "unexpected property":
		return "unknown_field"
	default:
		return string(problem.Invalid_)
	}
}
