package policy

import (
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// WaysHold decides by the ways that explain a rule, instead of by CEL.
func (r *Rules) WaysHold(s Subject, c Circle, a Action) bool {
	f := facts{Subject: s, Circle: c}
	if a == Tip && c.AdultTips {
		a = tipByAdult
	}
	ways := r.routed(a).full[a]
	if f.staff() {
		ways = r.routed(a).own[a]
	}
	return a == View && f.staff() || slices.ContainsFunc(ways, func(r route) bool { return r.way.holds(&f) })
}

// Cost returns what CEL spends on one action's rule, with those that it names,
// and what was estimated when they were compiled.
func Cost(texts map[Action]string, s Subject, in Circle, a Action) (spent, estimated uint64) {
	env, err := language()
	if err != nil {
		panic(err)
	}
	c := compiler{env: env, asts: map[Action]*cel.Ast{}, costs: map[Action]uint64{}, weaver: newWeaver()}
	c.parse(texts)
	c.step(c.checkCircles)
	rules := &Rules{byName: map[Action]*rule{}}
	for a, checked := range c.asts {
		program, err := env.Program(checked, cel.CostTracking(costs{}))
		if err != nil {
			panic(err)
		}
		rules.byName[a] = &rule{text: texts[a], program: metered{program, &spent}}
	}
	at := activation{facts: facts{Subject: s, Circle: in}, rules: rules}
	at.passes(a)
	return spent, c.cost(a)
}

// metered adds up what evaluations cost.
type metered struct {
	cel.Program
	spent *uint64
}

func (m metered) Eval(vars any) (ref.Val, *cel.EvalDetails, error) {
	out, details, err := m.Program.Eval(vars)
	*m.spent += *details.ActualCost()
	return out, details, err
}

// CallCost implements cost.ActualCostEstimator, as EstimateCallCost has it.
func (costs) CallCost(function, _ string, args []ref.Val, _ ref.Val) *uint64 {
	if (function == operators.Equals || function == operators.NotEquals) && args[0].Type() == types.StringType {
		one := uint64(1)
		return &one
	}
	return nil
}
