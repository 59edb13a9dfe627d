package httpapi

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"lifecircle/internal/problem"
)

func TestDocumentIsCommitted(t *testing.T) {
	t.Parallel()
	committed, err := os.ReadFile("../../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	now, err := Document()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, now) {
		t.Error("openapi.yaml and the routes differ; run: go generate ./internal/httpapi")
	}
	if again, _ := Document(); !bytes.Equal(again, now) {
		t.Error("the document is another one each time")
	}
}

// Every route is in the document, and all of the document is routes.
func TestRoutesAndDocumentAgree(t *testing.T) {
	t.Parallel()
	s, err := build(Options{})
	if err != nil {
		t.Fatal(err)
	}
	undocumented := []string{"GET /docs", "GET /docs/docs.css", "GET /openapi.yaml", "OPTIONS /v1/uploads", "GET /media/:folder/:name", "HEAD /media/:folder/:name"}
	var served, described []string
	for _, r := range s.echo.Routes() {
		if route := r.Method + " " + r.Path; !slices.Contains(undocumented, route) {
			served = append(served, route)
		}
	}
	eachOperation(s.api.OpenAPI(), func(path string, op *huma.Operation) {
		described = append(described, op.Method+" "+echoPath(path))
	})
	slices.Sort(served)
	slices.Sort(described)
	if !slices.Equal(served, described) {
		t.Errorf("served:\n%s\ndescribed:\n%s", strings.Join(served, "\n"), strings.Join(described, "\n"))
	}
}

var (
	snakeCase = regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	inPath    = regexp.MustCompile(`\{(\w+)\}`)
)

func TestDocumentIsWhole(t *testing.T) {
	t.Parallel()
	s, err := build(Options{})
	if err != nil {
		t.Fatal(err)
	}
	doc := s.api.OpenAPI()
	var tags []string
	for _, tag := range doc.Tags {
		tags = append(tags, tag.Name)
	}
	eachOperation(doc, func(path string, op *huma.Operation) {
		if !snakeCase.MatchString(op.OperationID) || op.Summary == "" || !slices.Contains(tags, op.Tags[0]) {
			t.Errorf("%s %s: id %q, summary %q, tags %v", op.Method, path, op.OperationID, op.Summary, op.Tags)
		}
		for _, name := range inPath.FindAllStringSubmatch(path, -1) {
			if !hasParameter(op, "path", name[1]) {
				t.Errorf("%s does not describe {%s}", op.OperationID, name[1])
			}
		}
		keyed := op.Method == "POST" && !slices.Contains([]string{"auth", "dev", "providers"}, op.Tags[0])
		if hasParameter(op, "header", "Idempotency-Key") != keyed {
			t.Errorf("%s: Idempotency-Key is described: %t", op.OperationID, !keyed)
		}
		codes := op.Extensions[codesKey].([]problem.Code)
		if !slices.Contains(codes, problem.Internal) || op.Responses["500"] == nil {
			t.Errorf("%s does not tell its problems: %v", op.OperationID, codes)
		}
	})
	for _, gone := range []string{"ErrorModel", "ErrorDetail"} {
		if bytes.Contains(s.spec, []byte(gone)) {
			t.Errorf("the document still speaks of %s", gone)
		}
	}
}

func hasParameter(op *huma.Operation, in, name string) bool {
	return slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.In == in && p.Name == name && p.Description != "" })
}

func TestDocumentIsServed(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	a := s.do("GET", "/openapi.yaml", "")
	want, _ := Document()
	if a.StatusCode != 200 || !bytes.Equal(a.body, want) {
		t.Errorf("/openapi.yaml: %d, %d bytes", a.StatusCode, len(a.body))
	}
	page := s.do("GET", "/docs", "")
	for _, text := range []string{"create_post", "/v1/circles/{id}/posts", "circle_not_found", "Idempotency-Key"} {
		if !strings.Contains(string(page.body), text) {
			t.Errorf("/docs does not name %s", text)
		}
	}
	for _, foreign := range []string{"<script", "style=", "https://", "http://"} {
		if strings.Contains(string(page.body), foreign) {
			t.Errorf("/docs has %s", foreign)
		}
	}
	if css := s.do("GET", "/docs/docs.css", ""); css.StatusCode != 200 || !strings.HasPrefix(css.Header.Get("Content-Type"), "text/css") {
		t.Errorf("/docs/docs.css: %d %s", css.StatusCode, css.Header.Get("Content-Type"))
	}
}
