package policy

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/common/ast"

	"lifecircle/internal/problem"
)

// names returns where a rule names other actions' rules, and which.
func (c *compiler) names(a Action) map[Action]ast.Expr {
	named := map[Action]ast.Expr{}
	if r, ok := c.asts[a]; ok {
		visit(r.NativeRep().Expr(), func(e ast.Expr) {
			if e.Kind() == ast.IdentKind {
				if other, ok := referable[e.AsIdent()]; ok {
					named[other] = e
				}
			}
		})
	}
	return named
}

// checkCircles refuses rules that name each other in a circle.
func (c *compiler) checkCircles() {
	for _, a := range ruled {
		for _, other := range ruled {
			if e, ok := c.names(a)[other]; ok && c.leads(other, a, nil) {
				c.atExpr(problem.RuleMalformed, a, e, "can.%s depends on the rule for %s itself", other, a)
			}
		}
	}
}

// leads tells whether the rule of from depends on that of to.
func (c *compiler) leads(from, to Action, seen []Action) bool {
	if from == to {
		return true
	}
	if slices.Contains(seen, from) {
		return false
	}
	for next := range c.names(from) {
		if c.leads(next, to, append(seen, from)) {
			return true
		}
	}
	return false
}

// checkGender refuses that any rule but that for posting depends on gender.
func (c *compiler) checkGender() {
	for _, a := range ruled {
		if a == MakePost || c.asts[a] == nil {
			continue
		}
		for other, e := range c.names(a) {
			if c.gendered(other, nil) {
				c.atExpr(problem.RuleGender, a, e, "can.%s depends on gender, which may only decide who posts", other)
			}
		}
		visit(c.asts[a].NativeRep().Expr(), func(e ast.Expr) {
			if e.Kind() == ast.IdentKind && e.AsIdent() == attributes[gender].name {
				c.atExpr(problem.RuleGender, a, e, "gender may only decide who posts: nobody is kept from viewing, liking, commenting or tipping for it")
			}
		})
	}
}

// gendered tells whether the rule of an action depends on gender.
func (c *compiler) gendered(a Action, seen []Action) bool {
	if c.asts[a] == nil || slices.Contains(seen, a) {
		return false
	}
	found := false
	visit(c.asts[a].NativeRep().Expr(), func(e ast.Expr) {
		found = found || e.Kind() == ast.IdentKind && e.AsIdent() == attributes[gender].name
	})
	for other := range c.names(a) {
		found = found || c.gendered(other, append(seen, a))
	}
	return found
}

func (c *compiler) checkReason(reason string) {
	switch {
	case !utf8.ValidString(reason) || utf8.RuneCountInString(reason) > MaxReasonLength:
		c.faults = append(c.faults, field(problem.RuleGender, reasonLocation, fmt.Sprintf("a reason has at most %d characters", MaxReasonLength)))
	case strings.TrimSpace(reason) == "" && c.gendered(MakePost, nil):
		c.faults = append(c.faults, field(problem.RuleGender, reasonLocation, "the rule for posting depends on gender: say why, for readers to see"))
	}
}

// checkCost adds up what the evaluation of a rule may cost, with all rules
// that it names, as often as it names them.
func (c *compiler) checkCost() {
	for _, a := range ruled {
		if c.asts[a] != nil && c.cost(a) > MaxRuleCost {
			c.fault(problem.RuleTooCostly, a, "the rule may take %d steps with those that it names, of at most %d", c.cost(a), MaxRuleCost)
		}
	}
}

func (c *compiler) cost(a Action) uint64 {
	r := c.asts[a]
	if r == nil {
		return 1
	}
	if known, ok := c.costs[a]; ok {
		return known
	}
	total := estimate(c.env, r)
	visit(r.NativeRep().Expr(), func(e ast.Expr) {
		if e.Kind() == ast.IdentKind {
			if other, ok := referable[e.AsIdent()]; ok {
				total = add(total, c.cost(other))
			}
		}
	})
	c.costs[a] = total
	return total
}

func add(a, b uint64) uint64 {
	if a > math.MaxUint64-b {
		return math.MaxUint64
	}
	return a + b
}
