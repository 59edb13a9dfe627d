package policy

import (
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"lifecircle/internal/problem"
)

// validator walks through one rule and refuses what the language of rules does
// not have, before and after CEL has found the types.
type validator struct {
	*compiler
	action Action
	text   string
	info   *ast.SourceInfo
	nodes  int
}

// valid checks an expression that has been parsed, and tells its first fault.
func (v *validator) valid(e ast.Expr) bool { return v.walk(e, 1) }

func (v *validator) walk(e ast.Expr, depth int) bool {
	v.nodes++
	switch {
	case depth > MaxRuleDepth:
		return v.refuse(problem.RuleTooCostly, e, "more than %d expressions stand in each other here", MaxRuleDepth)
	case v.nodes > MaxRuleNodes:
		return v.refuse(problem.RuleTooCostly, e, "the rule has more than %d names, constants and operators", MaxRuleNodes)
	}
	switch e.Kind() {
	case ast.LiteralKind:
		switch e.AsLiteral().(type) {
		case types.Bool, types.Int, types.String:
			return true
		}
		return v.refuse(problem.RuleMalformed, e, "rules compare whole numbers, strings in quotes, true and false")
	case ast.IdentKind, ast.SelectKind:
		return v.name(e)
	case ast.ListKind:
		for _, item := range e.AsList().Elements() {
			first := e.AsList().Elements()[0]
			if item.Kind() != ast.LiteralKind || item.AsLiteral().Type() == types.BoolType || item.AsLiteral().Type() != first.AsLiteral().Type() {
				return v.refuse(problem.RuleMalformed, item, "a list holds numbers or strings, all of one type")
			}
		}
		return v.all(e.AsList().Elements(), depth)
	case ast.CallKind:
		name := e.AsCall().FunctionName()
		if _, ok := functions[name]; !ok || e.AsCall().IsMemberFunction() {
			return v.refuse(problem.RuleMalformed, e, "%s is not part of the language of rules: use && || ! ?: == != < <= > >= and in", shown(name))
		}
		return v.all(e.AsCall().Args(), depth)
	default:
		return v.refuse(problem.RuleMalformed, e, "this is not part of the language of rules")
	}
}

func (v *validator) all(es []ast.Expr, depth int) bool {
	return !slices.ContainsFunc(es, func(e ast.Expr) bool { return !v.walk(e, depth+1) })
}

// shown writes the name of a function as people know it.
func shown(function string) string {
	switch op, _ := operators.FindReverse(function); {
	case op != "":
		return op
	case function == operators.Conditional:
		return "?:"
	case function == operators.Index:
		return "[]"
	}
	return clip(strings.Trim(function, "_@"))
}

// name checks a name such as user.credit.
func (v *validator) name(e ast.Expr) bool {
	name, at := "", e
	for ; at.Kind() == ast.SelectKind && !at.AsSelect().IsTestOnly(); at = at.AsSelect().Operand() {
		name = "." + at.AsSelect().FieldName() + name
	}
	if at.Kind() == ast.IdentKind {
		name = at.AsIdent() + name
		_, attribute := byName[name]
		if _, action := referable[name]; attribute || action {
			start := int32(leftmost(v.info, e)) //nolint:gosec // at most MaxRuleLength
			v.info.SetOffsetRange(e.ID(), ast.OffsetRange{Start: start, Stop: start})
			return true
		}
	}
	return v.refuse(problem.RuleMalformed, at, "there is no %s; there are %s", clip(name), strings.Join(Names(), ", "))
}

// Names returns all names that rules may use.
func Names() []string {
	names := make([]string, 0, int(attrs)+len(referable))
	for _, a := range attributes {
		names = append(names, a.name)
	}
	for _, a := range ruled {
		if _, ok := referable[canPrefix+string(a)]; ok {
			names = append(names, canPrefix+string(a))
		}
	}
	return names
}

func (v *validator) refuse(code problem.Code, e ast.Expr, format string, args ...any) bool {
	v.at(code, v.action, v.text, leftmost(v.info, e), format, args...)
	return false
}

// compared refuses, once types are known, comparisons that nobody could be
// told how to meet: of a person with himself, and with what does not exist.
func (v *validator) compared(e ast.Expr) {
	visit(e, func(e ast.Expr) {
		if e.Kind() != ast.CallKind || comparisonOf(e) == nil || isBool(e.AsCall().Args()[0]) {
			return
		}
		left, right := comparisonOf(e)[0], comparisonOf(e)[1]
		switch {
		case slices.ContainsFunc(e.AsCall().Args(), func(o ast.Expr) bool { return o.Kind() == ast.CallKind }):
			v.refuse(problem.RuleMalformed, e, "compare names with constants; ?: chooses between conditions")
		case left.attr.ofUser() && right.attr.ofUser():
			v.refuse(problem.RuleMalformed, e, "compare with a constant, or with something of the circle")
		case e.AsCall().FunctionName() != operators.In && slices.ContainsFunc(e.AsCall().Args(), isList):
			v.refuse(problem.RuleMalformed, e, "a list stands on the right of in")
		}
		v.exists(e, left, right)
		v.exists(e, right, left)
	})
}

// exists refuses to compare with a gender or role that nobody can have.
func (v *validator) exists(e ast.Expr, name, with operand) {
	if name.attr == attrs || attributes[name.attr].only == nil {
		return
	}
	only := attributes[name.attr].only
	if slices.ContainsFunc(with.strs, func(s string) bool { return !slices.Contains(only, s) }) {
		v.refuse(problem.RuleMalformed, e, "%s is one of %q", attributes[name.attr].name, only)
	}
}

func comparisonOf(e ast.Expr) []operand {
	if _, ok := comparisons[e.AsCall().FunctionName()]; !ok {
		return nil
	}
	return []operand{operandOf(e.AsCall().Args()[0]), operandOf(e.AsCall().Args()[1])}
}

func isList(e ast.Expr) bool {
	return e.Kind() == ast.ListKind || e.Kind() == ast.IdentKind && e.AsIdent() == attributes[circleTags].name
}

// visit calls do for an expression and all in it. Rules have no others than
// calls and lists to go into.
func visit(e ast.Expr, do func(ast.Expr)) {
	do(e)
	switch e.Kind() {
	case ast.CallKind:
		for _, a := range e.AsCall().Args() {
			visit(a, do)
		}
	case ast.ListKind:
		for _, a := range e.AsList().Elements() {
			visit(a, do)
		}
	case ast.SelectKind:
		visit(e.AsSelect().Operand(), do)
	default:
	}
}

// issues tells what CEL found.
func (c *compiler) issues(a Action, text string, issues *cel.Issues) bool {
	if issues.Err() == nil {
		return false
	}
	for i, e := range issues.Errors() {
		if i == maxRecovery {
			break
		}
		code := problem.RuleMalformed
		if strings.Contains(e.Message, "recursion limit") || strings.Contains(e.Message, "limit exceeded") {
			code = problem.RuleTooCostly
		}
		c.place(code, a, text, e.Location.Line(), max(0, e.Location.Column()), plain(e.Message))
	}
	return true
}

// plain leaves out of CEL's messages what only its authors know.
func plain(message string) string {
	message, _, _ = strings.Cut(message, " expecting {")
	for name := range functions {
		message = strings.ReplaceAll(message, "'"+name+"'", "'"+shown(name)+"'")
	}
	return clip(strings.ReplaceAll(message, "'<EOF>'", "the end"))
}
