package policy_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"lifecircle/feed/policy"
	"lifecircle/internal/problem"
)

var campus = map[policy.Action]string{policy.MakePost: "user.student", policy.Comment: "user.credit > 750 || can.post"}

// A reason, as people read it: how each kind of condition is told.
func TestReasons(t *testing.T) {
	t.Parallel()
	at := policy.Circle{Name: "Tea", Place: "Hangzhou", Tags: []string{"tea", "local"}, AgeDays: 3}
	person := policy.Subject{SignedIn: true, Level: 1, Credit: 732, Age: 16, City: "Suzhou", Gender: policy.Male, MemberDays: 5}
	for _, c := range []struct {
		rule, reason, how string
		who               policy.Subject
	}{
		{"user.credit > 750", "score 732, needs more than 750.", "19 points: the page of your score shows the shortest way to 751", person},
		{"750 < user.credit", "score 732, needs more than 750.", "19 points: the page of your score shows the shortest way to 751", person},
		{"!(user.credit <= 731)  && user.credit != 732", "score 732, needs anything but 732.", "1 point: the page of your score shows the shortest way to 733", person},
		{"user.credit > 750", "no score yet, needs more than 750.", "your first score is still to come; 751 is enough", policy.Subject{SignedIn: true}},
		{"user.credit > 950", "score 732, needs more than 950.", "no score is enough for all that is asked: scores run from 350 to 950", person},
		{"user.credit < 700", "score 732, needs less than 700.", "699 is enough, 33 points less", person},
		{"user.age >= 18", "16 years old, needs at least 18.", "wait until you are 18", person},
		{"user.age >= 18", "age not verified, needs at least 18.", "verify your identity: 18 years old is enough", policy.Subject{SignedIn: true}},
		{"user.age < 16", "16 years old, needs less than 16.", "this only grows: there is no way back", person},
		{"user.level == 3", "identity level 1, needs 3.", "verify your identity up to level 3", person},
		{"user.member_days >= 7", "a member for 5 days, needs at least 7.", "wait 2 days", person},
		{"user.student", "not a verified student, needs a verified student.", "verify that you are a student", person},
		{"!user.student", "a verified student, needs not a verified student.", "end your verification as a student", policy.Subject{SignedIn: true, Student: true}},
		{"user.student_of == 'Fudan'", "no verified school, needs Fudan.", "verify your school: Fudan", person},
		{"user.employee", "not a verified employee, needs a verified employee.", "verify where you work", person},
		{"user.city in ['Hangzhou', 'Ningbo']", "in Suzhou, needs one of Hangzhou, Ningbo.", "verify your city: Hangzhou", person},
		{"user.city == circle.place", "in Suzhou, needs Hangzhou.", "verify your city: Hangzhou", person},
		{"user.city != 'Suzhou'", "in Suzhou, needs anything but Suzhou.", "verify another city", person},
		{"user.follows", "not following the circle, needs following the circle.", "follow the circle", person},
		{"user.role in ['owner', 'moderator']", "no role, needs one of owner, moderator.", "ask an owner to make you owner", person},
		{"circle.age_days > 7", "a circle of 3 days, needs more than 7.", "this depends on the circle: ask its owner", person},
		{"7 < circle.age_days", "a circle of 3 days, needs more than 7.", "this depends on the circle: ask its owner", person},
		{"user.age < 10 || user.credit > 940", "score 732, needs more than 940; or 16 years old, needs less than 10.", "209 points: the page of your score shows the shortest way to 941", person},
		{"'food' in circle.tags", "a circle tagged tea, local, needs the tag food.", "this depends on the circle: ask its owner", person},
		{"user.gender == 'female'", "male, needs female. The circle says why: our club is for women", "a verified gender stays as it is", person},
		{"user.gender == 'female'", "gender not verified, needs female. The circle says why: our club is for women", "verify your identity, if you are female", policy.Subject{SignedIn: true}},
		{"false", "its rule is closed to you.", "ask an owner of the circle", person},
		{"user.credit > 700 && user.age >= 18 && user.level > 1", "16 years old, needs at least 18, and identity level 1, needs more than 1.", "wait until you are 18", person},
		{"user.student || user.credit > 750", "score 732, needs more than 750; or not a verified student, needs a verified student.", "19 points: the page of your score shows the shortest way to 751", person},
		{"user.student == user.follows && user.level > 0 ? user.employee : true", "not a verified employee, needs a verified employee; or not a verified student, needs a verified student; or not following the circle, needs following the circle; or identity level 1, needs at most 0.", "", person},
	} {
		d := compile(t, map[policy.Action]string{policy.MakePost: c.rule}).Decide(c.who, at, policy.MakePost)
		if d.Code != problem.NotAllowed || d.Reason != "You may not post here: "+c.reason && !strings.Contains(c.rule, "?") || len(d.Rule) == 0 || c.how != "" && d.Rule[0].How != c.how {
			t.Errorf("%s: %+v", c.rule, d)
		}
	}
}

// The numbers beside the words, and the order: the nearest first.
func TestClausesForClients(t *testing.T) {
	t.Parallel()
	d := compile(t, campus).Decide(policy.Subject{SignedIn: true, Credit: 732}, policy.Circle{}, policy.Comment)
	want := []problem.Clause{
		{
			Clause: "user.credit > 750", Have: "score 732", Need: "more than 750", How: "19 points: the page of your score shows the shortest way to 751",
			Way: 1, Attribute: "user.credit", Test: "more_than", Value: "732", Values: []string{"750"}, Target: "751", Missing: 19,
		},
		{
			Clause: "user.student", Have: "not a verified student", Need: "a verified student", How: "verify that you are a student",
			Way: 2, Attribute: "user.student", Test: "true", Value: "false", Target: "true",
		},
	}
	if fmt.Sprintf("%+v", d.Rule) != fmt.Sprintf("%+v", want) || d.Code != problem.NotAllowed {
		t.Errorf("got  %+v\nwant %+v", d.Rule, want)
	}
	if p := problem.From(d.Err()); p.Status() != 403 || len(p.Rule) != 2 {
		t.Errorf("as a problem: %+v", p)
	}
}

// Scores 750 and 751 by one who may not post; and one who may.
func TestTheEdgeOfTheScore(t *testing.T) {
	t.Parallel()
	r := compile(t, campus)
	for s, allowed := range map[policy.Subject]bool{
		{SignedIn: true, Credit: 750}: false, {SignedIn: true, Credit: 751}: true, {SignedIn: true}: false,
		{SignedIn: true, Student: true}: true, {SignedIn: true, Student: true, Banned: true}: false, {Student: true}: false,
		{SignedIn: true, Credit: 750, Role: policy.Owner}: false,
	} {
		if d := r.Decide(s, policy.Circle{}, policy.Comment); d.Allowed != allowed {
			t.Errorf("%+v: %+v", s, d)
		}
	}
}

func TestUnknownMakesNothingTrue(t *testing.T) {
	t.Parallel()
	for _, rule := range []string{
		"user.age > 0", "!(user.age > 0)", "user.age < 18", "user.age != 3", "user.city != 'x'", "!(user.city in ['x'])", "user.credit < 950", "user.student_of != 'x'",
		"user.city == circle.place", "user.age > 3 ? true : true", "(user.age > 3) == (user.age > 3)", "!can.like", "can.like", "user.student && user.age > 1",
	} {
		r := compile(t, map[policy.Action]string{policy.Comment: rule, policy.Like: "user.employee_of == 'x'"})
		if d := r.Decide(policy.Subject{SignedIn: true, Age: -1}, policy.Circle{}, policy.Comment); d.Allowed {
			t.Errorf("%s passes", rule)
		}
		r = compile(t, map[policy.Action]string{policy.Comment: "(" + rule + ") || user.level >= 0", policy.Like: "user.employee_of == 'x'"})
		if d := r.Decide(policy.Subject{SignedIn: true, Age: -1}, policy.Circle{}, policy.Comment); !d.Allowed {
			t.Errorf("%s stops what else is enough: %+v", rule, d)
		}
	}
}

func TestViewClosesTheRest(t *testing.T) {
	t.Parallel()
	r := compile(t, map[policy.Action]string{policy.View: "user.age >= 18"})
	minor, adult, owner := policy.Subject{SignedIn: true, Age: 17}, policy.Subject{SignedIn: true, Age: 18}, policy.Subject{SignedIn: true, Role: policy.Owner}
	for _, a := range []policy.Action{policy.View, policy.Like, policy.Comment, policy.Tip, policy.MakePost} {
		if d := r.Decide(minor, policy.Circle{}, a); d.Allowed || d.Rule[0].Clause != "user.age >= 18" {
			t.Errorf("%s of a minor: %+v", a, d)
		}
		if d := r.Decide(adult, policy.Circle{}, a); !d.Allowed {
			t.Errorf("%s of an adult: %+v", a, d)
		}
		if d := r.Decide(owner, policy.Circle{}, a); !d.Allowed {
			t.Errorf("%s of the owner: %+v", a, d)
		}
		if d := r.Decide(policy.Subject{}, policy.Circle{}, a); d.Code != problem.Unauthorized {
			t.Errorf("%s of a guest: %+v", a, d)
		}
	}
	if d := r.Decide(policy.Subject{SignedIn: true, Role: policy.Moderator}, policy.Circle{}, policy.Delete); !d.Allowed {
		t.Errorf("a moderator removes: %+v", d)
	}
}

func TestTipsTakeAVerifiedAdult(t *testing.T) {
	t.Parallel()
	at := policy.Circle{AdultTips: true}
	for _, r := range []*policy.Rules{nil, compile(t, nil), compile(t, map[policy.Action]string{policy.Tip: "user.level > 1"})} {
		for years, allowed := range map[int]bool{-1: false, 0: false, 17: false, 18: true} {
			s := policy.Subject{SignedIn: true, Age: years, Level: 2}
			d := r.Decide(s, at, policy.Tip)
			if d.Allowed != allowed || !allowed && (d.Code != problem.TipAdultsOnly || d.Rule[0].Clause != "user.age >= 18" || d.Rule[0].Target != "18") {
				t.Errorf("%d years: %+v", years, d)
			}
			if changes, ok := r.Nearest(s, at, policy.Tip); !ok || !r.Decide(policy.Apply(s, changes), at, policy.Tip).Allowed {
				t.Errorf("%d years: no way: %v", years, changes)
			}
			if d := r.Decide(s, policy.Circle{}, policy.Tip); !d.Allowed {
				t.Errorf("without the flag: %+v", d)
			}
		}
	}
}

func TestTemplatesCompile(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, template := range policy.Templates() {
		rules, err := template.Fill(map[string]string{"city": `杭"州\`, "school": "Fudan"})
		if err != nil {
			t.Fatal(err)
		}
		compile(t, rules)
		if _, err := policy.Compile(rules, ""); (err != nil) != template.NeedsReason || template.Title.Chinese == "" || template.Title.English == "" || seen[template.ID] {
			t.Errorf("%+v: %v", template, err)
		}
		seen[template.ID] = true
		if _, err := template.Fill(nil); problem.Has(err, problem.Invalid_) != (len(template.Parameters) > 0) {
			t.Errorf("%s without parameters: %v", template.ID, err)
		}
		if template.ID == "local" {
			d := compile(t, rules).Decide(policy.Subject{SignedIn: true, City: `杭"州\`}, policy.Circle{}, policy.MakePost)
			if !d.Allowed {
				t.Errorf("the city is not what was put in: %+v", d)
			}
		}
	}
}

func TestConcurrentDecisions(t *testing.T) {
	t.Parallel()
	r := compile(t, campus)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 500 {
				s := policy.Subject{SignedIn: true, Credit: 500 + n, Student: i == 0}
				if got := r.Decide(s, policy.Circle{}, policy.Comment).Allowed; got != (i == 0 || 500+n > 750) {
					t.Errorf("%+v: %v", s, got)
				}
			}
		})
	}
	all.Wait()
}

func TestRulesAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	r := compile(t, campus)
	if got := r.Texts(); len(got) != 2 || got[policy.Comment] != campus[policy.Comment] || r.Reason() == "" || r.Open(policy.Comment) || !r.Open(policy.Like) {
		t.Errorf("%v, %q", got, r.Reason())
	}
	r = nil
	if len(r.Texts()) != 0 || r.Reason() != "" || !r.Open(policy.View) {
		t.Error("no rules are not open")
	}
}
