package policy_test

import (
	"strings"
	"testing"

	"lifecircle/feed/policy"
	"lifecircle/internal/problem"
)

// TestTemplatesByGenderDecideOnlyWhoPosts: they ask for a reason, and everybody
// views, likes, comments and tips alike; to let those comment who may post is
// refused.
func TestTemplatesByGenderDecideOnlyWhoPosts(t *testing.T) {
	t.Parallel()
	byGender := 0
	for _, template := range policy.Templates() {
		gendered := strings.Contains(template.Rules[policy.MakePost], "user.gender")
		if gendered != template.NeedsReason {
			t.Errorf("%s needs a reason: %t", template.ID, template.NeedsReason)
		}
		if !gendered {
			continue
		}
		byGender++
		r := compile(t, template.Rules)
		for _, a := range []policy.Action{policy.View, policy.Like, policy.Comment, policy.Tip} {
			for _, score := range []int{0, 750, 751} {
				var may [4]bool
				for i, gender := range []string{policy.Female, policy.Male, policy.Other, ""} {
					may[i] = r.Decide(policy.Subject{SignedIn: true, Gender: gender, Credit: score, Age: 30}, policy.Circle{AdultTips: true}, a).Allowed
				}
				if may != [4]bool{may[0], may[0], may[0], may[0]} {
					t.Errorf("%s: %s at %d depends on gender: %v", template.ID, a, score, may)
				}
			}
		}
		indirect := map[policy.Action]string{policy.MakePost: template.Rules[policy.MakePost], policy.Comment: "user.credit > 750 || can.post"}
		if p := refused(t, indirect, "a reason"); p.Code != problem.RuleGender {
			t.Errorf("%s: %+v", template.ID, p)
		}
	}
	if byGender != 2 {
		t.Errorf("%d templates by gender", byGender)
	}
}
