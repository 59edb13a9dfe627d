package policy

// Limits on rules. Whoever shows limits shows these.
const (
	MaxRuleLength    = 2000 // characters of one rule
	MaxRuleNodes     = 100  // names, constants and operators of one rule
	MaxRuleDepth     = 24   // of brackets and operators in each other
	MaxRuleWays      = 16   // alternatives of one rule, with those of the rules that it names
	MaxWayConditions = 20   // conditions that one alternative asks for at once
	MaxRuleCost      = 500  // CEL's estimate, with the rules that it names
	MaxReasonLength  = 500  // characters of the reason for a rule by gender

	// AdultAge is the age in years from which people may tip.
	AdultAge = 18
)

const (
	maxRecursion = 4 * MaxRuleDepth // the parser counts steps of its grammar, too
	maxRecovery  = 4                // attempts to read on after a fault
	maxTags      = 20               // of a circle, for CEL's estimate
)
