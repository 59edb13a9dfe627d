package policy

import (
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/parser"
)

// weaver turns checked rules into ways.
type weaver struct {
	rules          map[Action]*ast.AST   // the rules of a circle
	done           map[knot][]way        // what other rules name
	woven          map[strand][]way      // each expression once: both sides of == are asked for both truths
	known          map[string]*condition // each condition once
	adult, account []way                 // conditions that are not written down
}

type knot struct {
	action Action
	truth  bool
}

type strand struct {
	expr  ast.Expr
	truth bool
}

func newWeaver() *weaver {
	w := &weaver{rules: map[Action]*ast.AST{}, done: map[knot][]way{}, woven: map[strand][]way{}, known: map[string]*condition{}}
	w.adult = w.one(condition{left: age, test: atLeast, other: attrs, nums: []int{AdultAge}, text: "user.age >= 18"})
	w.account = w.one(condition{left: signedIn, test: isTrue, other: attrs, text: "user.signed_in"})
	return w
}

func (w *weaver) one(c condition) []way {
	key := c.key()
	if _, ok := w.known[key]; !ok {
		if c.other == attrs {
			c.said.need, c.said.values = c.need(nil), c.values(nil)
		}
		w.known[key] = &c
	}
	return []way{{w.known[key]}}
}

// rule returns the ways in which the rule of an action has the truth value.
func (w *weaver) rule(a Action, truth bool) []way {
	k := knot{a, truth}
	if ways, ok := w.done[k]; ok {
		return ways
	}
	ways := constant(truth)
	if r, ok := w.rules[a]; ok {
		ways = w.weave(r.Expr(), truth)
	}
	w.done[k] = ways
	return ways
}

// can is rule for those with an account, as other rules mean it.
func (w *weaver) can(a Action, truth bool) []way {
	if a == View {
		return w.rule(a, truth)
	}
	if truth {
		return both(w.account, w.rule(a, true))
	}
	c := *w.account[0][0]
	c.test, c.text = isFalse, "!user.signed_in"
	return either(w.one(c), w.rule(a, false))
}

func constant(truth bool) []way {
	if truth {
		return always
	}
	return never
}

// weave returns the ways in which e has the truth value; nil means that there
// are more than MaxRuleWays.
func (w *weaver) weave(e ast.Expr, truth bool) []way {
	s := strand{e, truth}
	ways, ok := w.woven[s]
	if !ok {
		ways = w.weaveNew(e, truth)
		w.woven[s] = ways
	}
	return ways
}

func (w *weaver) weaveNew(e ast.Expr, truth bool) []way {
	switch e.Kind() {
	case ast.LiteralKind:
		return constant(e.AsLiteral() == types.Bool(truth))
	case ast.IdentKind:
		if a, ok := referable[e.AsIdent()]; ok {
			return w.can(a, truth)
		}
		t := isTrue
		if !truth {
			t = isFalse
		}
		return w.one(condition{left: byName[e.AsIdent()], test: t, other: attrs, text: sourceOf(e, truth)})
	default:
		return w.call(e, e.AsCall(), truth)
	}
}

func (w *weaver) call(e ast.Expr, c ast.CallExpr, truth bool) []way {
	args := c.Args()
	switch c.FunctionName() {
	case operators.LogicalNot:
		return w.weave(args[0], !truth)
	case operators.LogicalAnd, operators.LogicalOr:
		ways := make([][]way, len(args))
		for i, a := range args {
			ways[i] = w.weave(a, truth)
		}
		if truth == (c.FunctionName() == operators.LogicalAnd) {
			return both(ways...)
		}
		return either(ways...)
	case operators.Conditional:
		return either(both(w.weave(args[0], true), w.weave(args[1], truth)), both(w.weave(args[0], false), w.weave(args[2], truth)))
	case operators.Equals, operators.NotEquals:
		if isBool(args[0]) {
			same := truth == (c.FunctionName() == operators.Equals)
			return either(both(w.weave(args[0], true), w.weave(args[1], same)), both(w.weave(args[0], false), w.weave(args[1], !same)))
		}
	}
	return w.comparison(e, c, truth)
}

// comparison weaves what compares numbers and strings.
func (w *weaver) comparison(e ast.Expr, c ast.CallExpr, truth bool) []way {
	t := comparisons[c.FunctionName()]
	left, right := operandOf(c.Args()[0]), operandOf(c.Args()[1])
	switch {
	case left.attr == attrs && right.attr == attrs: // two constants
		ok := compareNumber(t, left.num(), right.nums)
		if len(left.strs) > 0 {
			ok = slices.Contains(right.strs, left.strs[0]) == (t == equals || t == oneOf)
		}
		return constant(ok == truth)
	case t == oneOf && left.attr == attrs: // "x" in circle.tags
		left, right, t = right, left, contains
	case left.attr == attrs, right.attr != attrs && right.attr.ofUser():
		left, right, t = right, left, t.flipped()
	}
	if !truth {
		t = t.not()
	}
	return w.one(condition{left: left.attr, test: t, other: right.attr, nums: right.nums, strs: right.strs, text: sourceOf(e, truth)})
}

var comparisons = map[string]test{
	operators.Equals: equals, operators.NotEquals: differs, operators.Less: below, operators.LessEquals: atMost,
	operators.Greater: above, operators.GreaterEquals: atLeast, operators.In: oneOf,
}

// operand is one side of a comparison: an attr, or constants.
type operand struct {
	attr attr // attrs: none
	nums []int
	strs []string
}

func (o operand) num() int {
	if len(o.nums) == 0 {
		return 0
	}
	return o.nums[0]
}

func operandOf(e ast.Expr) operand {
	o := operand{attr: attrs}
	switch e.Kind() {
	case ast.IdentKind:
		o.attr = byName[e.AsIdent()]
	case ast.ListKind:
		for _, item := range e.AsList().Elements() {
			one := operandOf(item)
			o.nums, o.strs = append(o.nums, one.nums...), append(o.strs, one.strs...)
		}
	case ast.LiteralKind:
		switch v := e.AsLiteral().(type) {
		case types.Int:
			o.nums = []int{int(v)}
		case types.String:
			o.strs = []string{string(v)}
		}
	default: // refused by compared
	}
	return o
}

func isBool(e ast.Expr) bool {
	switch e.Kind() {
	case ast.LiteralKind:
		return e.AsLiteral().Type() == types.BoolType
	case ast.IdentKind:
		a, ok := byName[e.AsIdent()]
		return !ok || attributes[a].kind == boolean
	case ast.CallKind:
		return e.AsCall().FunctionName() != operators.Conditional || isBool(e.AsCall().Args()[1])
	default:
		return false
	}
}

// sourceOf writes an expression as a rule has it, turned around if need be.
func sourceOf(e ast.Expr, truth bool) string {
	text, err := parser.Unparse(e, nil)
	switch {
	case err != nil:
		return "a condition"
	case truth:
		return text
	case e.Kind() == ast.IdentKind:
		return "!" + text
	default:
		return "!(" + text + ")"
	}
}
