package policy_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lifecircle/feed/policy"
	"lifecircle/internal/problem"
)

// TestTheEstimateBoundsTheCost: no rule takes more steps than were estimated
// when it was compiled, whoever asks, so that none needs to be stopped.
func TestTheEstimateBoundsTheCost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawRules(t)
		for range 5 {
			within(t, d.texts, subject(t), d.circle, d.action)
		}
	})
	long := strings.Repeat("长", 1200) // bytes as many as a name can have
	who := policy.Subject{SignedIn: true, City: long, Student: true, StudentOf: long, Credit: 700, Age: 20}
	at := policy.Circle{Name: long, Place: long, Tags: make([]string, 20)}
	for _, w := range worst() {
		within(t, w.rules, w.who, w.circle, policy.Comment)
		within(t, w.rules, who, at, policy.Comment)
	}
	for _, text := range []string{
		"user.city == circle.place && user.student_of == circle.name", "user.city in circle.tags || user.student_of in circle.tags",
		"user.employee_of == 'x' || user.city != circle.place || can.post", "can.post == can.post && can.post",
	} {
		within(t, map[policy.Action]string{policy.Comment: text, policy.MakePost: "user.gender == 'male' && user.city == circle.place"}, who, at, policy.Comment)
	}
}

func within(t rapid.TB, texts map[policy.Action]string, s policy.Subject, c policy.Circle, a policy.Action) {
	t.Helper()
	spent, estimated := policy.Cost(texts, s, c, a)
	if unmetered := strings.HasPrefix(texts[a], "user.") && spent == 0; spent > estimated || unmetered {
		t.Fatalf("%s %v of %+v in %+v: %d steps, estimated %d", a, texts, s, c, spent, estimated)
	}
}

// TestAlternativesAskForFewThings: what would take long to explain is refused,
// also where it comes from the rule for view.
func TestAlternativesAskForFewThings(t *testing.T) {
	t.Parallel()
	many := func(n int) string { return strings.Join(numbered(n, "user.credit != %d", 400), " && ") }
	for name, texts := range map[string]map[policy.Action]string{
		"one rule": {policy.Comment: many(policy.MaxWayConditions)}, // an account is one more
		"two":      {policy.View: many(10), policy.Comment: strings.Join(numbered(10, "user.age != %d", 0), " && ")},
		"by name":  {policy.Like: many(10), policy.Comment: "can.like && " + strings.Join(numbered(10, "user.age != %d", 0), " && ")},
	} {
		if p := refused(t, texts, ""); p.Code != problem.RuleTooCostly || !strings.Contains(p.Detail, "more than 20 conditions at once") {
			t.Errorf("%s: %+v", name, p)
		}
	}
	compile(t, map[policy.Action]string{policy.Comment: many(policy.MaxWayConditions - 1)})
}
