package policy

import (
	"cel.dev/cel-go/common/types"

	"lifecircle/internal/problem"
)

// Action is something a person may do in a circle.
type Action string

// The actions a circle's rules speak of, and those that follow from roles.
const (
	View     Action = "view"
	Like     Action = "like"
	Comment  Action = "comment"
	Tip      Action = "tip"
	MakePost Action = "post"
	Edit     Action = "edit"   // change a post, or the circle
	Delete   Action = "delete" // remove a post or a comment
)

// Roles in a circle.
const (
	Owner     = "owner"
	Moderator = "moderator"
	Partner   = "partner"
)

// Decision says whether an action is allowed and, if not, why.
type Decision struct {
	Allowed bool             `json:"allowed"`
	Code    problem.Code     `json:"code,omitempty"`
	Reason  string           `json:"reason,omitempty"`
	Rule    []problem.Clause `json:"rule,omitempty"`
}

// Can holds a decision for each action that makes sense where it stands.
type Can map[Action]Decision

var allowed = Decision{Allowed: true}

// Decide judges one action where a circle has no rules.
func Decide(s Subject, a Action) Decision { return (*Rules)(nil).Decide(s, Circle{}, a) }

// Decide judges one action in a circle with these rules.
func (r *Rules) Decide(s Subject, c Circle, a Action) Decision {
	if d := standing(s, a); !d.Allowed {
		return d
	}
	switch a {
	case Edit:
		if !s.Author {
			return refuse(problem.NotAuthor, "Only its author may change this.", "author", "not the author", "the author", "ask its author")
		}
		return allowed
	case Delete:
		if !s.Author && !Moderates(s.Role) {
			return refuse(problem.RoleRequired, "Only its author and the circle's moderators may remove this.", "role", roleName(s.Role), "author, moderator or owner", "ask a moderator of the circle")
		}
		return allowed
	case Tip:
		if s.Author {
			return refuse(problem.OwnPost, "This is your own post.", "author", "the author", "somebody else", "tip what others wrote")
		}
		return r.judge(s, c, a)
	case View, Like, Comment, MakePost:
		return r.judge(s, c, a)
	default:
		return refuse(problem.NotAllowed, "There is no such action.", "action", string(a), "an action of circles", "none")
	}
}

// standing refuses what takes an account in good standing to those without.
func standing(s Subject, a Action) Decision {
	switch {
	case a == View:
		return allowed
	case !s.SignedIn:
		return refuse(problem.Unauthorized, "Sign in first.", "account", "guest", "an account", "sign up or sign in")
	case s.Banned:
		return refuse(problem.Banned, "This account is suspended.", "account", "suspended", "an account in good standing", "write to the operator")
	default:
		return allowed
	}
}

// judge evaluates the rules that bear on an action. What CEL cannot say yes to
// is refused.
func (r *Rules) judge(s Subject, c Circle, a Action) Decision {
	minor := a == Tip && c.AdultTips && s.Age < AdultAge
	if r == nil && !minor {
		return allowed // the common case
	}
	at := activation{facts: facts{Subject: s, Circle: c}, rules: r}
	switch {
	case !s.staff() && !at.passes(View):
		return r.explain(&at.facts, View, a)
	case a == View:
		return allowed
	case minor:
		return r.explain(&at.facts, tipByAdult, a)
	case !at.passes(a):
		return r.explain(&at.facts, a, a)
	default:
		return allowed
	}
}

// passes evaluates one rule.
func (a *activation) passes(action Action) bool {
	rule := a.rules.of(action)
	if rule == nil {
		return true
	}
	out, _, err := rule.program.Eval(a)
	return err == nil && out == types.True
}

// Unreviewed refuses a tip for a post with a photo that somebody called
// sensitive and no reviewer has looked at.
func Unreviewed() Decision {
	return refuse(problem.PhotoUnreviewed, "A photo of this post waits for a reviewer; until then it takes no tips.",
		"photos", "waiting for a reviewer", "reviewed", "come again when a reviewer has looked")
}

// Moderates tells whether a role may remove what others wrote.
func Moderates(role string) bool { return role == Owner || role == Moderator }

// ForCircle judges what can be done in a circle without rules.
func ForCircle(s Subject) Can { return (*Rules)(nil).ForCircle(s, Circle{}) }

// ForCircle judges what can be done in a circle at large.
func (r *Rules) ForCircle(s Subject, c Circle) Can {
	can := r.all(s, c, View, MakePost, Like, Comment, Tip)
	s.Author = s.Role == Owner
	can[Edit] = r.Decide(s, c, Edit)
	return can
}

// ForPost judges what can be done with a post in a circle without rules.
func ForPost(s Subject) Can { return (*Rules)(nil).ForPost(s, Circle{}) }

// ForPost judges what can be done with a post.
func (r *Rules) ForPost(s Subject, c Circle) Can {
	return r.all(s, c, Like, Comment, Tip, Edit, Delete)
}

func (r *Rules) all(s Subject, c Circle, actions ...Action) Can {
	can := make(Can, len(actions))
	for _, a := range actions {
		can[a] = r.Decide(s, c, a)
	}
	return can
}

// Err returns the refusal as a problem, or nil if the action is allowed.
func (d Decision) Err() error {
	if d.Allowed {
		return nil
	}
	return &problem.Problem{Code: d.Code, Detail: d.Reason, Rule: d.Rule}
}

func refuse(code problem.Code, reason, clause, have, need, how string) Decision {
	return Decision{Code: code, Reason: reason, Rule: []problem.Clause{{Clause: clause, Have: have, Need: need, How: how}}}
}

func roleName(r string) string {
	if r == "" {
		return "no role"
	}
	return r
}
