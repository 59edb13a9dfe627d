package policy_test

import (
	"testing"

	"lifecircle/feed/policy"
)

// TestAllowsIsDecide for all templates and many people.
func TestAllowsIsDecide(t *testing.T) {
	t.Parallel()
	all := []*policy.Rules{nil}
	for _, template := range policy.Templates() {
		if template.NeedsReason {
			continue
		}
		texts, err := template.Fill(map[string]string{"city": "Hangzhou", "school": "West Lake"})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, compile(t, texts))
	}
	actions := []policy.Action{policy.View, policy.Like, policy.Comment, policy.Tip, policy.MakePost, policy.Edit, policy.Delete, "dance"}
	for n := range 1 << 9 {
		has := func(bit int) bool { return n>>bit&1 == 1 }
		s := policy.Subject{SignedIn: has(0), Banned: has(1), Author: has(2), Student: has(3), Employee: has(4)}
		for bit, set := range map[int]func(){
			5: func() { s.Role = policy.Moderator }, 6: func() { s.Age = 18 }, 7: func() { s.Credit = 751 }, 8: func() { s.City = "Hangzhou" },
		} {
			if has(bit) {
				set()
			}
		}
		for i, r := range all {
			for _, a := range actions {
				c := policy.Circle{AdultTips: i%2 == 0}
				if got, want := r.Allows(s, c, a), r.Decide(s, c, a).Allowed; got != want {
					t.Errorf("%+v may %s by rules %d: %t, decided %t", s, a, i, got, want)
				}
			}
		}
	}
}
