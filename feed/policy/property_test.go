package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lifecircle/feed/policy"
	"lifecircle/internal/problem"
)

var (
	cities  = []string{"Hangzhou", "Suzhou", "elsewhere"}
	schools = []string{"Fudan", "ZJU"}
)

// condition draws one comparison of the language of rules.
func condition(t *rapid.T, withGender bool) string {
	op := rapid.SampledFrom([]string{"==", "!=", "<", "<=", ">", ">="})
	same := rapid.SampledFrom([]string{"==", "!="})
	in := func(name string, items []string) string {
		picked := rapid.SliceOfNDistinct(rapid.SampledFrom(items), 1, 2, rapid.ID[string]).Draw(t, "items")
		return fmt.Sprintf(`%s in ["%s"]`, name, strings.Join(picked, `", "`))
	}
	pick := rapid.IntRange(0, 15).Draw(t, "kind")
	switch pick {
	case 0:
		return fmt.Sprintf("user.credit %s %d", op.Draw(t, "op"), rapid.IntRange(348, 952).Draw(t, "n"))
	case 1:
		return fmt.Sprintf("%d %s user.credit", rapid.IntRange(700, 760).Draw(t, "n"), op.Draw(t, "op"))
	case 2:
		return fmt.Sprintf("user.age %s %d", op.Draw(t, "op"), rapid.IntRange(16, 20).Draw(t, "n"))
	case 3:
		return fmt.Sprintf("user.level %s %d", op.Draw(t, "op"), rapid.IntRange(-1, 4).Draw(t, "n"))
	case 4:
		return fmt.Sprintf("user.member_days %s %d", op.Draw(t, "op"), rapid.IntRange(0, 5).Draw(t, "n"))
	case 5:
		return "user.student"
	case 6:
		return "user.employee == " + rapid.SampledFrom([]string{"true", "false", "user.student", "user.follows"}).Draw(t, "b")
	case 7:
		return fmt.Sprintf("user.city %s %q", same.Draw(t, "op"), rapid.SampledFrom(cities).Draw(t, "city"))
	case 8:
		return in("user.city", cities)
	case 9:
		return in("user.student_of", schools)
	case 10:
		return fmt.Sprintf("user.student_of %s %q", same.Draw(t, "op"), rapid.SampledFrom(schools).Draw(t, "school"))
	case 11:
		return "user.city " + rapid.SampledFrom([]string{"in circle.tags", "== circle.place", "!= circle.place"}).Draw(t, "to")
	case 12:
		return rapid.SampledFrom([]string{`"Suzhou" in circle.tags`, "circle.age_days > user.member_days", "circle.age_days < 3", `circle.place == "Suzhou"`, "user.credit in [700, 800]"}).Draw(t, "circle")
	case 13:
		return "user.role " + rapid.SampledFrom([]string{`== "owner"`, `in ["partner", "moderator"]`, `!= ""`}).Draw(t, "role")
	case 14:
		return rapid.SampledFrom([]string{"user.follows", "user.signed_in", "true", "false", "1 < 2"}).Draw(t, "simple")
	}
	if withGender {
		return fmt.Sprintf("user.gender %s %q", same.Draw(t, "op"), rapid.SampledFrom([]string{"female", "male", "other"}).Draw(t, "gender"))
	}
	return "user.employee"
}

// expression draws a rule; the rules that it may name come after it.
func expression(t *rapid.T, depth int, withGender bool, names []string) string {
	pick := rapid.IntRange(0, 9).Draw(t, "shape")
	if depth == 0 || pick < 3 {
		if len(names) > 0 && rapid.IntRange(0, 4).Draw(t, "can") == 0 {
			return rapid.SampledFrom(names).Draw(t, "name")
		}
		return condition(t, withGender)
	}
	sub := func() string { return expression(t, depth-1, withGender, names) }
	switch pick {
	case 3, 4, 5:
		return "(" + sub() + " && " + sub() + ")"
	case 6, 7:
		return "(" + sub() + " || " + sub() + ")"
	case 8:
		return "!(" + sub() + ")"
	default:
		return "(" + sub() + " ? " + sub() + " : " + sub() + ")"
	}
}

func subject(t *rapid.T) policy.Subject {
	if rapid.IntRange(0, 5).Draw(t, "guest") == 0 {
		return policy.Subject{}
	}
	s := policy.Subject{
		SignedIn: true, Role: rapid.SampledFrom([]string{"", "", "", policy.Owner, policy.Partner}).Draw(t, "role"),
		Level: rapid.IntRange(0, 3).Draw(t, "level"), Student: rapid.Bool().Draw(t, "student"), Employee: rapid.Bool().Draw(t, "employee"),
		Gender: rapid.SampledFrom([]string{"", policy.Female, policy.Male}).Draw(t, "gender"),
		Age:    rapid.SampledFrom([]int{-1, 0, 15, 17, 18, 40}).Draw(t, "age"), City: rapid.SampledFrom(append(cities, "", "Beijing")).Draw(t, "city"),
		Credit: rapid.SampledFrom([]int{0, 350, 700, 732, 750, 751, 950}).Draw(t, "credit"), MemberDays: rapid.IntRange(0, 6).Draw(t, "days"), Follows: rapid.Bool().Draw(t, "follows"),
	}
	if s.Student {
		s.StudentOf = rapid.SampledFrom(append(schools, "", "PKU")).Draw(t, "of")
	}
	return s
}

// A draw is a circle's rules with one who asks; the rules may be too costly.
type draw struct {
	texts   map[policy.Action]string
	rules   *policy.Rules
	circle  policy.Circle
	subject policy.Subject
	action  policy.Action
}

func drawRules(t *rapid.T) draw {
	d := draw{texts: map[policy.Action]string{}}
	gender := rapid.Bool().Draw(t, "posting by gender")
	names := []string{"can.like"}
	if !gender {
		names = append(names, "can.post")
	}
	add := func(a policy.Action, chance, depth int, gender bool, names ...string) {
		if rapid.IntRange(1, chance).Draw(t, "with "+string(a)) == 1 {
			d.texts[a] = expression(t, depth, gender, names)
		}
	}
	add(policy.View, 4, 1, false)
	add(policy.Like, 2, 2, false, "can.view")
	add(policy.MakePost, 1, 3, gender, "can.like", "can.view")
	add(policy.Comment, 1, 3, false, names...)
	add(policy.Tip, 2, 2, false, names...)
	rules, err := policy.Compile(d.texts, "a place for women")
	switch p := problem.From(err); {
	case p != nil && p.Code == problem.RuleTooCostly:
		t.Skip("too costly")
	case err != nil:
		t.Fatalf("%v: %v", d.texts, err)
	}
	d.rules, d.subject = rules, subject(t)
	d.circle = policy.Circle{
		Name: "n", Place: rapid.SampledFrom([]string{"", "Suzhou", "Hangzhou"}).Draw(t, "place"),
		Tags: rapid.SliceOfN(rapid.SampledFrom(cities), 0, 2).Draw(t, "tags"), AgeDays: rapid.IntRange(0, 5).Draw(t, "circle's age"), AdultTips: rapid.Bool().Draw(t, "adult tips"),
	}
	d.action = rapid.SampledFrom([]policy.Action{policy.View, policy.Like, policy.Comment, policy.Tip, policy.MakePost}).Draw(t, "action")
	return d
}

// Doing what a refusal says flips the answer, and a refusal explains itself.
func TestDoingWhatItSaysFlipsTheAnswer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawRules(t)
		before := d.rules.Decide(d.subject, d.circle, d.action)
		changes, possible := d.rules.Nearest(d.subject, d.circle, d.action)
		if before.Allowed != (possible && len(changes) == 0) {
			t.Fatalf("%s %v of %+v in %+v: %+v, but %v %v", d.action, d.texts, d.subject, d.circle, before, changes, possible)
		}
		if !before.Allowed {
			told(t, before)
		}
		if possible {
			after := policy.Apply(d.subject, changes)
			if now := d.rules.Decide(after, d.circle, d.action); !now.Allowed {
				t.Fatalf("%s %v of %+v in %+v: after %v still %+v", d.action, d.texts, d.subject, d.circle, changes, now)
			}
		}
	})
}

func told(t *rapid.T, d policy.Decision) {
	if d.Reason == "" || len(d.Rule) == 0 {
		t.Fatalf("no reason: %+v", d)
	}
	for _, c := range d.Rule {
		if c.Clause == "" || c.Have == "" || c.Need == "" || c.How == "" {
			t.Fatalf("a clause says too little: %+v", c)
		}
	}
}

// What others may do, somebody can reach unless it takes what does not change:
// if Nearest sees no way, random changes find none.
func TestNoWayMeansNoWay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawRules(t)
		if _, possible := d.rules.Nearest(d.subject, d.circle, d.action); possible {
			return
		}
		for range 20 {
			other := subject(t)
			if reachable(d.subject, other) && d.rules.Decide(other, d.circle, d.action).Allowed {
				t.Fatalf("%s %v in %+v: %+v finds no way to be %+v", d.action, d.texts, d.circle, d.subject, other)
			}
		}
	})
}

// reachable tells whether somebody can become like another in time.
func reachable(from, to policy.Subject) bool {
	if from.SignedIn && !to.SignedIn || to.Role == policy.Owner && from.Role != policy.Owner {
		return false // owners view whatever the rules say; who is none is not told to become one for that
	}
	return to.SignedIn && (!from.SignedIn || to.Level >= from.Level && to.MemberDays >= from.MemberDays && to.Credit > 0 &&
		(from.Gender == "" || to.Gender == from.Gender) && (from.Age <= 0 || to.Age >= from.Age) && (from.City == "" || to.City != ""))
}

// What explains a rule says the same as CEL, which decides.
func TestExplanationsAgreeWithDecisions(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawRules(t)
		for range 10 {
			s := subject(t)
			if got, want := d.rules.WaysHold(s, d.circle, d.action), d.rules.Decide(s, d.circle, d.action).Allowed; got != want {
				t.Fatalf("%s %v of %+v in %+v: ways say %v, CEL %v", d.action, d.texts, s, d.circle, got, want)
			}
		}
	})
}
