package httpapi

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/problem"
)

const (
	bearerScheme = "bearer"
	codesKey     = "x-problem-codes" // on an operation: what it can answer
)

func newDocument() *huma.OpenAPI {
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Life Circle", Version: "1",
			Description: "Circles, posts, likes, comments and tips. What happens is told live on the socket at " + socketPath +
				" (the Centrifuge client protocol).\n\nIds are opaque strings. Times are RFC 3339 in UTC. Amounts are whole fen. Lists are read with limit and cursor. " +
				"Every refusal is a problem document (RFC 9457) with a stable code; a client that does not know a code goes by the status.",
		},
		Components: &huma.Components{
			Schemas: huma.NewMapRegistry("#/components/schemas/", schemaName),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				bearerScheme: {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "The access_token of register, login or refresh."},
			},
		},
		Tags: []*huma.Tag{
			{Name: "auth", Description: "Accounts and sessions"},
			{Name: "people", Description: "Profiles"},
			{Name: "credit", Description: "Scores, why they are what they are, and what to do about it"},
			{Name: "circles", Description: "Circles, who follows them and who has a role"},
			{Name: "rules", Description: "Who may do what in a circle"},
			{Name: "posts", Description: "Posts and likes"},
			{Name: "comments", Description: "Comments"},
			{Name: "photos", Description: "Photos for posts: one request, or uploads that go on after a cut (tus 1.0.0). Their files are served below /media/, for ever the same."},
			{Name: "tips", Description: "Tips, how they are shared, and giving them back"},
			{Name: "wallet", Description: "Wallets: topping up, withdrawing, limits and statements"},
			{Name: "providers", Description: "Doors for payment providers"},
			{Name: "ops", Description: "Operation, and what clients should know of it"},
			{Name: "dev", Description: "Doors for tests, open with --dev only"},
		},
	}
}

// schemaName names a type in the document: those of the score model after what
// they are of, since payments have parts, too.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.PkgPath() == reflect.TypeFor[model.Part]().PkgPath() {
		return "Score" + name
	}
	return name
}

// operation describes a route to huma.
func (rt route) operation() huma.Operation {
	codes := rt.allCodes()
	op := huma.Operation{
		OperationID: rt.id, Method: rt.method, Path: rt.path, Tags: []string{rt.tag}, Summary: rt.summary, Description: rt.about,
		DefaultStatus: rt.status, BodyReadTimeout: -1, // bodies are in memory by then, see strictBody
		Responses:  map[string]*huma.Response{},
		Extensions: map[string]any{codesKey: codes},
	}
	switch rt.access {
	case viewer:
		op.Security = []map[string][]string{{}, {bearerScheme: {}}}
	case account:
		op.Security = []map[string][]string{{bearerScheme: {}}}
	case anybody:
	}
	for _, c := range codes {
		describeError(op.Responses, c)
	}
	text := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	if rt.raw {
		op.RequestBody = &huma.RequestBody{Description: "as it is sent", Content: map[string]*huma.MediaType{"*/*": {Schema: &huma.Schema{}}}}
	}
	if rt.contentType != "" {
		op.RequestBody = &huma.RequestBody{Description: rt.content, Content: map[string]*huma.MediaType{rt.contentType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}
	}
	if rt.text {
		op.Responses["200"] = &huma.Response{Content: map[string]*huma.MediaType{"text/plain": text}}
	}
	if rt.csv != nil {
		op.Responses["200"] = &huma.Response{Content: map[string]*huma.MediaType{"application/json": {}, "text/csv": text}}
	}
	return op
}

// allCodes adds what is checked before the handler, sorted by status and name.
func (rt route) allCodes() []problem.Code {
	codes := append([]problem.Code{problem.MalformedRequest, problem.Unavailable, problem.Internal}, rt.codes...)
	if !rt.ops {
		codes = append(codes, problem.RateLimited, problem.Overloaded)
	}
	if rt.access != anybody {
		codes = append(codes, problem.InvalidToken, problem.TokenExpired)
	}
	if rt.access == account {
		codes = append(codes, problem.Unauthorized)
	}
	if rt.body {
		codes = append(codes, problem.MalformedJSON, problem.BodyTooLarge, problem.BadContentType, problem.Invalid_)
	}
	if rt.raw {
		codes = append(codes, problem.BodyTooLarge)
	}
	if rt.paid {
		codes = append(codes, problem.IdempotencyKeyNeeded)
	}
	if rt.keyed || rt.paid {
		codes = append(codes, problem.IdempotencyKeyBad, problem.IdempotencyKeyReused, problem.IdempotencyBusy)
	}
	if rt.dev {
		codes = append(codes, problem.NotFound)
	}
	if slices.Contains(rt.codes, problem.BadCursor) {
		codes = append(codes, problem.Invalid_) // limit
	}
	slices.SortFunc(codes, func(a, b problem.Code) int {
		if d := problem.Status(a) - problem.Status(b); d != 0 {
			return d
		}
		return strings.Compare(string(a), string(b))
	})
	return slices.Compact(codes)
}

func describeError(responses map[string]*huma.Response, c problem.Code) {
	status := strconv.Itoa(problem.Status(c))
	r := responses[status]
	if r != nil {
		r.Description += ", " + string(c)
		return
	}
	r = &huma.Response{
		Description: http.StatusText(problem.Status(c)) + ": " + string(c),
		Content:     map[string]*huma.MediaType{problemType: {Schema: &huma.Schema{Ref: "#/components/schemas/Problem"}}},
	}
	switch problem.Status(c) {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		r.Headers = map[string]*huma.Param{"Retry-After": {Description: "seconds to wait", Schema: &huma.Schema{Type: huma.TypeInteger}}}
	}
	responses[status] = r
}

// finishDocument completes what the routes have described and returns it.
func (s *server) finishDocument() ([]byte, error) {
	doc := s.api.OpenAPI()
	doc.Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "")
	delete(doc.Components.Schemas.Map(), "ErrorModel") // huma's own, which never leaves
	delete(doc.Components.Schemas.Map(), "ErrorDetail")
	loosenAnswers(doc)
	allowNull(doc)
	spec, err := doc.YAML()
	if err != nil {
		return nil, fmt.Errorf("write the OpenAPI document: %w", err)
	}
	return spec, nil
}

// loosenAnswers lets the objects of answers grow: a client must not refuse
// what a later version adds. Requests stay closed. Lists in answers are never
// null, which huma assumes of a slice.
func loosenAnswers(doc *huma.OpenAPI) {
	schemas := doc.Components.Schemas.Map()
	taken := map[string]bool{}
	for _, item := range doc.Paths {
		for _, op := range operationsOf(item) {
			if op.RequestBody != nil && op.RequestBody.Content["application/json"] != nil {
				mark(schemas, op.RequestBody.Content["application/json"].Schema, taken)
			}
		}
	}
	for name, schema := range schemas {
		if taken[name] {
			continue
		}
		if schema.AdditionalProperties == false {
			schema.AdditionalProperties = nil
		}
		for _, p := range schema.Properties {
			if p.Type == huma.TypeArray {
				p.Nullable = false
			}
		}
	}
}

// allowNull says of members that may be null and are objects otherwise what huma
// leaves out beside a reference.
func allowNull(doc *huma.OpenAPI) {
	schemas := doc.Components.Schemas
	for name, schema := range schemas.Map() {
		t := schemas.TypeFromRef("#/components/schemas/" + name)
		for _, f := range reflect.VisibleFields(t) {
			member, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			p := schema.Properties[member]
			if f.Type.Kind() == reflect.Pointer && !strings.Contains(options, "omit") && p != nil && p.Ref != "" {
				schema.Properties[member] = &huma.Schema{Description: p.Description, OneOf: []*huma.Schema{{Ref: p.Ref}, {Type: "null"}}}
			}
		}
	}
}

// mark notes the named schemas that s is made of.
func mark(schemas map[string]*huma.Schema, s *huma.Schema, taken map[string]bool) {
	if s == nil {
		return
	}
	if name := strings.TrimPrefix(s.Ref, "#/components/schemas/"); s.Ref != "" && !taken[name] {
		taken[name] = true
		mark(schemas, schemas[name], taken)
	}
	mark(schemas, s.Items, taken)
	for _, p := range s.Properties {
		mark(schemas, p, taken)
	}
}

func operationsOf(item *huma.PathItem) []*huma.Operation {
	all := []*huma.Operation{item.Get, item.Put, item.Post, item.Patch, item.Delete}
	return slices.DeleteFunc(all, func(op *huma.Operation) bool { return op == nil })
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
