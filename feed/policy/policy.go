// Package policy decides who may do what in a circle, and says why not. It is
// pure: no clock, no I/O. Today every action but looking takes an account, and
// removing what others wrote takes a role.
package policy

import "lifecircle/internal/problem"

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

// Subject is who asks, as far as rules care.
type Subject struct {
	SignedIn bool
	Banned   bool
	Role     string // in the circle; empty: none
	Author   bool   // of the post or comment in question
}

var allowed = Decision{Allowed: true}

// Decide judges one action.
func Decide(s Subject, a Action) Decision {
	if a == View {
		return allowed
	}
	if !s.SignedIn {
		return refuse(problem.Unauthorized, "Sign in first.", "account", "guest", "an account", "sign up or sign in")
	}
	if s.Banned {
		return refuse(problem.Banned, "This account is suspended.", "account", "suspended", "an account in good standing", "write to the operator")
	}
	switch a {
	case Edit:
		if !s.Author {
			return refuse(problem.NotAuthor, "Only its author may change this.", "author", "not the author", "the author", "ask its author")
		}
	case Delete:
		if !s.Author && !Moderates(s.Role) {
			return refuse(problem.RoleRequired, "Only its author and the circle's moderators may remove this.", "role", role(s.Role), "author, moderator or owner", "ask a moderator of the circle")
		}
	case Tip:
		if s.Author {
			return refuse(problem.OwnPost, "This is your own post.", "author", "the author", "somebody else", "tip what others wrote")
		}
	case View, Like, Comment, MakePost: // open to every account
	}
	return allowed
}

// Moderates tells whether a role may remove what others wrote.
func Moderates(role string) bool { return role == Owner || role == Moderator }

// ForCircle judges what can be done in a circle at large.
func ForCircle(s Subject) Can {
	s.Author = s.Role == Owner
	return Can{View: Decide(s, View), MakePost: Decide(s, MakePost), Like: Decide(s, Like), Comment: Decide(s, Comment), Edit: Decide(s, Edit)}
}

// ForPost judges what can be done with a post.
func ForPost(s Subject) Can {
	return Can{Like: Decide(s, Like), Comment: Decide(s, Comment), Tip: Decide(s, Tip), Edit: Decide(s, Edit), Delete: Decide(s, Delete)}
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

func role(r string) string {
	if r == "" {
		return "no role"
	}
	return r
}
