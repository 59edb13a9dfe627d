package httpapi

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"lifecircle/internal/problem"
)

// badBodies are refused whatever the route that takes a body.
var badBodies = []struct {
	name, body string
	code       problem.Code
}{
	{"nothing but space", "  ", problem.MalformedJSON},
	{"no JSON", "text=x", problem.MalformedJSON},
	{"cut off", `{"text":"x"`, problem.MalformedJSON},
	{"two values", `{"text":"x"}{"text":"y"}`, problem.MalformedJSON},
	{"something behind", `{"text":"x"} x`, problem.MalformedJSON},
	{"a member twice", `{"text":"x","text":"y"}`, problem.MalformedJSON},
	{"an inner member twice", `{"text":"x","a":{"b":1,"\u0062":2}}`, problem.MalformedJSON},
	{"a comment", `{"text":"x" /* y */}`, problem.MalformedJSON},
	{"a trailing comma", `{"text":"x",}`, problem.MalformedJSON},
	{"invalid UTF-8", "{\"text\":\"\xff\"}", problem.MalformedJSON},
	{"half a surrogate", `{"text":"\ud800"}`, problem.MalformedJSON},
	{"a mark before", "\ufeff{\"text\":\"x\"}", problem.MalformedJSON},
	{"a raw control character", "{\"text\":\"a\x01\"}", problem.MalformedJSON},
	{"too deep", strings.Repeat("[", 20) + strings.Repeat("]", 20), problem.MalformedJSON},
	{"very deep", strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000), problem.MalformedJSON},
	{"null", "null", problem.Invalid_},
	{"a list", `[{"text":"x"}]`, problem.Invalid_},
	{"a string", `"text"`, problem.Invalid_},
	{"a number", `1e400`, problem.MalformedJSON},
	{"an unknown member", `{"no_such_member":1}`, problem.Invalid_},
	{"too large", `{"text":"` + strings.Repeat("x", MaxBodyBytes) + `"}`, problem.BodyTooLarge},
}

func TestBadBodies(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Dev = true })
	ann := s.person("ann")
	circle := s.circle(ann)
	post := s.post(ann, circle, "x")
	doors := []struct{ method, path string }{
		{"POST", "/v1/auth/register"},
		{"POST", "/v1/auth/login"},
		{"POST", "/v1/auth/refresh"},
		{"POST", "/v1/auth/logout"},
		{"PATCH", "/v1/me"},
		{"POST", "/v1/circles"},
		{"PATCH", circle},
		{"PUT", circle + "/members/" + ann.id},
		{"POST", circle + "/posts"},
		{"PATCH", post},
		{"POST", post + "/comments"},
		{"POST", "/v1/dev/users"},
		{"PUT", "/v1/dev/users/" + ann.id},
		{"POST", post + "/tips"},
		{"POST", "/v1/tips/" + post[10:] + "0000000000002/refund"},
		{"PATCH", "/v1/wallet/limits"},
		{"POST", "/v1/wallet/topups"},
		{"POST", "/v1/wallet/withdrawals"},
		{"POST", circle + "/contract"},
		{"PATCH", "/v1/photos/0000000000002"},
	}
	before := s.rows()
	for _, door := range doors {
		for _, bad := range badBodies {
			a := s.do(door.method, door.path, bad.body, ann.auth(), key())
			if a.StatusCode != problem.Status(bad.code) {
				t.Errorf("%s %s with %s: %d %s", door.method, door.path, bad.name, a.StatusCode, a.body)
				continue
			}
			s.refused(bad.code, a)
		}
		s.refused(problem.MalformedJSON, s.do(door.method, door.path, "", ann.auth(), key(), asJSON))
		for _, kind := range []string{
			"text/plain", "application/x-www-form-urlencoded", "application/json; charset=gbk", "application/json; version=1",
			"application/problem+json", "multipart/form-data; boundary=x", "json", ";", "application/json, text/plain",
		} {
			s.refused(problem.BadContentType, s.do(door.method, door.path, `{"text":"x"}`, ann.auth(), key(), header{"Content-Type", kind}))
		}
		s.refused(problem.BadContentType, s.do(door.method, door.path, `{"text":"x"}`, ann.auth(), key(), asJSON, asJSON))
		s.refused(problem.BadContentType, s.do(door.method, door.path, `{"text":"x"}`, ann.auth(), key(), asJSON, header{"Content-Encoding", "gzip"}))
		r := httptest.NewRequest(door.method, door.path, strings.NewReader(`{"text":"x"}`))
		r.Header.Set("Authorization", ann.auth().value)
		r.Header.Set("Idempotency-Key", "k")
		s.refused(problem.BadContentType, s.send(r))
	}
	if after := s.rows(); after != before {
		t.Errorf("%d rows were written", after-before)
	}
}

func TestGoodContentTypes(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	for _, kind := range []string{"application/json", "Application/JSON", "application/json;charset=UTF-8", `application/json; charset="utf-8"`} {
		s.want(http.StatusNoContent, s.do("POST", "/v1/auth/logout", `{"refresh_token":"x"}`, header{"Content-Type", kind}))
	}
}

func TestBadValues(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ann := s.person("ann")
	circle := s.circle(ann)
	post, other := s.post(ann, circle, "x"), s.post(ann, circle, "y")
	foreign := s.want(201, s.do("POST", other+"/comments", `{"text":"z"}`, ann.auth()))["id"].(string)
	text := func(s string) string { return fmt.Sprintf(`{"text":%q}`, s) }
	tests := []struct {
		method, path, body string
		code               problem.Code
		location           string
	}{
		{"POST", circle + "/posts", `{}`, problem.Invalid_, "body"},
		{"POST", circle + "/posts", `{"text":null}`, problem.Invalid_, "body.text"},
		{"POST", circle + "/posts", `{"text":1}`, problem.Invalid_, "body.text"},
		{"POST", circle + "/posts", `{"Text":"x"}`, problem.Invalid_, "body"},
		{"POST", circle + "/posts", text(""), problem.TextEmpty, "body.text"},
		{"POST", circle + "/posts", text(" \n"), problem.TextEmpty, "body.text"},
		{"POST", circle + "/posts", `{"text":"a\u0000b"}`, problem.TextControl, "body.text"},
		{"POST", circle + "/posts", text(strings.Repeat("x", 5001)), problem.TextTooLong, "body.text"},
		{"POST", circle + "/posts", `{"text":"x","photos":["1"]}`, problem.PhotoNotFound, "body.photos[0]"},
		{"PATCH", post, text(""), problem.TextEmpty, "body.text"},
		{"POST", post + "/comments", text(strings.Repeat("x", 2001)), problem.TextTooLong, "body.text"},
		{"POST", post + "/comments", `{"text":"x","reply_to":"nonsense"}`, problem.Invalid_, "body"},
		{"POST", post + "/comments", `{"text":"x","reply_to":"` + foreign + `"}`, problem.CommentNotFound, "body.reply_to"},
		{"POST", "/v1/circles", `{"name":"x","description":""}x`, problem.MalformedJSON, ""},
		{"POST", "/v1/circles", `{"name":"a\u202eb","description":""}`, problem.TextControl, "body.name"},
		{"POST", "/v1/circles", `{"name":"x","description":"","category":"nothing"}`, problem.CategoryUnknown, "body.category"},
		{"POST", "/v1/circles", `{"name":"x","description":"","parent":"nonsense"}`, problem.Invalid_, "body"},
		{"POST", "/v1/circles", `{"name":"x","description":"","parent":"0000000000002"}`, problem.ParentUnsuitable, "body.parent"},
		{"POST", "/v1/circles", `{"name":"x","description":"","rules":{"post":"user.x"}}`, problem.RuleMalformed, "body.rules.post"},
		{"POST", "/v1/circles", `{"name":"x","description":"","tags":["a","b","c","d","e","f","g","h","i","j","k"]}`, problem.Invalid_, "body.tags"},
		{"POST", "/v1/circles", `{"name":"x","description":"","tags":["\u0000"]}`, problem.TextControl, "body.tags[0]"},
		{"PATCH", circle, `{"name":""}`, problem.TextEmpty, "body.name"},
		{"PUT", circle + "/members/" + ann.id, `{"role":"king"}`, problem.RoleUnknown, "body.role"},
		{"PATCH", "/v1/me", `{"display_name":"\u200b"}`, problem.TextControl, "body.display_name"},
		{"PATCH", "/v1/me", `{"bio":"\u0000"}`, problem.TextControl, "body.bio"},
		{"POST", "/v1/auth/register", `{"handle":"a b","password":"` + password + `","display_name":"x"}`, problem.HandleForm, "body.handle"},
		{"POST", "/v1/auth/register", `{"handle":"abc","password":"short","display_name":"x"}`, problem.PasswordWeak, "body.password"},
		{"POST", "/v1/auth/login", `{"handle":"a\u0000","password":"` + password + `"}`, problem.InvalidCredentials, ""},
	}
	before := s.rows()
	for _, tt := range tests {
		v := s.refused(tt.code, s.do(tt.method, tt.path, tt.body, ann.auth()))
		if tt.location == "" {
			continue
		}
		if fields, ok := v["errors"].([]any); !ok || fields[0].(map[string]any)["location"] != tt.location {
			t.Errorf("%s %s %s: errors %v", tt.method, tt.path, tt.body, v["errors"])
		}
	}
	if after := s.rows(); after != before {
		t.Errorf("%d rows were written", after-before)
	}
}

func TestBadPathsAndQueries(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ann := s.person("ann")
	circle := s.circle(ann)
	post := s.post(ann, circle, "x")
	tests := []struct {
		target string
		code   problem.Code
	}{
		{"/v1/circles/nonsense", problem.CircleNotFound},
		{"/v1/circles/0000000000002", problem.CircleNotFound},
		{"/v1/circles/0000000000000", problem.CircleNotFound},
		{"/v1/circles/zzzzzzzzzzzzz", problem.CircleNotFound},
		{strings.ToUpper(circle[:12]) + "X", problem.NotFound},
		{circle + "0", problem.CircleNotFound},
		{"/v1/circles/\x00", problem.CircleNotFound},
		{"/v1/circles/nonsense/posts", problem.CircleNotFound},
		{"/v1/posts/nonsense", problem.PostNotFound},
		{"/v1/posts/" + circle[12:], problem.PostNotFound},
		{"/v1/posts/" + circle[12:] + "0000000000002", problem.PostNotFound},
		{"/v1/posts/nonsense/likes", problem.PostNotFound},
		{"/v1/posts/nonsense/comments", problem.PostNotFound},
		{"/v1/users/nonsense", problem.UserNotFound},
		{"/v1/posts/nonsense/tips", problem.PostNotFound},
		{"/v1/posts/nonsense/tips/quote?amount=5", problem.PostNotFound},
		{"/v1/circles/nonsense/contract", problem.CircleNotFound},
		{"/v1/circles/0000000000002/contract", problem.CircleNotFound},
		{"/v1/wallet/topups/nonsense", problem.TopUpNotFound},
		{"/v1/wallet/topups/0000000000002", problem.TopUpNotFound},
		{"/v1/wallet/withdrawals/nonsense", problem.PayoutNotFound},
		{"/v1/wallet/withdrawals/0000000000002", problem.PayoutNotFound},
		{"/v1/wallet/statement?limit=1001", problem.Invalid_},
		{"/v1/wallet/statement?format=xml", problem.Invalid_},
		{"/v1/wallet/statement?month=2026-13", problem.MonthMalformed},
		{"/v1/wallet/statement?month=9999-01", problem.MonthMalformed},
		{"/v1/wallet/statement?format=csv&month=x", problem.MonthMalformed},
		{"/sandbox", problem.NotFound},
		{"/v1/users/0000000000002", problem.UserNotFound},
		{"/v1/users/0000000000002/posts", problem.UserNotFound},
		{"/v1/users/nobody/posts", problem.UserNotFound},
		{"/v1/users/by-handle/nobody_at_all", problem.UserNotFound},
		{"/v1/circles/0000000000002/members", problem.CircleNotFound},
		{"/v1/nonsense", problem.NotFound},
		{"/v1", problem.NotFound},
		{"/v1/", problem.NotFound},
		{circle + "/", problem.NotFound},
		{"/v1/circles/../circles", problem.NotFound},
		{"/connection/nonsense", problem.NotFound},
		{"/v1/circles?limit=0", problem.Invalid_},
		{"/v1/circles?limit=101", problem.Invalid_},
		{"/v1/circles?limit=-1", problem.Invalid_},
		{"/v1/circles?limit=1.5", problem.Invalid_},
		{"/v1/circles?limit=ten", problem.Invalid_},
		{"/v1/circles?limit=99999999999999999999", problem.Invalid_},
		{"/v1/circles?sort=worst", problem.Invalid_},
		{"/v1/circles?tag=%ff", problem.MalformedRequest},
		{"/v1/circles?tag=%00", problem.MalformedRequest},
		{"/v1/circles?tag=%zz", problem.MalformedRequest},
		{"/v1/circles?%ff=x", problem.MalformedRequest},
		{"/v1/circles?a;b", problem.MalformedRequest},
	}
	for _, list := range []string{"/v1/circles", "/v1/home", "/v1/users/" + ann.id + "/posts", circle + "/members", circle + "/posts", post + "/likes", post + "/comments", post + "/tips", "/v1/wallet/statement"} {
		for _, cursor := range []string{"x", "AAAA", strings.Repeat("A", 38), strings.Repeat("A", 5000), "%20", "\u4f60"} {
			tests = append(tests, struct {
				target string
				code   problem.Code
			}{list + "?cursor=" + cursor, problem.BadCursor})
		}
	}
	for _, tt := range tests {
		if a := s.do("GET", tt.target, "", ann.auth()); a.StatusCode != problem.Status(tt.code) {
			t.Errorf("GET %s: %d %s", tt.target, a.StatusCode, a.body)
		} else {
			s.refused(tt.code, a)
		}
	}
	for _, path := range []string{"/v1/comments/nonsense", "/v1/comments/" + post[10:]} {
		s.refused(problem.CommentNotFound, s.do("DELETE", path, "", ann.auth()))
	}
}

func TestBadIdempotencyKeys(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ann := s.person("ann")
	circle := s.circle(ann)
	post := s.post(ann, circle, "x")
	before := s.rows()
	for _, path := range []string{"/v1/circles", circle + "/posts", post + "/comments"} {
		for _, key := range []string{"", strings.Repeat("k", 256), "caf\u00e9", "a\tb", "a\x7f", "\xff"} {
			s.refused(problem.IdempotencyKeyBad, s.do("POST", path, `{"text":"y"}`, ann.auth(), header{"Idempotency-Key", key}))
		}
		s.refused(problem.IdempotencyKeyBad, s.do("POST", path, `{"text":"y"}`, ann.auth(), header{"Idempotency-Key", "a"}, header{"Idempotency-Key", "a"}))
	}
	if after := s.rows(); after != before {
		t.Errorf("%d rows were written", after-before)
	}
	s.want(201, s.do("POST", circle+"/posts", `{"text":"y"}`, ann.auth(), header{"Idempotency-Key", strings.Repeat("k", 255)}))
}

// A body without a length is counted as it comes.
func TestChunkedBody(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	server := httptest.NewServer(s.handler)
	defer server.Close()
	send := func(body string) (int, string) {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/v1/auth/logout", io.MultiReader(strings.NewReader(body)))
		r.Header.Set("Content-Type", "application/json")
		a, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = a.Body.Close() }()
		answer, _ := io.ReadAll(a.Body)
		return a.StatusCode, string(answer)
	}
	if status, body := send(`{"refresh_token":"x"}`); status != http.StatusNoContent {
		t.Errorf("small: %d %s", status, body)
	}
	if status, body := send(`{"refresh_token":"` + strings.Repeat("x", MaxBodyBytes) + `"}`); status != http.StatusRequestEntityTooLarge || !strings.Contains(body, "body_too_large") {
		t.Errorf("large: %d %s", status, body)
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	for _, m := range []string{"DELETE", "PUT", "PATCH", "TRACE", "BREW"} {
		a := s.do(m, "/v1/circles", "")
		s.refused(problem.MethodNot, a)
		if allow := a.Header.Get("Allow"); !strings.Contains(allow, "GET") || !strings.Contains(allow, "POST") {
			t.Errorf("%s: Allow %q", m, allow)
		}
	}
	s.refused(problem.MethodNot, s.do("POST", "/healthz", "{}"))
	s.refused(problem.NotFound, s.do("POST", "/nonsense", "{}"))
	if a := s.do("HEAD", "/v1/circles", ""); a.StatusCode != 200 || len(a.body) != 0 || a.Header.Get("Content-Type") != "application/json" {
		t.Errorf("HEAD: %d %q", a.StatusCode, a.body)
	}
	if a := s.do("GET", "/v1/circles", "", header{"Origin", "https://elsewhere.example"}); a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("another origin may read answers")
	}
	if a := s.do("GET", "/v1/circles", "", header{"Accept", "application/cbor"}); a.Header.Get("Content-Type") != "application/json" {
		t.Errorf("asked for CBOR: %s", a.Header.Get("Content-Type"))
	}
}
