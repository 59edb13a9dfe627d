package httpapi

import (
	"net/http"
	"strings"
	"testing"
)

// One walk through every route that succeeds.
func TestJourney(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ann, bob := s.person("ann"), s.person("bob")

	me := s.want(http.StatusOK, s.do("GET", "/v1/me", "", ann.auth()))
	if me["handle"] != "ann" || me["display_name"] != "Ann" || me["id"] != ann.id {
		t.Errorf("me: %v", me)
	}
	me = s.want(http.StatusOK, s.do("PATCH", "/v1/me", `{"bio":"Hello 你好"}`, ann.auth()))
	if me["bio"] != "Hello 你好" || me["display_name"] != "Ann" {
		t.Errorf("changed me: %v", me)
	}
	if u := s.want(http.StatusOK, s.do("GET", "/v1/users/by-handle/ANN", "")); u["id"] != ann.id {
		t.Errorf("by handle: %v", u)
	}
	if u := s.want(http.StatusOK, s.do("GET", "/v1/users/"+ann.id, "")); u["bio"] != "Hello 你好" {
		t.Errorf("ann as guests see her: %v", u)
	}

	circle := s.circle(ann)
	if !strings.HasPrefix(circle, "/v1/circles/") {
		t.Fatalf("location %q", circle)
	}
	c := s.want(http.StatusOK, s.do("PATCH", circle, `{"tags":["Tea","hot"]}`, ann.auth()))
	if len(c["tags"].([]any)) != 2 || c["viewer"].(map[string]any)["role"] != "owner" {
		t.Errorf("circle: %v", c)
	}
	can := s.want(http.StatusOK, s.do("GET", circle, ""))["viewer"].(map[string]any)["can"].(map[string]any)
	if post := can["post"].(map[string]any); post["allowed"] != false || post["code"] != "unauthorized" || post["rule"] == nil {
		t.Errorf("a guest's right to post: %v", post)
	}
	for _, query := range []string{"", "?sort=new", "?sort=top&tag=tea&limit=1"} {
		if list := s.want(http.StatusOK, s.do("GET", "/v1/circles"+query, "")); len(list["items"].([]any)) != 1 {
			t.Errorf("circles%s: %v", query, list)
		}
	}
	if f := s.want(http.StatusOK, s.do("PUT", circle+"/follow", "", bob.auth())); f["following"] != true || f["followers"] != 1.0 {
		t.Errorf("follow: %v", f)
	}
	if m := s.want(http.StatusOK, s.do("PUT", circle+"/members/"+bob.id, `{"role":"moderator"}`, ann.auth())); m["role"] != "moderator" {
		t.Errorf("member: %v", m)
	}
	s.rolesOf(circle, ann, bob)
	s.journeyOfAPost(ann, bob, circle)
	s.want(http.StatusNoContent, s.do("DELETE", circle+"/members/"+bob.id, "", ann.auth()))
	if f := s.want(http.StatusOK, s.do("DELETE", circle+"/follow", "", bob.auth())); f["following"] != false || f["followers"] != 0.0 {
		t.Errorf("unfollow: %v", f)
	}
}

// rolesOf tells in pages of one who runs a circle: owners first.
func (s *site) rolesOf(circle string, people ...person) {
	s.t.Helper()
	next := ""
	for i, role := range []string{"owner", "moderator"} {
		page := s.want(http.StatusOK, s.do("GET", circle+"/members?limit=1&cursor="+next, ""))
		items, _ := page["items"].([]any)
		if len(items) != 1 || items[0].(map[string]any)["role"] != role || items[0].(map[string]any)["user"].(map[string]any)["id"] != people[i].id {
			s.t.Fatalf("page %d of members: %v", i, page)
		}
		next, _ = page["next_cursor"].(string)
	}
	if last := s.want(http.StatusOK, s.do("GET", circle+"/members?limit=1&cursor="+next, "")); len(last["items"].([]any)) != 0 {
		s.t.Errorf("more members: %v", last)
	}
}

func (s *site) journeyOfAPost(ann, bob person, circle string) {
	t := s.t
	empty := s.want(http.StatusOK, s.do("GET", circle+"/posts", ""))
	if len(empty["items"].([]any)) != 0 || empty["position"] == nil || empty["next_cursor"] != nil {
		t.Errorf("no posts: %v", empty)
	}
	first := s.post(ann, circle, "<b>first</b>\n第一")
	s.post(ann, circle, "second")
	p := s.want(http.StatusOK, s.do("GET", first, ""))
	if p["text"] != "<b>first</b>\n第一" || p["liked"] != false || p["edited_at"] != nil {
		t.Errorf("post: %v", p)
	}
	page := s.want(http.StatusOK, s.do("GET", circle+"/posts?limit=1", ""))
	if page["items"].([]any)[0].(map[string]any)["text"] != "second" || page["position"].(map[string]any)["offset"] != 3.0 {
		t.Errorf("first page: %v", page)
	}
	page = s.want(http.StatusOK, s.do("GET", circle+"/posts?limit=1&cursor="+page["next_cursor"].(string), ""))
	if page["items"].([]any)[0].(map[string]any)["id"] != p["id"] {
		t.Errorf("second page: %v", page)
	}
	if home := s.want(http.StatusOK, s.do("GET", "/v1/home", "", bob.auth())); len(home["items"].([]any)) != 2 {
		t.Errorf("home: %v", home)
	}
	if l := s.want(http.StatusOK, s.do("PUT", first+"/like", "", bob.auth())); l["liked"] != true || l["likes"] != 1.0 {
		t.Errorf("like: %v", l)
	}
	if l := s.want(http.StatusOK, s.do("GET", first+"/likes", "")); len(l["items"].([]any)) != 1 {
		t.Errorf("likes: %v", l)
	}
	if p := s.want(http.StatusOK, s.do("GET", first, "", bob.auth())); p["liked"] != true {
		t.Errorf("bob's view: %v", p)
	}
	if l := s.want(http.StatusOK, s.do("DELETE", first+"/like", "", bob.auth())); l["liked"] != false || l["likes"] != 0.0 {
		t.Errorf("unlike: %v", l)
	}
	if p := s.want(http.StatusOK, s.do("PATCH", first, `{"text":"edited"}`, ann.auth())); p["text"] != "edited" || p["edited_at"] == nil {
		t.Errorf("edited: %v", p)
	}
	a := s.do("POST", first+"/comments", `{"text":"nice"}`, bob.auth())
	comment := s.want(http.StatusCreated, a)
	reply := s.want(http.StatusCreated, s.do("POST", first+"/comments", `{"text":"thanks","reply_to":"`+comment["id"].(string)+`"}`, ann.auth()))
	if reply["reply_to"] != comment["id"] {
		t.Errorf("reply: %v", reply)
	}
	if l := s.want(http.StatusOK, s.do("GET", first+"/comments", "")); len(l["items"].([]any)) != 2 {
		t.Errorf("comments: %v", l)
	}
	s.want(http.StatusNoContent, s.do("DELETE", a.Header.Get("Location"), "", bob.auth()))
	s.want(http.StatusNoContent, s.do("DELETE", first, "", bob.auth()))
	s.refused("deleted", s.do("GET", first, ""))
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ann := s.person("ann")
	circle := s.circle(ann)
	key := header{"Idempotency-Key", "a key: 1"}
	one := s.want(http.StatusCreated, s.do("POST", circle+"/posts", `{"text":"x"}`, ann.auth(), key))
	two := s.want(http.StatusCreated, s.do("POST", circle+"/posts", `{ "text" : "x" }`, ann.auth(), key))
	if one["id"] != two["id"] || one["id"] == nil {
		t.Errorf("a repeated key made %v and %v", one["id"], two["id"])
	}
	s.refused("idempotency_key_reused", s.do("POST", circle+"/posts", `{"text":"y"}`, ann.auth(), key))
}

func TestSessions(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ann := s.person("ann")
	v := s.want(http.StatusOK, s.do("POST", "/v1/auth/login", `{"handle":"Ann","password":"`+password+`"}`))
	if v["token_type"] != "Bearer" || v["expires_in"] != 900.0 || v["user"].(map[string]any)["id"] != ann.id {
		t.Errorf("login: %v", v)
	}
	old := `{"refresh_token":"` + v["refresh_token"].(string) + `"}`
	next := s.want(http.StatusOK, s.do("POST", "/v1/auth/refresh", old, header{"Authorization", "Bearer stale"}))
	s.want(http.StatusOK, s.do("GET", "/v1/me", "", bearing(next["access_token"].(string))))
	s.refused("refresh_token_reused", s.do("POST", "/v1/auth/refresh", old))
	s.refused("invalid_token", s.do("POST", "/v1/auth/refresh", `{"refresh_token":"`+next["refresh_token"].(string)+`"}`))
	s.want(http.StatusNoContent, s.do("POST", "/v1/auth/logout", old))
	s.refused("invalid_credentials", s.do("POST", "/v1/auth/login", `{"handle":"ann","password":"wrong"}`))
	s.refused("handle_taken", s.do("POST", "/v1/auth/register", `{"handle":"ann","password":"`+password+`","display_name":"A"}`))
	keys := s.want(http.StatusOK, s.do("GET", "/.well-known/jwks.json", ""))["keys"].([]any)
	if len(keys) == 0 || keys[0].(map[string]any)["kty"] != "OKP" || keys[0].(map[string]any)["d"] != nil {
		t.Errorf("keys: %v", keys)
	}
}
