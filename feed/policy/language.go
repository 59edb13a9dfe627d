package policy

import (
	"errors"
	"math"
	"sync"

	"cel.dev/cel-go/cel"
	celenv "cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"cel.dev/cel-go/common/cost"
)

// functions are all that a rule may call, with the overloads of each: none
// loops, none searches a string, none makes a value that was not there.
var functions = map[string][]string{
	operators.LogicalAnd:    nil,
	operators.LogicalOr:     nil,
	operators.LogicalNot:    nil,
	operators.Conditional:   nil,
	operators.Equals:        nil,
	operators.NotEquals:     nil,
	operators.Less:          {overloads.LessInt64},
	operators.LessEquals:    {overloads.LessEqualsInt64},
	operators.Greater:       {overloads.GreaterInt64},
	operators.GreaterEquals: {overloads.GreaterEqualsInt64},
	operators.In:            {overloads.InList},
}

// canPrefix stands before the names of other actions' rules.
const canPrefix = "can."

// referable are the actions whose rules another may name. Whether somebody may
// tip depends on the post, too.
var referable = map[string]Action{
	canPrefix + string(View): View, canPrefix + string(Like): Like,
	canPrefix + string(Comment): Comment, canPrefix + string(MakePost): MakePost,
}

// language is the CEL environment that all rules share. It is safe for
// concurrent use.
var language = sync.OnceValues(func() (*cel.Env, error) {
	subset := celenv.NewLibrarySubset().SetDisableMacros(true)
	for name, ids := range functions {
		f := celenv.NewFunction(name)
		for _, id := range ids {
			f.Overloads = append(f.Overloads, celenv.NewOverload(id, nil, nil))
		}
		subset.AddIncludedFunctions(f)
	}
	options := []cel.EnvOption{
		cel.StdLib(cel.StdLibSubset(subset)), cel.ClearMacros(),
		cel.ParserExpressionSizeLimit(MaxRuleLength), cel.ParserRecursionLimit(maxRecursion), cel.ParserErrorRecoveryLimit(maxRecovery),
		cel.ExpressionNodeLimit(2 * MaxRuleNodes), cel.ExpressionNestingDepthLimit(maxRecursion),
	}
	for _, a := range attributes {
		options = append(options, cel.Variable(a.name, celTypes[a.kind]))
	}
	for name := range referable {
		options = append(options, cel.Variable(name, cel.BoolType))
	}
	return cel.NewCustomEnv(options...)
})

var celTypes = map[kind]*cel.Type{boolean: cel.BoolType, number: cel.IntType, words: cel.StringType, list: cel.ListType(cel.StringType)}

// costs are what CEL cannot know of a rule's cost: how long values are, and
// that two strings, of at most 4 KB, are compared in one step.
type costs struct{}

// EstimateSize implements cost.Estimator.
func (costs) EstimateSize(n cost.AstNode) *cost.SizeEstimate {
	if n.Type().Kind() == types.ListKind {
		return &cost.SizeEstimate{Max: maxTags}
	}
	return nil
}

// EstimateCallCost implements cost.Estimator.
func (costs) EstimateCallCost(function, _ string, _ *cost.AstNode, args []cost.AstNode) *cost.CallEstimate {
	if (function == operators.Equals || function == operators.NotEquals) && args[0].Type().Kind() == types.StringKind {
		return &cost.CallEstimate{CostEstimate: cost.FixedCostEstimate(1)}
	}
	return nil
}

// estimate is the most that the evaluation of a rule by itself can take: rules
// have no loops, so that each expression in them is evaluated at most once.
func estimate(env *cel.Env, ast *cel.Ast) uint64 {
	c, err := env.EstimateCost(ast, costs{})
	if err != nil {
		return math.MaxUint64
	}
	return c.Max
}

// activation answers CEL's questions about one subject in one circle.
type activation struct {
	facts
	rules *Rules
}

// Parent implements cel.Activation.
func (a *activation) Parent() cel.Activation { return nil }

// unknowns are CEL's errors for what is not known of a person, made once.
var unknowns = func() (errs [attrs]ref.Val) {
	for a := range errs {
		errs[a] = types.WrapErr(errors.New(attributes[a].name + " is unknown"))
	}
	return errs
}()

// ResolveName implements cel.Activation.
func (a *activation) ResolveName(name string) (any, bool) {
	at, ok := byName[name]
	if !ok {
		action, ok := referable[name]
		return a.can(action), ok
	}
	v, known := a.of(at)
	if !known {
		return unknowns[at], true
	}
	switch attributes[at].kind {
	case boolean:
		return types.Bool(v.b), true
	case number:
		return types.Int(v.n), true
	case words:
		return types.String(v.s), true
	default:
		return types.NewStringList(types.DefaultTypeAdapter, v.ss), true
	}
}

// can evaluates the rule of another action. Compile has made sure that rules
// do not go in circles.
func (a *activation) can(action Action) ref.Val {
	if action != View && !a.SignedIn {
		return types.False
	}
	r := a.rules.of(action)
	if r == nil {
		return types.True
	}
	out, _, err := r.program.Eval(a)
	if err != nil {
		return types.WrapErr(err)
	}
	return out
}
