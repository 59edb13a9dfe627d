package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"lifecircle/feed/policy"
)

// hard is a refusal that takes long.
type hard struct {
	rules  map[policy.Action]string
	who    policy.Subject
	circle policy.Circle
}

// worst are refusals of comments by rules at the limits of what is compiled.
func worst() map[string]hard {
	crossed := make([]string, 4)
	for i := range crossed {
		crossed[i] = fmt.Sprintf("(user.credit > %d || user.member_days > %d)", 900+i, 900+10*i)
	}
	plain := numbered(14, "user.level != %d", 100)
	both := strings.Join(append(crossed, plain...), " && ")
	cities, schools, tags := make([]string, 4), make([]string, 4), make([]string, 20)
	for i := range cities {
		cities[i] = "user.city in [" + strings.Join(numbered(10, fmt.Sprintf(`"city %d %%d"`, i), 0), ", ") + "]"
		schools[i] = "user.student_of in [" + strings.Join(numbered(10, fmt.Sprintf(`"school %d %%d"`, i), 0), ", ") + "]"
	}
	for i := range tags {
		tags[i] = fmt.Sprint("tag ", i)
	}
	heavy := map[policy.Action]string{}
	for i, a := range []policy.Action{policy.Like, policy.Comment, policy.Tip, policy.MakePost} {
		heavy[a] = strings.ReplaceAll(both, "90", fmt.Sprint(90+i))
	}
	long := strings.Join(numbered(94, "%d", 1000), ", ")
	return map[string]hard{
		"16 alternatives":               {map[policy.Action]string{policy.Comment: both}, policy.Subject{SignedIn: true}, policy.Circle{}},
		"16 alternatives of everything": {heavy, policy.Subject{SignedIn: true}, policy.Circle{}},
		"20 at once": {map[policy.Action]string{
			policy.Comment: strings.Join(numbered(19, "user.credit > %d", 900), " && "),
		}, policy.Subject{SignedIn: true, Credit: 700}, policy.Circle{}},
		"view and comment": {map[policy.Action]string{
			policy.View:    strings.Join(append(crossed[:2:2], plain[:8]...), " && "),
			policy.Comment: strings.Join(append(crossed[2:4:4], plain[8:]...), " && "),
		}, policy.Subject{SignedIn: true}, policy.Circle{}},
		"lists crossed": {map[policy.Action]string{
			policy.View: strings.Join(cities, " || "), policy.Comment: strings.Join(schools, " || "),
		}, policy.Subject{SignedIn: true, City: "Suzhou"}, policy.Circle{}},
		"long lists": {map[policy.Action]string{
			policy.View: "user.credit in [" + long + "]", policy.Like: "user.member_days in [" + long + "]",
			policy.MakePost: "!(user.age in [" + long + "])", policy.Comment: "can.view && can.like && can.post",
		}, policy.Subject{SignedIn: true, Credit: 700, MemberDays: 3}, policy.Circle{}},
		"tags": {map[policy.Action]string{
			policy.Comment: "user.city in circle.tags && user.student_of in circle.tags && !(user.city in [" + strings.Join(numbered(40, `"tag %d"`, 0), ", ") + "]) || user.credit > 900",
		}, policy.Subject{SignedIn: true, Credit: 700}, policy.Circle{Tags: tags}},
		"rules of rules": {map[policy.Action]string{
			policy.View: "user.level >= 0", policy.Like: strings.Repeat("can.view && ", 19) + "can.view",
			policy.MakePost: "can.like && can.like", policy.Comment: "can.post && can.like && user.credit > 900",
		}, policy.Subject{SignedIn: true, Credit: 700}, policy.Circle{}},
	}
}

// numbered returns n conditions that differ by their number, from first on.
func numbered(n int, format string, first int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(format, first+i)
	}
	return all
}

// TestWorstRefusalsAreShort: whatever the rules, a refusal names at most some
// conditions, and all of the nearest alternative.
func TestWorstRefusalsAreShort(t *testing.T) {
	t.Parallel()
	for name, w := range worst() {
		d := compile(t, w.rules).Decide(w.who, w.circle, policy.Comment)
		if d.Allowed || len(d.Rule) == 0 || len(d.Rule) > policy.MaxWayConditions+4 {
			t.Errorf("%s: %d clauses: %.200s", name, len(d.Rule), d.Reason)
		}
	}
	d := compile(t, worst()["20 at once"].rules).Decide(policy.Subject{SignedIn: true, Credit: 700}, policy.Circle{}, policy.Comment)
	if len(d.Rule) != policy.MaxWayConditions-1 {
		t.Errorf("the nearest alternative is not told whole: %d clauses", len(d.Rule))
	}
}

// TestConstantsBeyondWhatPeopleHave: what no number meets is told as such, at
// both ends of what a constant can be.
func TestConstantsBeyondWhatPeopleHave(t *testing.T) {
	t.Parallel()
	for text, possible := range map[string]bool{
		"user.credit > 9223372036854775807": false, "user.credit >= 9223372036854775807": false, "user.credit == 9223372036854775807": false,
		"user.credit < -9223372036854775808": false, "user.credit <= -9223372036854775808": false, "user.credit in [-9223372036854775808, 349, 951]": false, "user.credit in []": false,
		"user.credit < 9223372036854775807": true, "user.credit != -9223372036854775808": true, "!(user.credit in [700, 701, 9223372036854775807])": true,
		"user.credit > -9223372036854775808": true, "user.credit >= 349 && user.credit <= 351 && user.credit != 350": true,
	} {
		s := policy.Subject{SignedIn: true, Credit: 700}
		r := compile(t, map[policy.Action]string{policy.Comment: text})
		d := r.Decide(s, policy.Circle{}, policy.Comment)
		changes, ok := r.Nearest(s, policy.Circle{}, policy.Comment)
		if ok != possible || ok && !r.Decide(policy.Apply(s, changes), policy.Circle{}, policy.Comment).Allowed {
			t.Errorf("%s: %v, %v", text, changes, ok)
		}
		if !possible && d.Rule[0].How != "no score is enough for all that is asked: scores run from 350 to 950" {
			t.Errorf("%s: %+v", text, d.Rule)
		}
	}
}
