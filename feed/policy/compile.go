package policy

import (
	"slices"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"

	"lifecircle/internal/problem"
)

// ruled are the actions that a circle's rules may speak of, in the order in
// which faults are told.
var ruled = []Action{View, Like, Comment, Tip, MakePost}

// Rules are the compiled rules of one circle. They do not change and are safe
// for concurrent use; nil, and a value without texts, leaves everything open.
type Rules struct {
	reason string
	byName map[Action]*rule
	own    map[Action][]route // of the action's own rule
	full   map[Action][]route // together with the rule for view

	conditions int // in all
	bytes      int // see Bytes
}

// rule is one action's rule.
type rule struct {
	text    string
	program cel.Program
}

// tipByAdult stands for tip where only adults tip.
const tipByAdult Action = "tip by an adult"

// Compile compiles the rules of a circle. The reason is shown to readers, and
// is needed where posting depends on gender. What is refused is a
// problem.Problem with rule_malformed, rule_too_long, rule_too_costly or
// rule_gender, whose fields say which rule, and where in it.
func Compile(texts map[Action]string, reason string) (*Rules, error) {
	env, err := language()
	if err != nil {
		return nil, err
	}
	c := compiler{env: env, asts: map[Action]*cel.Ast{}, costs: map[Action]uint64{}, weaver: newWeaver()}
	c.parse(texts)
	c.step(c.checkCircles)
	c.step(c.checkGender)
	c.step(c.checkCost)
	c.checkReason(reason)
	rules := &Rules{reason: strings.TrimSpace(reason), byName: map[Action]*rule{}}
	c.step(c.weave)
	c.step(func() { err = c.plan(texts, rules) })
	if err == nil {
		err = c.problem()
	}
	if err != nil {
		return nil, err
	}
	return rules, nil
}

// compiler gathers what Compile knows on its way.
type compiler struct {
	env    *cel.Env
	asts   map[Action]*cel.Ast
	costs  map[Action]uint64
	weaver *weaver
	faults []problem.Field
	nodes  int // of all rules

	own, full map[Action][]way // of the action's own rule, and with that for view
}

// step does what makes sense only if all is well so far.
func (c *compiler) step(do func()) {
	if len(c.faults) == 0 {
		do()
	}
}

func (c *compiler) problem() error {
	if len(c.faults) == 0 {
		return nil
	}
	first := c.faults[0]
	return &problem.Problem{Code: problem.Code(first.Code), Detail: first.Message, Fields: c.faults}
}

// parse reads every text by itself, so that all faults are told at once.
func (c *compiler) parse(texts map[Action]string) {
	var unknown []string
	for a := range texts {
		if !slices.Contains(ruled, a) {
			unknown = append(unknown, string(a))
		}
	}
	slices.Sort(unknown)
	for i, a := range unknown {
		if i == len(ruled) {
			break // enough of them
		}
		c.fault(problem.RuleMalformed, Action(clip(a)), "no rule can be made for %q: rules are for view, like, comment, tip and post", clip(a))
	}
	for _, a := range ruled {
		if text, ok := texts[a]; ok {
			c.parseOne(a, text)
		}
	}
}

func (c *compiler) parseOne(a Action, text string) {
	switch {
	case len(text) > 4*MaxRuleLength || utf8.RuneCountInString(text) > MaxRuleLength:
		c.fault(problem.RuleTooLong, a, "a rule has at most %d characters", MaxRuleLength)
		return
	case !utf8.ValidString(text):
		c.fault(problem.RuleMalformed, a, "the rule is no valid UTF-8")
		return
	case strings.TrimSpace(text) == "":
		c.fault(problem.RuleMalformed, a, "the rule is empty; leave it out to have %s open to every account", a)
		return
	}
	parsed, issues := c.env.Parse(text)
	if c.issues(a, text, issues) {
		return
	}
	v := validator{compiler: c, action: a, text: text, info: parsed.NativeRep().SourceInfo()}
	if !v.valid(parsed.NativeRep().Expr()) {
		return
	}
	checked, issues := c.env.Check(parsed)
	if c.issues(a, text, issues) {
		return
	}
	if checked.OutputType() != cel.BoolType {
		c.at(problem.RuleMalformed, a, text, 0, "a rule is true or false, and this is a value of type %s", checked.OutputType())
		return
	}
	c.nodes += v.nodes
	v.compared(checked.NativeRep().Expr())
	c.asts[a], c.weaver.rules[a] = checked, checked.NativeRep()
}

// weave finds the ways of every rule, and refuses what has too many, or too
// long ones.
func (c *compiler) weave() {
	w, view := c.weaver, c.weaver.rule(View, true)
	c.own, c.full = map[Action][]way{View: view}, map[Action][]way{View: view}
	for _, a := range ruled[1:] {
		c.own[a] = both(w.account, w.rule(a, true))
		c.full[a] = both(view, c.own[a])
	}
	c.own[tipByAdult], c.full[tipByAdult] = both(c.own[Tip], w.adult), both(c.full[Tip], w.adult)
	for _, a := range ruled {
		if _, ok := c.asts[a]; ok {
			c.checkWays(a, c.full[a])
		}
	}
	if _, ok := c.asts[Tip]; ok {
		c.step(func() { c.checkWays(Tip, c.full[tipByAdult]) })
	}
}

func (c *compiler) checkWays(a Action, ways []way) {
	switch {
	case ways == nil:
		c.fault(problem.RuleTooCostly, a, "the rule has more than %d alternatives, with those of the rules that it needs: make it simpler", MaxRuleWays)
	case slices.ContainsFunc(ways, func(w way) bool { return len(w) > MaxWayConditions }):
		c.fault(problem.RuleTooCostly, a, "the rule asks for more than %d conditions at once, with those of the rules that it needs: make it simpler", MaxWayConditions)
	}
}

func (c *compiler) plan(texts map[Action]string, r *Rules) error {
	for a, checked := range c.asts {
		program, err := c.env.Program(checked)
		if err != nil {
			return err
		}
		r.byName[a] = &rule{text: texts[a], program: program}
	}
	r.route(c.own, c.full, r.bare)
	r.bytes += bytesOfRules + bytesOfNode*c.nodes
	return nil
}

// of returns the rule of an action, nil if it is open.
func (r *Rules) of(a Action) *rule {
	if r == nil {
		return nil
	}
	return r.byName[a]
}

// Texts returns the rules as they were written.
func (r *Rules) Texts() map[Action]string {
	texts := map[Action]string{}
	for _, a := range ruled {
		if rule := r.of(a); rule != nil {
			texts[a] = rule.text
		}
	}
	return texts
}

// Reason returns why posting depends on gender, for readers to see.
func (r *Rules) Reason() string {
	if r == nil {
		return ""
	}
	return r.reason
}

// Open tells whether an action has no rule, and so is open to every account;
// view, to guests too.
func (r *Rules) Open(a Action) bool { return r.of(a) == nil }
