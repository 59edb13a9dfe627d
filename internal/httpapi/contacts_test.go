package httpapi

import (
	"testing"

	"lifecircle/internal/problem"
)

func TestJourneyOfAContact(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ann, bob := s.person("ann"), s.person("bob")
	path := func(p string) string { return "/v1/me/contacts/" + p }
	state := func(of string, auth header, want string) {
		t.Helper()
		c := s.want(200, s.do("GET", path(of), "", auth))
		_, since := c["since"]
		if c["state"] != want || since == (want == "none") || c["person"].(map[string]any)["id"] != of {
			t.Errorf("%v, want the state %s", c, want)
		}
	}
	state(bob.id, ann.auth(), "none")
	s.want(200, s.do("PUT", path(bob.id), "", ann.auth()))
	state(bob.id, ann.auth(), "asked")
	state(ann.id, bob.auth(), "asks")
	s.want(200, s.do("PUT", path(ann.id), "", bob.auth()))
	state(bob.id, ann.auth(), "accepted")
	if a := s.do("DELETE", path(bob.id), "", ann.auth()); a.StatusCode != 204 {
		t.Errorf("end: %d %s", a.StatusCode, a.body)
	}
	state(bob.id, ann.auth(), "none")
	state(ann.id, bob.auth(), "none")
	s.refused(problem.UserNotFound, s.do("GET", path("0000000000002"), "", ann.auth()))
	s.refused(problem.UserNotFound, s.do("GET", path("nonsense"), "", ann.auth()))
}
