package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lifecircle/feed/policy"
	"lifecircle/internal/problem"
)

func compile(t testing.TB, texts map[policy.Action]string) *policy.Rules {
	t.Helper()
	r, err := policy.Compile(texts, "our club is for women")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// refused compiles one rule and returns the problem.
func refused(t testing.TB, texts map[policy.Action]string, reason string) *problem.Problem {
	t.Helper()
	r, err := policy.Compile(texts, reason)
	p := problem.From(err)
	if p == nil || r != nil || len(p.Fields) == 0 {
		t.Fatalf("%.200v: not refused with its place: %v", texts, err)
	}
	return p
}

func TestRefusedRulesSayWhere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                   "the rule is empty",
		"  \n ":                              "the rule is empty",
		"user.credit > ":                     "line 1, column 15: Syntax error: mismatched input the end",
		"user.credit >\n  user.grade":        "line 2, column 3: there is no user.grade; there are user.signed_in",
		"user.student && users.age > 1":      "line 1, column 17: there is no users.age",
		".user.student":                      "there is no .user.student",
		"user":                               "there is no user;",
		"can.tip":                            "there is no can.tip;",
		"user.credit > '3'":                  "no matching overload for '>' applied to '(int, string)'",
		"user.credit > 750.5":                "column 15: rules compare whole numbers",
		"user.credit == null":                "column 16: rules compare whole numbers",
		"user.city > 'a'":                    "no matching overload",
		"user.credit":                        "a value of type int",
		"user.student ? 1 : 2":               "a value of type int",
		"(user.student ? 1 : 2) == 1":        "column 2: compare names with constants",
		"user.city == 'Köln' || 杭州":          "column 24: Syntax error",
		"user.credit > user.age":             "column 1: compare with a constant",
		"user.gender == 'f'":                 `user.gender is one of ["female" "male" "other"]`,
		"user.role in ['boss']":              "user.role is one of",
		"[1] == [1]":                         "a list stands on the right of in",
		"circle.tags == circle.tags":         "a list stands on the right of in",
		"user.credit in [1, '2']":            "",
		"user.credit in [user.age]":          "a list holds numbers or strings",
		"user.credit in [[1]]":               "a list holds numbers or strings",
		"user.credit + 1 > 750":              "column 1: + is not part of the language",
		"-user.credit > 1":                   "- is not part of the language",
		"user.city.matches('a+')":            "matches is not part of the language",
		"size(circle.tags) > 1":              "size is not part of the language",
		"has(user.city)":                     "has is not part of the language",
		"dyn(1) == 1":                        "dyn is not part of the language",
		"[1].all(x, x > 1)":                  "all is not part of the language",
		"{'a': 1} == {'a': 1}":               "not part of the language",
		"Subject{age: 1}":                    "not part of the language",
		"circle.tags[0] == 'a'":              "[] is not part of the language",
		"user.credit > 99999999999999999999": "invalid int literal",
		"'\xff' == user.city":                "no valid UTF-8",
		"user.student; DROP TABLE users":     "Syntax error",
	} {
		p := refused(t, map[policy.Action]string{policy.Comment: text}, "")
		if p.Code != problem.RuleMalformed || p.Fields[0].Location != "body.rules.comment" || !strings.Contains(p.Fields[0].Message, want) {
			t.Errorf("%q: %+v", text, p)
		}
	}
}

func TestAllFaultsAreTold(t *testing.T) {
	t.Parallel()
	p := refused(t, map[policy.Action]string{policy.View: "user.x", policy.Comment: "user.y", "edit": "true", "": "true"}, "")
	var where []string
	for _, f := range p.Fields {
		where = append(where, f.Location)
	}
	if got := strings.Join(where, " "); got != "body.rules. body.rules.edit body.rules.view body.rules.comment" {
		t.Errorf("faults at %s", got)
	}
	if want := "line 1, column 12: there is no"; !strings.Contains(refused(t, map[policy.Action]string{policy.Like: "1 == 1 &&\n\n true || x"}, "").Detail, "line 3, column 10: there is no x") {
		t.Error(want)
	}
	caret := refused(t, map[policy.Action]string{policy.Like: `user.city == "杭州" && x`}, "").Detail
	if want := "\nuser.city == \"杭州\" && x\n              \u3000\u3000     ^"; !strings.HasSuffix(caret, want) {
		t.Errorf("the caret: %q", caret)
	}
}

func TestGenderDecidesOnlyWhoPosts(t *testing.T) {
	t.Parallel()
	female := `user.gender == "female"`
	for _, a := range []policy.Action{policy.View, policy.Like, policy.Comment, policy.Tip} {
		for _, text := range []string{female, "user.student || !(" + female + ")", "can.post", "user.credit > 750 || !can.post", "user.student ? can.post : true"} {
			p := refused(t, map[policy.Action]string{a: text, policy.MakePost: female}, "a reason")
			if p.Code != problem.RuleGender || p.Fields[0].Location != "body.rules."+string(a) || !strings.Contains(p.Detail, "line 1, column") {
				t.Errorf("%s %s: %+v", a, text, p)
			}
		}
	}
	if p := refused(t, map[policy.Action]string{policy.Comment: "can.like", policy.Like: "can.post", policy.MakePost: female}, "x"); len(p.Fields) != 2 {
		t.Errorf("through two rules: %+v", p)
	}
	for _, reason := range []string{"", " \n", strings.Repeat("x", policy.MaxReasonLength+1), "\xff"} {
		if p := refused(t, map[policy.Action]string{policy.MakePost: female}, reason); p.Code != problem.RuleGender || p.Fields[0].Location != "body.rules_reason" {
			t.Errorf("%q: %+v", reason, p)
		}
	}
	d := compile(t, map[policy.Action]string{policy.MakePost: female}).Decide(policy.Subject{SignedIn: true, Gender: policy.Male}, policy.Circle{}, policy.MakePost)
	if d.Allowed || !strings.Contains(d.Reason, "our club is for women") {
		t.Errorf("the reason is not told: %+v", d)
	}
}

func TestRulesDoNotGoInCircles(t *testing.T) {
	t.Parallel()
	for _, texts := range []map[policy.Action]string{
		{policy.Like: "can.like"},
		{policy.Like: "can.post", policy.MakePost: "!can.like"},
		{policy.View: "can.like", policy.Like: "can.comment", policy.Comment: "can.post", policy.MakePost: "can.view"},
	} {
		if p := refused(t, texts, ""); p.Code != problem.RuleMalformed || len(p.Fields) != len(texts) || !strings.Contains(p.Detail, "itself") {
			t.Errorf("%v: %+v", texts, p)
		}
	}
}

// bombs are rules that would take long to read, to explain or to evaluate.
func bombs() map[string]map[policy.Action]string {
	one := func(s string) map[policy.Action]string { return map[policy.Action]string{policy.Comment: s} }
	repeat := strings.Repeat
	many := make([]string, 25)
	alternatives, equal := make([]string, 5), make([]string, 7)
	for i := range many {
		many[i] = fmt.Sprintf("user.credit != %d", i)
	}
	for i := range equal {
		equal[i] = fmt.Sprintf("(user.age > %d)", i)
	}
	for i := range alternatives {
		alternatives[i] = fmt.Sprintf("(user.credit > %d || user.age > %d)", i, i)
	}
	cans := func(name string) string { return repeat(name+" && ", 40) + name }
	return map[string]map[policy.Action]string{
		"1 MB":               one(repeat("true && ", 1<<17) + "true"),
		"1 MB of brackets":   one(repeat("(", 1<<20)),
		"brackets":           one(repeat("(", 999) + "true" + repeat(")", 999)),
		"open brackets":      one(repeat("(", 2000)),
		"lists":              one(repeat("[", 1000) + repeat("]", 1000)),
		"maps":               one(repeat("{1:", 600)),
		"not":                one(repeat("!(", 600) + "true" + repeat(")", 600)),
		"minus":              one(repeat("- ", 901) + "1 == 1"),
		"choices":            one(repeat("true ? ", 280)),
		"nested choices":     one(repeat("true?(", 100) + "true" + repeat("):true", 100)),
		"comprehensions":     one("[1,2].all(a, [1,2].all(b, [1,2].all(c, [1,2].all(d, a + b + c + d > 0))))"),
		"maps of lists":      one(repeat("[1,2,3].map(x, ", 30) + "x" + repeat(")", 30) + " == []"),
		"regular expression": one(`user.city.matches("(a+)+$")`),
		"many nodes":         one(repeat("1==1&&", 330) + "true"),
		"names":              one("user" + repeat(".a", 900)),
		"one long list":      one("user.level in [" + repeat("1,", 900) + "1]"),
		"alternatives":       one(strings.Join(alternatives, " && ")),
		"equal truths":       one(strings.Join(equal, " == (") + repeat(")", len(equal)-1)),
		"rules of rules": {
			policy.View: strings.Join(many, " && "), policy.Like: cans("can.view"), policy.MakePost: cans("can.like"), policy.Comment: cans("can.post"),
		},
		"control characters": one(repeat("\x00", 2000)),
		"strings":            one(`user.city == "` + repeat(`\U0010ffff`, 150)),
	}
}

func TestBombsAreRefusedQuickly(t *testing.T) {
	for name, texts := range bombs() {
		began := time.Now()
		p := refused(t, texts, "")
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
		if size := len(fmt.Sprint(p)); size > 20_000 {
			t.Errorf("%s: %d bytes of answer", name, size)
		}
		t.Logf("%s: %s in %v", name, p.Code, time.Since(began))
	}
}

// What is long but plain is compiled, and quickly.
func TestLongRulesCompile(t *testing.T) {
	for name, text := range map[string]string{
		"equal truths":   strings.Repeat("(user.student == (user.follows == ", 11) + "true" + strings.Repeat("))", 11),
		"choices":        strings.Repeat("(user.student ? user.follows : ", 10) + "true" + strings.Repeat(")", 10),
		"a long list":    "user.level in [" + strings.Repeat("1, ", 80) + "2]",
		"a long chain":   strings.Repeat("user.credit > 750 || ", 20) + "user.student",
		"characters":     `user.city == "` + strings.Repeat("杭", policy.MaxRuleLength-15) + `"`,
		"the last shape": strings.Repeat("(user.level > 0 && user.follows || ", 10) + "false" + strings.Repeat(")", 10),
	} {
		began := time.Now()
		if _, err := policy.Compile(map[policy.Action]string{policy.Comment: text}, ""); err != nil || time.Since(began) > 2*time.Second {
			t.Errorf("%s: %v after %v", name, err, time.Since(began))
		}
		t.Logf("%s in %v", name, time.Since(began))
	}
}

// FuzzCompile: whatever is given is compiled or refused with a place, within
// bounds, and what is compiled decides.
func FuzzCompile(f *testing.F) {
	for _, texts := range bombs() {
		f.Add(texts[policy.Comment], texts[policy.MakePost])
	}
	for _, template := range policy.Templates() {
		f.Add(template.Rules[policy.Comment], template.Rules[policy.MakePost])
	}
	f.Add(`!(user.credit > 750) && (user.city in circle.tags ? can.post : 3 < user.level)`, `user.student_of == "Fudan" || user.member_days != circle.age_days`)
	f.Fuzz(func(t *testing.T, comment, post string) {
		began := time.Now()
		r, err := policy.Compile(map[policy.Action]string{policy.Comment: comment, policy.MakePost: post}, "because")
		if p := problem.From(err); err != nil && (p == nil || len(p.Fields) == 0 || r != nil) {
			t.Fatalf("no problem: %v", err)
		}
		for _, s := range []policy.Subject{{}, {SignedIn: true}, {SignedIn: true, Student: true, StudentOf: "Fudan", Age: 20, City: "Suzhou", Credit: 751, Gender: policy.Female}} {
			if err != nil {
				break
			}
			changes, possible := r.Nearest(s, policy.Circle{}, policy.Comment)
			if possible && !r.Decide(policy.Apply(s, changes), policy.Circle{}, policy.Comment).Allowed {
				t.Fatalf("%q %q: %v is not enough for %+v", comment, post, changes, s)
			}
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Fatalf("took %v", took)
		}
	})
}
