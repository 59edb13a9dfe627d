package problem_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"lifecircle/internal/problem"
)

// codes returns the codes that the source declares, and those that its table
// of statuses names.
func codes(t *testing.T) (declared map[string]problem.Code, listed []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared = map[string]problem.Code{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typed, ok := spec.Type.(*ast.Ident); ok && typed.Name == "Code" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			declared[spec.Names[0].Name] = problem.Code(text)
		}
		if table, ok := spec.Values[0].(*ast.CompositeLit); ok && spec.Names[0].Name == "statuses" {
			for _, e := range table.Elts {
				listed = append(listed, e.(*ast.KeyValueExpr).Key.(*ast.Ident).Name)
			}
		}
		return true
	})
	return declared, listed
}

// A code without a status would be answered with 500.
func TestEveryCodeHasAStatus(t *testing.T) {
	t.Parallel()
	declared, listed := codes(t)
	if len(declared) < 30 {
		t.Fatalf("only %d codes were found in the source", len(declared))
	}
	for name, code := range declared {
		if !slices.Contains(listed, name) {
			t.Errorf("%s has no status", name)
		}
		if status := problem.Status(code); http.StatusText(status) == "" || status < 400 || status >= 500 && !mayBeServers(code) {
			t.Errorf("%s has status %d", name, status)
		}
	}
	for _, name := range listed {
		if _, ok := declared[name]; !ok {
			t.Errorf("the table names %s, which is no code", name)
		}
	}
}

func mayBeServers(c problem.Code) bool {
	return c == problem.Internal || c == problem.Unavailable
}

func TestCodesAreSnakeCaseAndDiffer(t *testing.T) {
	t.Parallel()
	declared, _ := codes(t)
	form := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	seen := map[problem.Code]string{}
	for name, code := range declared {
		if !form.MatchString(string(code)) {
			t.Errorf("%s is %q", name, code)
		}
		if other, ok := seen[code]; ok {
			t.Errorf("%s and %s are both %q", name, other, code)
		}
		seen[code] = name
	}
}

func TestUnknownCodeIsInternal(t *testing.T) {
	t.Parallel()
	if s := problem.Status("no_such_code"); s != http.StatusInternalServerError {
		t.Errorf("status %d", s)
	}
}

func TestProblemTravels(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("write a post: %w", problem.Invalid(problem.TextEmpty, "body.text", "there is %s", "nothing"))
	p := problem.From(err)
	if p == nil || p.Code != problem.TextEmpty || p.Status() != http.StatusUnprocessableEntity || p.Fields[0].Location != "body.text" {
		t.Fatalf("got %+v", p)
	}
	if !problem.Has(err, problem.TextEmpty) || problem.Has(err, problem.TextTooLong) || problem.Has(nil, problem.TextEmpty) {
		t.Error("Has is wrong")
	}
	if !errors.Is(err, problem.New(problem.TextEmpty, "")) || errors.Is(err, problem.New(problem.Internal, "")) {
		t.Error("Is does not go by the code")
	}
	if got := err.Error(); got != "write a post: text_empty: there is nothing" {
		t.Errorf("text %q", got)
	}
	if problem.From(errors.New("other")) != nil {
		t.Error("From found a problem where there is none")
	}
	if got := (&problem.Problem{Code: problem.NotFound}).Error(); got != "not_found" {
		t.Errorf("text without detail %q", got)
	}
}
