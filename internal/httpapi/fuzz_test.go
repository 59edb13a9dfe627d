package httpapi

import (
	"strings"
	"testing"
)

// Whatever is sent, the answer is the resource or a problem document, never a
// failure of ours; do holds each answer to that.

func FuzzBody(f *testing.F) {
	for _, bad := range badBodies {
		if len(bad.body) < 1000 {
			f.Add(bad.body)
		}
	}
	f.Add(`{"handle":"ann","password":"correct horse","display_name":"Ann"}`)
	f.Add(`{"name":"x","description":"","tags":["a"],"parent":"0000000000002","rules":{"post":"true"}}`)
	f.Add(`{"text":"x","reply_to":"000000000000200000000000020000000000002"}`)
	f.Add(`{"count":2,"prefix":"x","balance":{"amount":1e3,"currency":"CNY"},"attributes":{"student":{"of":"\u0000"}}}`)
	f.Add(`{"kind":"identity","level":2,"verifier":"manual","name":"Ann","document":"A1234","birth_date":"1990-01-01","gender":"other","city":"x","note":"y"}`)
	f.Add(`{"kind":"student","of":"x","email":"a@b.cn"}`)
	s := newSite(f, func(o *Options) { o.Dev = true })
	ann := s.person("ann")
	circle := s.circle(ann)
	post := s.post(ann, circle, "x")
	doors := []struct{ method, path string }{
		{"POST", "/v1/auth/register"},
		{"POST", "/v1/auth/login"},
		{"POST", "/v1/auth/refresh"},
		{"PATCH", "/v1/me"},
		{"POST", "/v1/me/verifications"},
		{"POST", "/v1/circles"},
		{"PATCH", circle},
		{"PUT", circle + "/members/" + ann.id},
		{"POST", circle + "/posts"},
		{"PATCH", post},
		{"POST", post + "/comments"},
		{"PUT", "/v1/dev/users/" + ann.id},
	}
	f.Fuzz(func(t *testing.T, body string) {
		s.t = t
		for _, door := range doors {
			if a := s.do(door.method, door.path, body, ann.auth(), asJSON); a.StatusCode >= 500 {
				t.Errorf("%s %s %q: %d %s", door.method, door.path, body, a.StatusCode, a.body)
			}
		}
	})
}

func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"/v1/circles?cursor=AAAA&limit=1", "/v1/posts/0000000000002", "/v1/users/%00", "/v1//circles", "/v1/circles/\xff/posts?tag=\x00", "/../x?a=%zz"} {
		f.Add(seed, "a key", "Bearer x")
	}
	s := newSite(f, func(o *Options) { o.Web = web })
	ann := s.person("ann")
	circle := s.circle(ann)
	post := s.post(ann, circle, "x")
	f.Fuzz(func(t *testing.T, target, key, credentials string) {
		s.t = t
		if !strings.HasPrefix(target, "/") {
			target = "/" + target
		}
		for _, prefix := range []string{"", "/v1/circles", circle + "/posts", post + "/likes", post, circle} {
			for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
				a := s.do(method, prefix+target, "", ann.auth(), header{"Idempotency-Key", key})
				if a.StatusCode >= 500 {
					t.Errorf("%s %q: %d %s", method, prefix+target, a.StatusCode, a.body)
				}
			}
		}
		for _, list := range []string{"/v1/circles", "/v1/home", circle + "/posts", post + "/comments"} {
			if a := s.do("GET", list+"?cursor="+target, "", header{"Authorization", credentials}); a.StatusCode >= 500 {
				t.Errorf("%s with cursor %q: %d %s", list, target, a.StatusCode, a.body)
			}
		}
	})
}
