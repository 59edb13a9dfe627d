package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"lifecircle/feed"
	"lifecircle/internal/money"
	"lifecircle/internal/problem"
	"lifecircle/internal/ratelimit"
)

// access says who may call a route.
type access int

const (
	anybody access = iota // credentials are not looked at
	viewer                // a guest or an account: a bad token is refused, none is a guest
	account               // no guests
)

// route is one operation: how it is found, what is checked before its
// handler, and what the document says of it.
type route struct {
	id, method, path, tag string
	summary, about        string

	access access
	status int             // of success; 0: 200, or 204 without a body
	limit  ratelimit.Limit // counted by user; the zero one does not count
	keyed  bool            // reads Idempotency-Key
	paid   bool            // moves money: keyed, and not without a key
	raw    bool            // takes the body as it is, of any type; handlers find it in call
	stream bool            // takes the body as it comes, for as long as that takes; handlers find it in call
	text   bool            // answers with text

	contentType, content string // of a stream: what the document says of it

	dev   bool           // below devArea: exists with Options.Dev only, see follow
	ops   bool           // for operators: neither counted nor given a deadline
	codes []problem.Code // which the handler can answer, beside those of every route

	csv func(echo.Context) error // answers instead where text/csv is asked for; nil: it is not there

	body bool // takes one; found by register
}

func (s *server) newRouter() {
	s.echo = echo.New()
	s.echo.HideBanner, s.echo.HidePort = true, true
	s.echo.HTTPErrorHandler = func(err error, c echo.Context) { s.refuse(c, err) }
	if s.Tracer != nil {
		s.echo.Use(s.traced)
	}
	s.echo.Use(s.follow)
	config := huma.Config{
		OpenAPI:       newDocument(),
		Formats:       map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{fromHuma},
	}
	config.Components.Schemas.RegisterTypeAlias(reflect.TypeFor[money.Input](), reflect.TypeFor[amountInput]())
	s.api = humaecho.New(s.echo, config)
}

// register serves a route. Input and output are described to huma by I and
// O: path, query and header fields, and Body.
func register[I, O any](s *server, rt route, handle func(context.Context, *I) (*O, error)) {
	_, rt.body = reflect.TypeFor[I]().FieldByName("Body")
	op, gate := rt.operation(), s.gateOf(rt)
	op.Middlewares = huma.Middlewares{s.guard(rt)}
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		if err := gate.enter(ctx); err != nil {
			return nil, s.problemOf(ctx, err)
		}
		defer gate.leave() // before the answer is written: a slow client holds no place
		out, err := handle(ctx, in)
		if err != nil {
			return nil, s.problemOf(ctx, err)
		}
		return out, nil
	})
}

// guard is what stands before a handler. The order matters: what is cheap and
// tells nothing comes first, a body is read only for one who may send it.
func (s *server) guard(rt route) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		c := humaecho.Unwrap(hc)
		if !rt.ops {
			if !rt.stream {
				ctx, cancel := context.WithTimeout(c.Request().Context(), requestTime)
				defer cancel()
				c.SetRequest(c.Request().WithContext(ctx))
			}
			c.Response().Header().Set("Cache-Control", "no-store")
		}
		if err := s.admit(c, rt); err != nil {
			s.refuse(c, err)
			return
		}
		if rt.csv != nil && wantsCSV(c.Request()) {
			if err := s.answerCSV(c, rt); err != nil {
				s.refuse(c, err)
			}
			return
		}
		next(jsonOnly{hc})
	}
}

func (s *server) admit(c echo.Context, rt route) (err error) {
	if s.gateOf(rt).crowded() {
		return errCrowded
	}
	r := c.Request()
	if err := checkQuery(r.URL); err != nil {
		return err
	}
	about := callOf(r.Context())
	if !rt.ops {
		if err := ratelimit.Requests.Check(r.Context(), s.Limiter, about.address); err != nil {
			return err
		}
	}
	if err := s.authenticate(r, rt.access); err != nil {
		return err
	}
	if rt.keyed || rt.paid {
		if err := checkKey(r.Header, rt.paid); err != nil {
			return err
		}
	}
	if rt.limit.Name != "" {
		if err := rt.limit.Check(r.Context(), s.Limiter, about.actor.User.String()); err != nil {
			return err
		}
	}
	switch {
	case rt.body:
		return strictBody(c)
	case rt.raw:
		about.raw, err = readBody(c)
	case rt.stream:
		about.stream = flowingBody(c)
	}
	return err
}

// jsonOnly reads and answers JSON however the client spells or wishes it.
type jsonOnly struct{ humaContext }

type humaContext huma.Context // not to be embedded as Context, which is a method

func (j jsonOnly) Unwrap() huma.Context { return j.humaContext }

func (j jsonOnly) Header(name string) string {
	switch name {
	case "Accept":
		return ""
	case "Content-Type": // checked by strictBody; huma would go by its exact spelling
		return "application/json"
	}
	return j.humaContext.Header(name)
}

// authenticate finds out who asks.
func (s *server) authenticate(r *http.Request, who access) error {
	if who == anybody {
		return nil
	}
	token, err := bearer(r.Header.Values("Authorization"))
	if err != nil {
		return err
	}
	about := callOf(r.Context())
	if token != "" {
		claims, err := s.Auth.Verify(r.Context(), token)
		if err != nil {
			return err
		}
		about.actor = feed.Actor{User: claims.UserID}
	}
	if who == account && about.actor.Guest() {
		return problem.New(problem.Unauthorized, "Sign in first.")
	}
	return nil
}

func bearer(headers []string) (string, error) {
	if len(headers) == 0 {
		return "", nil
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	token = strings.TrimSpace(token)
	if len(headers) > 1 || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", problem.New(problem.InvalidToken, "The Authorization header must be: Bearer, and an access token.")
	}
	return token, nil
}

// checkQuery refuses parameters that no database could hold.
func checkQuery(u *url.URL) error {
	if u.RawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return problem.New(problem.MalformedRequest, "The query is not well-formed.")
	}
	for name, values := range query {
		for _, v := range append(values, name) {
			if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
				return problem.New(problem.MalformedRequest, "The query is not valid UTF-8.")
			}
		}
	}
	return nil
}

const maxKeyLength = 255 // characters of an Idempotency-Key

// Idempotent is the part of the input of routes that are keyed. (What is
// embedded in an input must be exported, or huma does not see its fields.)
type Idempotent struct {
	Key string `header:"Idempotency-Key" doc:"1 to 255 printable ASCII characters. The same key and body give the first answer again for 24 hours, another body 422." example:"5f0c2a1e-2f4e-4d3b-9b62-0d6f0a6f6c11"`
}

// PaidOnce is the part of the input of routes that move money.
type PaidOnce struct {
	Key string `header:"Idempotency-Key" required:"true" doc:"1 to 255 printable ASCII characters. The same key and body give the first answer again for ever, a refusal too, and move nothing; another body 422." example:"5f0c2a1e-2f4e-4d3b-9b62-0d6f0a6f6c11"`
}

func checkKey(h http.Header, needed bool) error {
	values := h.Values("Idempotency-Key")
	switch {
	case len(values) == 0 && needed:
		return problem.New(problem.IdempotencyKeyNeeded, "Moving money takes an Idempotency-Key, so that a repeated request moves it once.")
	case len(values) == 0:
		return nil
	}
	bad := problem.New(problem.IdempotencyKeyBad, "Idempotency-Key must be one value of 1 to %d printable ASCII characters.", maxKeyLength)
	if len(values) > 1 || values[0] == "" || len(values[0]) > maxKeyLength {
		return bad
	}
	for _, b := range []byte(values[0]) {
		if b < ' ' || b > '~' {
			return bad
		}
	}
	return nil
}

// reply is an answer with a body.
type reply[T any] struct{ Body T }

// created is the answer to a POST that made something, with its place.
type created[T any] struct {
	Location string `header:"Location" doc:"the path of what was made"`
	Body     T
}

// noBody is the answer 204.
type noBody struct{}

// nothing is the input of a route without any.
type nothing struct{}

// answer makes a reply of what a service returned.
func answer[T any](v T, err error) (*reply[T], error) {
	if err != nil {
		return nil, err
	}
	return &reply[T]{Body: v}, nil
}

// Paged is the part of the input of every list.
type Paged struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"at most so many items"`
	Cursor string `query:"cursor" doc:"next_cursor of the page before; absent: the first page"`
}

func (p Paged) query() feed.PageQuery { return feed.PageQuery{Limit: p.Limit, Cursor: p.Cursor} }
