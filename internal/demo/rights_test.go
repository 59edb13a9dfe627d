package demo

import (
	"testing"

	"lifecircle/feed"
	"lifecircle/feed/policy"
	"lifecircle/internal/problem"
)

// TestTheJournalsHaveRules: students write in one, employees in the other;
// whoever has written there may, and adults tip.
func TestTheJournalsHaveRules(t *testing.T) {
	t.Parallel()
	pool := seeded(t)
	service, err := feed.New(t.Context(), pool, feed.Options{})
	if err != nil {
		t.Fatal(err)
	}
	circles, err := service.Circles(t.Context(), feed.Actor{}, feed.CircleQuery{PageQuery: feed.PageQuery{Limit: feed.MaxPage}})
	if err != nil {
		t.Fatal(err)
	}
	posting := map[string]string{"Campus Life Journal · 校园日记": "user.student", "White Collar Journal · 白领日记": "user.employee"}
	for _, c := range circles.Items {
		if c.Rules[policy.MakePost] != posting[c.Name] {
			t.Errorf("%s: %v", c.Name, c.Rules)
		}
		if posting[c.Name] == "" {
			continue
		}
		if c.RulesVersion != 1 || c.Rules[policy.Comment] != "user.credit > 750 || can.post" {
			t.Errorf("%s: %+v", c.Name, c.Circle)
		}
		if rules, err := service.Rules(t.Context(), feed.Actor{}, c.ID); err != nil || rules.Version != 1 || len(rules.History) != 1 {
			t.Errorf("%s: %+v, %v", c.Name, rules, err)
		}
		delete(posting, c.Name)
	}
	if len(posting) > 0 {
		t.Errorf("there is no %v", posting)
	}
	for name, query := range map[string]string{
		"who posted without being a student": `SELECT count(*) FROM posts p JOIN circles c ON c.id = p.circle_id JOIN user_rights r ON r.user_id = p.author_id
			WHERE c.name LIKE 'Campus%' AND (r.student_until IS NULL OR r.student_until < now())`,
		"who posted without being an employee": `SELECT count(*) FROM posts p JOIN circles c ON c.id = p.circle_id JOIN user_rights r ON r.user_id = p.author_id
			WHERE c.name LIKE 'White%' AND (r.employee_until IS NULL OR r.employee_until < now())`,
		"who is no adult": `SELECT count(*) FROM user_rights WHERE birth_date IS NULL OR birth_date > now() - interval '18 years'`,
	} {
		if n := count(t, pool, query); n != 0 {
			t.Errorf("%s: %d", name, n)
		}
	}
}

func TestWhatRulesForbidIsLeft(t *testing.T) {
	t.Parallel()
	if !againstRules(problem.New(problem.NotAllowed, "")) || !againstRules(problem.New(problem.TipAdultsOnly, "")) || againstRules(problem.New(problem.Overloaded, "")) || againstRules(nil) {
		t.Error("againstRules is wrong")
	}
}
