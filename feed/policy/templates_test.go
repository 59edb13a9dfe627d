package policy_test

import (
	"strings"
	"testing"

	"lifecircle/feed/policy"
)

// A template may keep people from posting by their gender, and from nothing
// else: whoever may not post comments as everybody does.
func TestTemplatesAskForGenderWherePeoplePostOnly(t *testing.T) {
	t.Parallel()
	byGender := 0
	for _, template := range policy.Templates() {
		for action, rule := range template.Rules {
			if strings.Contains(rule, "gender") {
				byGender++
				if action != policy.MakePost {
					t.Errorf("%s asks for gender in %s: %s", template.ID, action, rule)
				}
			}
		}
		rules, err := template.Fill(map[string]string{"city": "Suzhou", "school": "Fudan"})
		if err != nil {
			t.Fatal(err)
		}
		r := compile(t, rules)
		for _, action := range []policy.Action{policy.View, policy.Like, policy.Comment, policy.Tip} {
			var first bool
			for i, gender := range []string{policy.Female, policy.Male, "other", ""} {
				s := policy.Subject{SignedIn: true, Age: 30, Level: 2, Credit: 751, Gender: gender}
				allowed := r.Decide(s, policy.Circle{}, action).Allowed
				if i == 0 {
					first = allowed
				}
				if allowed != first || !allowed {
					t.Errorf("%s: %s of %q is %v", template.ID, action, gender, allowed)
				}
			}
		}
	}
	if byGender != 2 {
		t.Errorf("%d templates ask for gender", byGender)
	}
}
