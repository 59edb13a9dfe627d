package policy_test

import (
	"testing"

	"lifecircle/feed/policy"
	"lifecircle/internal/problem"
)

var (
	guest    = policy.Subject{}
	person   = policy.Subject{SignedIn: true}
	author   = policy.Subject{SignedIn: true, Author: true}
	banned   = policy.Subject{SignedIn: true, Author: true, Banned: true, Role: policy.Owner}
	partner  = policy.Subject{SignedIn: true, Role: policy.Partner}
	moder    = policy.Subject{SignedIn: true, Role: policy.Moderator}
	owner    = policy.Subject{SignedIn: true, Role: policy.Owner}
	everyone = map[string]policy.Subject{"guest": guest, "person": person, "author": author, "banned": banned, "partner": partner, "moderator": moder, "owner": owner}
)

func TestWhoMayDoWhat(t *testing.T) {
	open := map[string]problem.Code{"guest": problem.Unauthorized, "banned": problem.Banned}
	tip := map[string]problem.Code{"guest": problem.Unauthorized, "banned": problem.Banned, "author": problem.OwnPost}
	edit := map[string]problem.Code{
		"guest": problem.Unauthorized, "banned": problem.Banned,
		"person": problem.NotAuthor, "partner": problem.NotAuthor, "moderator": problem.NotAuthor, "owner": problem.NotAuthor,
	}
	remove := map[string]problem.Code{
		"guest": problem.Unauthorized, "banned": problem.Banned, "person": problem.RoleRequired, "partner": problem.RoleRequired,
	}
	for action, refusals := range map[policy.Action]map[string]problem.Code{
		policy.View: {}, policy.Like: open, policy.Comment: open, policy.Tip: tip, policy.MakePost: open, policy.Edit: edit, policy.Delete: remove,
	} {
		for name, subject := range everyone {
			d := policy.Decide(subject, action)
			if d.Code != refusals[name] || d.Allowed != (refusals[name] == "") {
				t.Errorf("%s, %s: %+v", action, name, d)
			}
			if !d.Allowed && !explained(d) {
				t.Errorf("%s, %s: the refusal does not say why: %+v", action, name, d)
			}
			if p := problem.From(d.Err()); (p == nil) != d.Allowed || p != nil && len(p.Rule) == 0 {
				t.Errorf("%s, %s: as an error %v", action, name, d.Err())
			}
		}
	}
}

func explained(d policy.Decision) bool {
	return d.Reason != "" && len(d.Rule) == 1 && d.Rule[0].Clause != "" && d.Rule[0].Have != "" && d.Rule[0].Need != "" && d.Rule[0].How != ""
}

func TestACirclesOwnerEditsIt(t *testing.T) {
	for name, subject := range everyone {
		if can := policy.ForCircle(subject); can[policy.Edit].Allowed != (name == "owner") || !can[policy.View].Allowed {
			t.Errorf("%s: %+v", name, can)
		}
	}
	if can := policy.ForPost(moder); can[policy.Edit].Allowed || !can[policy.Delete].Allowed {
		t.Errorf("a moderator and a post: %+v", can)
	}
}
