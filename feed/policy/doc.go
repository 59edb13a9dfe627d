// Package policy decides who may do what in a circle, says why not, and what
// would be enough. It is pure: no clock, no I/O; whoever builds a Subject has
// judged by the database's clock what of it is still valid.
//
// A circle's rules are CEL expressions, one for each action of view, like,
// comment, tip and post, over the names in attribute.go:
//
//	{"post": "user.student", "comment": "user.credit > 750 || can.post"}
//
// An action left out is open to every account, and view to guests too. What a
// rule does not know (an age or a city that nobody verified, a score not yet
// made) makes no condition true, nor its opposite: rules fail closed, but an
// alternative that holds is enough. can.x is the rule of action x, for people
// with an account.
//
// Promises:
//   - Compile refuses what is no rule, too long, too deep, too costly, or has
//     more or longer alternatives than can be explained, with the place in the
//     text.
//   - Gender may stand in the rule for posting only, with a reason that
//     readers can see; no other rule may depend on it, not through can.post
//     either.
//   - A refusal names the conditions that fail, what the person has, what is
//     needed, and the nearest way to get it. Doing what Nearest says makes
//     Decide allow; Nearest finds a way whenever there is one.
//
// Nothing stops a rule that runs, and nothing has to: the language has neither
// loops nor functions that could hide one, so each expression is evaluated at
// most once, and the estimate that MaxRuleCost bounds is more than any
// evaluation takes. A refusal is bounded by MaxRuleWays and MaxWayConditions:
// what is nearest to each number, word and truth is solved by Compile, but for
// what hangs on the circle.
//
// What stands outside the rules of a circle:
//   - Whoever may not view may do nothing else that rules speak of.
//   - Owners and moderators always view, and remove what others wrote. For
//     posting, liking, commenting and tipping the rules hold for them as for
//     everybody; a rule that means them says user.role.
//   - Tips take a verified adult where Circle.AdultTips is set; nobody tips
//     his own post; nobody who is suspended does anything but look.
//
// Open policy.go first, then compile.go, ways.go, route.go, explain.go and
// nearest.go.
package policy
