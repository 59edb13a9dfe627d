package httpapi

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"lifecircle/internal/id"
	"lifecircle/internal/identity"
	"lifecircle/internal/problem"
)

// rights are what rules would be told of a person.
func (s *site) rights(p string) identity.Rights {
	s.t.Helper()
	user, err := id.Parse(p)
	if err != nil {
		s.t.Fatal(err)
	}
	all, err := identity.ReadRights(s.t.Context(), s.pool, user)
	if err != nil || all[user] == nil {
		s.t.Fatalf("rights of %s: %v", p, err)
	}
	return *all[user]
}

func TestJourneyOfAVerification(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ann := s.person("ann")
	const body = `{"kind":"identity","level":3,"name":"Ann Legal","document":"110101199001011234","birth_date":"1980-01-01","gender":"male","city":"Mars"}`
	made := s.do("POST", verificationsPath, body, ann.auth(), header{"Idempotency-Key", "k"})
	v := s.want(201, made)
	if v["status"] != "pending" || v["kind"] != "identity" || v["level"] != 3.0 || made.Header.Get("Location") != verificationsPath || v["expires_at"] == nil {
		t.Fatalf("%v", v)
	}
	again := s.want(201, s.do("POST", verificationsPath, body, ann.auth(), header{"Idempotency-Key", "k"}))
	if again["id"] != v["id"] || again["url"] != v["url"] {
		t.Errorf("with the same key: %v", again)
	}
	s.refused(problem.IdempotencyKeyReused, s.do("POST", verificationsPath, `{"kind":"student"}`, ann.auth(), header{"Idempotency-Key", "k"}))
	if mine := s.want(200, s.do("GET", verificationsPath, "", ann.auth())); mine["level"] != 0.0 || len(mine["attributes"].([]any)) != 0 || len(mine["items"].([]any)) != 1 {
		t.Errorf("before the decision: %v", mine)
	}

	form := url.Values{"action": {"approve"}, "level": {"3"}, "document": {"110101199001011234"}, "birth_date": {"1990-01-01"}, "gender": {"female"}, "city": {"上海"}}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, v["url"].(string), strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	page := httptest.NewRecorder()
	s.authority.Handler().ServeHTTP(page, r)
	if page.Code != http.StatusSeeOther {
		t.Fatalf("the authority: %d %s", page.Code, page.Body)
	}
	raw := s.do("GET", verificationsPath, "", ann.auth())
	mine := s.want(200, raw)
	if mine["level"] != 3.0 || len(mine["levels"].([]any)) != 3 || len(mine["attributes"].([]any)) != 3 {
		t.Errorf("after it: %v", mine)
	}
	if a := mine["attributes"].([]any)[0].(map[string]any); a["kind"] != "gender" || a["value"] != "female" || a["issuer"] != "sandbox" || a["valid"] != true || a["verified_at"] == nil {
		t.Errorf("%v", a)
	}
	for _, secret := range []string{"Ann Legal", "110101199001011234", "Mars", "1980-01-01"} {
		if strings.Contains(string(raw.body)+string(made.body)+s.log.String(), secret) {
			t.Errorf("%q is in an answer or the log", secret)
		}
	}
	if other := s.want(200, s.do("GET", verificationsPath, "", s.person("bob").auth())); other["level"] != 0.0 || len(other["items"].([]any)) != 0 {
		t.Errorf("somebody else's: %v", other)
	}
}

func TestWhatCannotBeVerified(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ann := s.person("ann")
	for body, want := range map[string]problem.Code{
		`{}`:                                            problem.Invalid_,
		`{"kind":"robot"}`:                              problem.Invalid_,
		`{"kind":"identity","level":4}`:                 problem.Invalid_,
		`{"kind":"identity","verified":true}`:           problem.Invalid_,
		`{"kind":"identity","status":"verified"}`:       problem.Invalid_,
		`{"kind":"student","level":2}`:                  problem.ClaimUnsuitable,
		`{"kind":"identity","document":"- -"}`:          problem.ClaimUnsuitable,
		`{"kind":"identity","birth_date":"1990-02-30"}`: problem.ClaimUnsuitable,
		`{"kind":"identity","birth_date":"2990-02-03"}`: problem.ClaimUnsuitable,
		`{"kind":"identity","name":"\u0000"}`:           problem.TextControl,
		`{"kind":"identity","verifier":"nobody"}`:       problem.VerifierUnknown,
		`{"kind":"student","email":"a@wutong.edu.cn"}`:  problem.VerifierUnknown, // no mails are sent here
		`{"kind":"identity","verifier":"manual"}`:       problem.ClaimUnsuitable,
		`{"kind":"identity","verifier":"manual","level":3,"name":"A","document":"A1234","birth_date":"1990-01-01"}`: problem.ClaimUnsuitable,
	} {
		s.refused(want, s.do("POST", verificationsPath, body, ann.auth()))
	}
	if mine := s.want(200, s.do("GET", verificationsPath, "", ann.auth())); len(mine["items"].([]any)) != 0 {
		t.Errorf("%v", mine)
	}
}

// Nobody is what a body or a token says.
func TestForgedClaimsAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ann := s.person("ann")
	for _, forged := range []string{`{"level":3}`, `{"birth_date":"1990-01-01"}`, `{"attributes":{"student":{"of":"x"}}}`, `{"bio":"x","gender":"female"}`} {
		s.refused(problem.Invalid_, s.do("PATCH", "/v1/me", forged, ann.auth()))
	}
	s.refused(problem.Invalid_, s.do("POST", "/v1/auth/register", `{"handle":"eve","password":"correct horse","display_name":"Eve","level":3}`))
	s.refused(problem.NotFound, s.do("PUT", "/v1/dev/users/"+ann.id, `{"level":3}`, ann.auth()))

	token := strings.TrimPrefix(ann.auth().value, "Bearer ")
	parts := strings.Split(token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(payload), "{", `{"level":3,"student":true,`, 1)))
	s.refused(problem.InvalidToken, s.do("GET", verificationsPath, "", bearing(strings.Join(parts, "."))))
	if r := s.rights(ann.id); r.Level != 0 || r.StudentOf != "" || !r.BirthDate.IsZero() || r.Gender != "" {
		t.Errorf("%+v", r)
	}
}

func TestDevelopersSayWhatIsTrue(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Dev = true })
	made := func(body string) string {
		return s.want(201, s.do("POST", "/v1/dev/users", body))["items"].([]any)[0].(map[string]any)["id"].(string)
	}
	plain := made(`{}`)
	if r := s.rights(plain); r.Level != 0 || r.BirthDate.Format("2006-01-02") != adultBirthDate || r.StudentOf != "" {
		t.Errorf("%+v", r)
	}
	full := made(`{"level":2,"attributes":{"birth_date":"2010-05-06","gender":"male","city":"杭州","student":{"of":"ZJU","expires_at":"2020-01-01T00:00:00Z"},"employee":{"of":"Acme"}}}`)
	r := s.rights(full)
	if v := r.At(r.CreatedAt); v.Level != 2 || v.Gender != "male" || v.City != "杭州" || v.Student || r.StudentOf != "ZJU" || !v.Employee || r.BirthDate.Year() != 2010 {
		t.Errorf("%+v", r)
	}
	s.want(200, s.do("PUT", "/v1/dev/users/"+full, `{"level":1,"attributes":{"student":{"of":"PKU","expires_at":"2099-01-01"}}}`))
	if r := s.rights(full); r.Level != 1 || r.StudentOf != "PKU" || r.Gender != "male" || r.BirthDate.Year() != 2010 || r.EmployeeOf != "Acme" {
		t.Errorf("%+v", r)
	}
	for _, bad := range []string{`{"student":{"of":""}}`, `{"student":{"of":"x","expires_at":"soon"}}`, `{"city":"\u0000"}`, `{"birth_date":"2990-01-01"}`} {
		if a := s.do("PUT", "/v1/dev/users/"+full, `{"attributes":`+bad+`}`); a.StatusCode != 422 {
			t.Errorf("%s: %d %s", bad, a.StatusCode, a.body)
		}
	}
}
