package httpapi

import (
	"bytes"
	_ "embed" // the page and its style
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"lifecircle/internal/media"
	"lifecircle/internal/problem"
)

const socketPath = "/connection/websocket"

var (
	//go:embed docs.html
	docsTemplate string
	//go:embed docs.css
	docsStyle []byte
)

// pageRoutes serves what the document leaves out: itself and its page, what tus
// clients ask first, and the files of photos.
func (s *server) pageRoutes() {
	s.echo.GET("/openapi.yaml", func(c echo.Context) error { return s.page(c, "application/yaml", s.spec) })
	s.echo.GET("/docs", func(c echo.Context) error { return s.page(c, "text/html; charset=utf-8", s.docs) })
	s.echo.GET("/docs/docs.css", func(c echo.Context) error { return s.page(c, "text/css; charset=utf-8", docsStyle) })
	s.echo.OPTIONS(uploadsPath, tellTus)
	s.echo.Match([]string{http.MethodGet, http.MethodHead}, media.PathPrefix+":folder/:name", s.getFile)
}

func (s *server) page(c echo.Context, kind string, content []byte) error {
	c.Response().Header().Set("Cache-Control", "no-cache")
	return c.Blob(http.StatusOK, kind, content)
}

// docsPage is what docs.html is filled with.
type docsPage struct {
	Title, About string
	Areas        []docsArea
	Codes        []docsCode
}

type docsArea struct {
	Name, About string
	Operations  []docsOperation
}

type docsOperation struct {
	*huma.Operation
	Access  string
	Input   []docsField
	Output  []docsField
	Success string
	Codes   []problem.Code
}

type docsField struct {
	Name, Type, About string
	Required          bool
}

type docsCode struct {
	Code   problem.Code
	Status int
}

func renderDocs(doc *huma.OpenAPI) ([]byte, error) {
	t, err := template.New("docs").Parse(docsTemplate)
	if err != nil {
		return nil, fmt.Errorf("parse docs.html: %w", err)
	}
	p := docsPage{Title: doc.Info.Title, About: doc.Info.Description}
	codes := map[string]bool{}
	for _, tag := range doc.Tags {
		area := docsArea{Name: tag.Name, About: tag.Description}
		for _, path := range sortedKeys(doc.Paths) {
			for _, op := range operationsOf(doc.Paths[path]) {
				if op.Tags[0] != tag.Name {
					continue
				}
				o := describe(doc, op)
				area.Operations = append(area.Operations, o)
				for _, c := range o.Codes {
					codes[string(c)] = true
				}
			}
		}
		p.Areas = append(p.Areas, area)
	}
	for _, c := range sortedKeys(codes) {
		p.Codes = append(p.Codes, docsCode{Code: problem.Code(c), Status: problem.Status(problem.Code(c))})
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("render /docs: %w", err)
	}
	return b.Bytes(), nil
}

func describe(doc *huma.OpenAPI, op *huma.Operation) docsOperation {
	o := docsOperation{Operation: op, Access: "anybody"}
	switch len(op.Security) {
	case 1:
		o.Access = "an account"
	case 2:
		o.Access = "anybody; more with an account"
	}
	o.Codes, _ = op.Extensions[codesKey].([]problem.Code)
	for _, p := range op.Parameters {
		o.Input = append(o.Input, docsField{Name: p.Name, Type: p.In + " " + typeOf(p.Schema), About: p.Description, Required: p.Required})
	}
	if op.RequestBody != nil && op.RequestBody.Content["application/json"] != nil {
		o.Input = append(o.Input, fieldsOf(doc, op.RequestBody.Content["application/json"].Schema)...)
	}
	for _, status := range sortedKeys(op.Responses) {
		if strings.HasPrefix(status, "2") {
			o.Success = status
			if body := op.Responses[status].Content["application/json"]; body != nil {
				o.Output = fieldsOf(doc, body.Schema)
			}
		}
	}
	return o
}

// fieldsOf lists an object's members.
func fieldsOf(doc *huma.OpenAPI, s *huma.Schema) []docsField {
	if s.Ref != "" {
		s = doc.Components.Schemas.SchemaFromRef(s.Ref)
	}
	var fields []docsField
	for _, name := range sortedKeys(s.Properties) {
		p := s.Properties[name]
		fields = append(fields, docsField{Name: name, Type: typeOf(p), About: p.Description, Required: slices.Contains(s.Required, name)})
	}
	return fields
}

// typeOf says in a word what a value is.
func typeOf(s *huma.Schema) string {
	switch {
	case s.Ref != "":
		return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
	case s.Type == huma.TypeArray:
		return "list of " + typeOf(s.Items)
	case len(s.Enum) > 0:
		return strings.Trim(fmt.Sprint(s.Enum), "[]")
	case len(s.OneOf) > 0:
		return typeOf(s.OneOf[0]) + " or " + typeOf(s.OneOf[1])
	case s.Format != "":
		return s.Type + " (" + s.Format + ")"
	default:
		return s.Type
	}
}
