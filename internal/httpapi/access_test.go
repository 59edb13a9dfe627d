package httpapi

import (
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"lifecircle/internal/auth"
	"lifecircle/internal/problem"
)

// sample fills the parameters of a path with ids that could be.
func sample(path string) string {
	const one = "0000000000002"
	if strings.HasPrefix(path, "/v1/posts/") {
		path = strings.Replace(path, "{id}", one+one, 1)
	}
	if strings.HasPrefix(path, "/v1/comments/") || strings.HasPrefix(path, "/v1/tips/") {
		path = strings.Replace(path, "{id}", one+one+one, 1)
	}
	return strings.NewReplacer("{id}", one, "{user}", one, "{provider}", "sandbox").Replace(path)
}

func eachOperation(doc *huma.OpenAPI, f func(path string, op *huma.Operation)) {
	for _, path := range sortedKeys(doc.Paths) {
		for _, op := range operationsOf(doc.Paths[path]) {
			f(path, op)
		}
	}
}

// Whatever needs an account refuses a guest before it looks at anything else,
// and every route that looks at tokens refuses bad ones.
func TestAccessMatrix(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	late := auth.NewService(s.pool, auth.Options{Now: func() time.Time { return time.Now().Add(-time.Hour) }})
	expired, err := late.IssueFor(t.Context(), 2, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	before, guests := s.rows(), 0
	eachOperation(s.doc, func(path string, op *huma.Operation) {
		target, body := sample(path), ""
		if op.RequestBody != nil {
			body = "not even JSON"
		}
		if len(op.Security) == 0 {
			return
		}
		if len(op.Security) == 1 {
			guests++
			s.refused(problem.Unauthorized, s.do(op.Method, target, body))
		} else if a := s.do(op.Method, target, body); a.StatusCode == 401 {
			t.Errorf("%s %s is closed to guests", op.Method, target)
		}
		s.refused(problem.TokenExpired, s.do(op.Method, target, body, bearing(expired)))
		for _, bad := range []string{"Bearer x.y.z", "Bearer", "Bearer  ", "Basic YTpi", expired, "Bearer " + expired + "x", "Bearer \xff"} {
			s.refused(problem.InvalidToken, s.do(op.Method, target, body, header{"Authorization", bad}))
		}
		s.refused(problem.InvalidToken, s.do(op.Method, target, body, bearing(expired), bearing(expired)))
	})
	if guests < 15 {
		t.Errorf("only %d routes need an account", guests)
	}
	if after := s.rows(); after != before {
		t.Errorf("%d rows were written", after-before)
	}
}

// Every write of the product is one that needs an account.
func TestEveryWriteNeedsAnAccount(t *testing.T) {
	t.Parallel()
	s, err := build(Options{})
	if err != nil {
		t.Fatal(err)
	}
	eachOperation(s.api.OpenAPI(), func(path string, op *huma.Operation) {
		open := op.Tags[0] == "auth" || op.Tags[0] == "dev" || op.Tags[0] == "providers"
		if op.Method != "GET" && !open && len(op.Security) != 1 {
			t.Errorf("%s %s can be called by guests", op.Method, path)
		}
	})
}

func TestRights(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ann, bob := s.person("ann"), s.person("bob")
	circle := s.circle(ann)
	post := s.post(ann, circle, "x")
	v := s.refused(problem.RoleRequired, s.do("PATCH", circle, `{"name":"Coffee"}`, bob.auth()))
	if rule := v["rule"].([]any)[0].(map[string]any); rule["have"] == "" || rule["need"] != "owner" {
		t.Errorf("rule: %v", rule)
	}
	s.refused(problem.NotAuthor, s.do("PATCH", post, `{"text":"y"}`, bob.auth()))
	s.refused(problem.RoleRequired, s.do("DELETE", post, "", bob.auth()))
	s.refused(problem.LastOwner, s.do("DELETE", circle+"/members/"+ann.id, "", ann.auth()))
	s.refused(problem.UserNotFound, s.do("PUT", circle+"/members/0000000000002", `{"role":"owner"}`, ann.auth()))
	s.want(204, s.do("DELETE", post, "", ann.auth()))
	s.refused(problem.Deleted, s.do("PUT", post+"/like", "", bob.auth()))
}

// TestSuspended: whoever is suspended is told so at every door.
func TestSuspended(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ann, bob := s.person("ann"), s.person("bob")
	circle := s.circle(ann)
	post := s.post(ann, circle, "x")
	account := `{"handle":"eve_eve","password":"a long one","display_name":"Eve"}`
	refresh := s.want(201, s.do("POST", "/v1/auth/register", account))["refresh_token"].(string)
	if _, err := s.pool.Exec(t.Context(), `UPDATE users SET banned_at = now() WHERE id <> (SELECT id FROM users WHERE handle LIKE 'ann%')`); err != nil {
		t.Fatal(err)
	}
	s.refused(problem.Banned, s.do("POST", "/v1/auth/login", `{"handle":"eve_eve","password":"a long one"}`))
	s.refused(problem.Banned, s.do("POST", "/v1/auth/refresh", `{"refresh_token":"`+refresh+`"}`))
	for _, door := range []struct{ method, path, body string }{
		{"POST", "/v1/circles", `{"name":"Tea","description":""}`},
		{"PATCH", circle, `{"name":"Coffee"}`},
		{"PUT", circle + "/follow", ""},
		{"DELETE", circle + "/members/" + bob.id, ""},
		{"POST", circle + "/posts", `{"text":"x"}`},
		{"PUT", post + "/like", ""},
		{"POST", post + "/comments", `{"text":"x"}`},
		{"PATCH", post, `{"text":"x"}`},
		{"DELETE", post, ""},
		{"PATCH", "/v1/me", `{"bio":"x"}`},
		{"POST", circle + "/contract", `{"author":10000,"partner":0,"platform":0}`},
		{"POST", post + "/tips", `{"amount":5,"currency":"CNY"}`},
		{"POST", "/v1/wallet/topups", `{"amount":5,"currency":"CNY","provider":"sandbox"}`},
		{"POST", "/v1/wallet/withdrawals", `{"amount":5,"currency":"CNY","provider":"sandbox"}`},
	} {
		s.refused(problem.Banned, s.do(door.method, door.path, door.body, bob.auth(), key()))
	}
}
