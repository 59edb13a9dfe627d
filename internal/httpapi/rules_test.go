package httpapi

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed"
	"lifecircle/feed/policy"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
	"lifecircle/payments"
	"lifecircle/payments/provider"
)

// rightsOf is what is known of people, by id.
type rightsOf struct {
	mu    sync.Mutex
	known map[id.ID]policy.Subject
}

func (r *rightsOf) Queue(*pgx.Batch, []id.ID) func(id.ID, time.Time) policy.Subject {
	return func(user id.ID, _ time.Time) policy.Subject {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.known[user]
	}
}

func (r *rightsOf) set(t *testing.T, p person, s policy.Subject) {
	t.Helper()
	user, err := id.Parse(p.id)
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[user] = s
}

// newRuledSite is a site whose people have rights, and whose tips take adults.
func newRuledSite(t *testing.T) (*site, *rightsOf) {
	t.Helper()
	s, known := newSite(t, nil), &rightsOf{known: map[id.ID]policy.Subject{}}
	service, err := feed.New(t.Context(), s.pool, feed.Options{Rights: known, AdultTips: true})
	if err != nil {
		t.Fatal(err)
	}
	s.money, err = payments.New(t.Context(), s.pool, payments.Options{Posts: tippedPosts{service}, Circles: service, Providers: []provider.Provider{s.bank}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = service.Run(ctx) })
	running.Go(func() { _ = s.money.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	server, err := build(Options{
		Feed: service, Auth: s.auth, Payments: s.money, AdultTips: true, Log: slog.New(slog.NewJSONHandler(s.log, nil)), Observe: s.observe,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.handler = http.HandlerFunc(server.serve)
	return s, known
}

func rulesBody(t *testing.T, rules map[string]string, reason string) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"name": "Ruled", "description": "", "rules": rules, "rules_reason": reason})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestScoreAtEveryRoute: 750 is refused and 751 accepted, with the reason, by
// every route that acts in a circle.
func TestScoreAtEveryRoute(t *testing.T) {
	t.Parallel()
	s, known := newRuledSite(t)
	ann, bob := s.person("ann"), s.rich("bob", 10_000)
	circle := s.circle(ann)
	post, own := s.post(ann, circle, "x"), s.post(bob, circle, "mine")
	comment := s.want(201, s.do("POST", post+"/comments", `{"text":"x"}`, ann.auth()))["id"].(string)
	score := "user.credit > 750"
	a := s.do("POST", circle+"/rules", `{"rules":{"post":"`+score+` || user.student","comment":"`+score+` || can.post","like":"`+score+`","tip":"`+score+`"}}`, ann.auth(), keyed("r"))
	set := s.want(201, a)
	if set["version"] != 1.0 || set["by"].(map[string]any)["handle"] != "ann" || len(set["templates"].([]any)) == 0 {
		t.Errorf("%v", set)
	}
	for _, door := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", circle + "/posts", `{"text":"x"}`, 201},
		{"POST", post + "/comments", `{"text":"x"}`, 201},
		{"POST", post + "/comments", `{"text":"x","reply_to":"` + comment + `"}`, 201},
		{"PATCH", own, `{"text":"y"}`, 200},
		{"PUT", post + "/like", "", 200},
		{"POST", post + "/tips", `{"amount":5,"currency":"CNY"}`, 201},
	} {
		known.set(t, bob, policy.Subject{Credit: 750, Age: 30})
		v := s.refused(problem.NotAllowed, s.do(door.method, door.path, door.body, bob.auth(), key()))
		if rule := v["rule"].([]any)[0].(map[string]any); v["detail"] == "" || rule["clause"] == "" || rule["have"] == "" || rule["need"] == "" || rule["how"] == "" {
			t.Errorf("%s %s: %v", door.method, door.path, v)
		}
		known.set(t, bob, policy.Subject{Credit: 751, Age: 30})
		s.want(door.status, s.do(door.method, door.path, door.body, bob.auth(), key()))
	}
	known.set(t, bob, policy.Subject{Credit: 750, Age: 30})
	c := s.want(200, s.do("GET", circle, "", bob.auth()))
	can := c["viewer"].(map[string]any)["can"].(map[string]any)["post"].(map[string]any)
	if c["rules"].(map[string]any)["like"] != score || c["rules_version"] != 1.0 || can["allowed"] != false || can["reason"] == "" || len(can["rule"].([]any)) != 2 {
		t.Errorf("%v", c)
	}
	known.set(t, bob, policy.Subject{Credit: 900, Age: 17})
	s.refused(problem.TipAdultsOnly, s.do("POST", post+"/tips", `{"amount":5,"currency":"CNY"}`, bob.auth(), key()))
	s.want(201, s.do("POST", circle+"/rules", `{"revert_to":0}`, ann.auth()))
	known.set(t, bob, policy.Subject{})
	s.want(201, s.do("POST", circle+"/posts", `{"text":"x"}`, bob.auth()))
}

// TestBadRulesAreRefused with the place of the fault, by each route that takes
// rules, and change nothing.
func TestBadRulesAreRefused(t *testing.T) {
	t.Parallel()
	s, _ := newRuledSite(t)
	ann, bob := s.person("ann"), s.person("bob")
	circle := s.circle(ann)
	before := s.rows()
	for _, bad := range []struct {
		action, rule string
		code         problem.Code
		place        string
	}{
		{"post", `user.credit > `, problem.RuleMalformed, "line 1, column"},
		{"post", `user.feet == 2`, problem.RuleMalformed, "line 1, column 1"},
		{"like", `[1,2,3].all(x, [1,2,3].all(y, x > y))`, problem.RuleMalformed, "line 1, column"},
		{"dance", `true`, problem.RuleMalformed, ""},
		{"post", strings.Repeat("(", 1000) + "true" + strings.Repeat(")", 1000), "", ""},
		{"post", strings.Repeat("user.student && ", 200) + "true", "", ""},
		{"post", "user.student" + strings.Repeat(" ", policy.MaxRuleLength), problem.RuleTooLong, ""},
		{"comment", `user.gender == "female"`, problem.RuleGender, ""},
		{"view", `user.gender == "female"`, problem.RuleGender, ""},
		{"post", `user.gender == "female"`, problem.RuleGender, ""}, // without a reason
		{"post", "", problem.RuleMalformed, ""},
	} {
		body := rulesBody(t, map[string]string{bad.action: bad.rule}, "")
		alone, _ := json.Marshal(map[string]any{"rules": map[string]string{bad.action: bad.rule}})
		for path, body := range map[string]string{"/v1/circles": body, circle + "/rules": string(alone), circle + "/rules/preview": string(alone)} {
			v := s.want(422, s.do("POST", path, body, ann.auth()))
			field := v["errors"].([]any)[0].(map[string]any)
			if bad.code != "" && v["code"] != string(bad.code) || !strings.HasPrefix(field["location"].(string), "body.rules") || !strings.Contains(field["message"].(string), bad.place) {
				t.Errorf("%s %.60s: %v", path, bad.rule, v)
			}
		}
	}
	if after := s.rows(); after != before {
		t.Errorf("%d rows were written", after-before)
	}
	s.refused(problem.RoleRequired, s.do("POST", circle+"/rules", `{"rules":{}}`, bob.auth()))
	s.refused(problem.RoleRequired, s.do("POST", circle+"/rules/preview", `{"rules":{}}`, bob.auth()))
	s.refused(problem.Invalid_, s.do("POST", circle+"/rules", `{}`, ann.auth()))
	s.refused(problem.Invalid_, s.do("POST", circle+"/rules", `{"revert_to":3}`, ann.auth()))
}

// TestGenderRules: posting may depend on gender, with a reason that readers
// see; who is refused is told it.
func TestGenderRules(t *testing.T) {
	t.Parallel()
	s, known := newRuledSite(t)
	ann, bob := s.person("ann"), s.person("bob")
	const reason = "We talk of what women meet at work."
	a := s.do("POST", "/v1/circles", rulesBody(t, map[string]string{"post": `user.gender == "female"`}, reason), ann.auth())
	circle := a.Header.Get("Location")
	if c := s.want(201, a); c["rules_reason"] != reason || c["rules_version"] != 1.0 {
		t.Errorf("%v", c)
	}
	known.set(t, ann, policy.Subject{Gender: policy.Female})
	s.want(201, s.do("POST", circle+"/posts", `{"text":"x"}`, ann.auth()))
	for _, gender := range []string{policy.Male, ""} {
		known.set(t, bob, policy.Subject{Gender: gender})
		if v := s.refused(problem.NotAllowed, s.do("POST", circle+"/posts", `{"text":"x"}`, bob.auth())); !strings.Contains(v["detail"].(string), reason) {
			t.Errorf("%v", v)
		}
	}
	s.want(200, s.do("GET", circle+"/posts", ""))
}

// TestPreviewChangesNothing and counts by action.
func TestPreviewChangesNothing(t *testing.T) {
	t.Parallel()
	s, known := newRuledSite(t)
	ann, bob := s.person("ann"), s.person("bob")
	circle := s.circle(ann)
	s.post(bob, circle, "x")
	s.want(200, s.do("PUT", circle+"/follow", "", ann.auth()))
	s.want(200, s.do("PUT", circle+"/follow", "", bob.auth()))
	known.set(t, ann, policy.Subject{Student: true})
	v := s.want(200, s.do("POST", circle+"/rules/preview", `{"rules":{"post":"user.student"}}`, ann.auth(), key()))
	post := v["actions"].(map[string]any)["post"].(map[string]any)
	if post["followers"] != 2.0 || post["followers_shut_out"] != 1.0 || post["authors"] != 1.0 || post["authors_shut_out"] != 1.0 || v["exact"] != true {
		t.Errorf("%v", v)
	}
	if r := s.want(200, s.do("GET", circle+"/rules", "")); r["version"] != 0.0 || len(r["history"].([]any)) != 0 {
		t.Errorf("%v", r)
	}
}

// TestClosedCirclesAreNotFound for guests and for those whom the rule shuts out.
func TestClosedCirclesAreNotFound(t *testing.T) {
	t.Parallel()
	s, known := newRuledSite(t)
	ann, bob := s.person("ann"), s.rich("bob", 1000)
	circle := s.circle(ann)
	post := s.post(ann, circle, "hidden words")
	s.want(200, s.do("PUT", circle+"/follow", "", bob.auth()))
	s.want(201, s.do("POST", circle+"/rules", `{"rules":{"view":"user.age >= 18"}}`, ann.auth()))
	known.set(t, bob, policy.Subject{Age: 17})
	for _, path := range []string{
		circle, circle + "/posts", circle + "/members", circle + "/rules", circle + "/contract", post, post + "/likes", post + "/comments", post + "/tips", post + "/tips/quote?amount=5",
	} {
		s.want(200, s.do("GET", path, "", ann.auth()))
		s.want(404, s.do("GET", path, ""))
		s.want(404, s.do("GET", path, "", bob.auth()))
	}
	for _, door := range []struct{ method, path, body string }{
		{"POST", circle + "/posts", `{"text":"x"}`},
		{"POST", post + "/comments", `{"text":"x"}`},
		{"PATCH", post, `{"text":"x"}`},
		{"DELETE", post, ""},
		{"PUT", post + "/like", ""},
		{"DELETE", post + "/like", ""},
		{"POST", post + "/tips", `{"amount":5,"currency":"CNY"}`},
		{"PATCH", circle, `{"name":"x"}`},
		{"POST", circle + "/rules", `{"rules":{}}`},
		{"POST", circle + "/rules/preview", `{"rules":{}}`},
		{"POST", circle + "/contract", `{"author":10000,"partner":0,"platform":0}`},
	} {
		if a := s.do(door.method, door.path, door.body, bob.auth(), key()); a.StatusCode != 404 {
			t.Errorf("%s %s: %d %s", door.method, door.path, a.StatusCode, a.body)
		}
	}
	for _, path := range []string{"/v1/home", "/v1/circles", "/v1/circles?sort=new", "/v1/users/" + ann.id + "/posts"} {
		if a := s.do("GET", path, "", bob.auth()); strings.Contains(string(a.body), "hidden words") || strings.Contains(string(a.body), strings.TrimPrefix(circle, "/v1/circles/")) {
			t.Errorf("%s leaks %s", path, a.body)
		}
	}
}

func TestLimitsShowThoseOfRules(t *testing.T) {
	t.Parallel()
	s, _ := newRuledSite(t)
	rules := s.want(200, s.do("GET", "/v1/limits", ""))["rules"].(map[string]any)
	if rules["rule_characters"] != float64(policy.MaxRuleLength) || rules["tip_age"] != 18.0 {
		t.Errorf("%v", rules)
	}
}
