package httpapi

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"lifecircle/internal/problem"
)

// tab is a page of a browser: it keeps cookies and says where it is from.
type tab struct {
	t      *testing.T
	client *http.Client
	server string
	origin string
}

var inCookie = header{sessionHeader, "cookie"}

func openTab(t *testing.T, s *site) *tab {
	t.Helper()
	server := httptest.NewServer(s.handler)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	t.Cleanup(func() { client.CloseIdleConnections(); server.Close() })
	return &tab{t: t, client: client, server: server.URL, origin: server.URL}
}

// send returns status, body and cookies of an answer; headers go before those
// of a page.
func (b *tab) send(method, path, body string, headers ...header) (int, map[string]any, []*http.Cookie) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.server+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", b.origin)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, h := range headers {
		if r.Header.Set(h.name, h.value); h.value == "" {
			r.Header.Del(h.name)
		}
	}
	res, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	var v map[string]any
	if len(raw) > 0 && json.Unmarshal(raw, &v) != nil {
		b.t.Fatalf("%s %s: %q", method, path, raw)
	}
	return res.StatusCode, v, res.Cookies()
}

func (b *tab) held() string {
	b.t.Helper()
	u, err := url.Parse(b.server + "/v1/auth/refresh")
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == cookieName+"_"+u.Port() {
			return c.Value
		}
	}
	return ""
}

const annRegisters = `{"handle":"ann","password":"` + password + `","display_name":"Ann"}`

func TestSessionInACookie(t *testing.T) {
	t.Parallel()
	b := openTab(t, newSite(t, nil))
	status, v, cookies := b.send("POST", "/v1/auth/register", annRegisters, inCookie)
	if status != 201 || v["refresh_token"] != nil || v["access_token"] == "" || len(cookies) != 1 {
		t.Fatalf("register: %d %v %v", status, v, cookies)
	}
	if c := cookies[0]; !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Secure || c.Path != "/v1/auth" || c.MaxAge != 30*24*3600 || c.Domain != "" {
		t.Errorf("the cookie: %+v", c)
	}
	first := b.held()
	for range 2 {
		status, v, _ = b.send("POST", "/v1/auth/refresh", `{}`, inCookie)
		if status != 200 || v["refresh_token"] != nil || v["access_token"] == nil {
			t.Fatalf("refresh: %d %v", status, v)
		}
	}
	if b.held() == first || b.held() == "" {
		t.Error("the cookie did not change")
	}
	// The first token again, long behind: the session ends and takes its cookie along.
	b.send("POST", "/v1/auth/refresh", `{"refresh_token":"`+first+`"}`, inCookie)
	if b.held() != "" {
		t.Error("the cookie of an ended session stayed")
	}

	status, _, _ = b.send("POST", "/v1/auth/login", `{"handle":"ann","password":"`+password+`"}`, inCookie)
	second := b.held()
	if status != 200 || second == "" {
		t.Fatalf("login: %d", status)
	}
	if status, _, _ = b.send("POST", "/v1/auth/logout", `{}`, inCookie); status != 204 || b.held() != "" {
		t.Errorf("logout: %d, and the cookie is %q", status, b.held())
	}
	if status, v, _ = b.send("POST", "/v1/auth/refresh", `{"refresh_token":"`+second+`"}`); status != 401 || v["code"] != string(problem.InvalidToken) {
		t.Errorf("after the logout: %d %v", status, v)
	}
}

// A session that an app, or an older page, kept itself moves into a cookie.
func TestSessionMovesIntoACookie(t *testing.T) {
	t.Parallel()
	b := openTab(t, newSite(t, nil))
	_, v, cookies := b.send("POST", "/v1/auth/register", annRegisters)
	if v["refresh_token"] == nil || len(cookies) != 0 {
		t.Fatalf("an app got %v %v", v, cookies)
	}
	status, v, _ := b.send("POST", "/v1/auth/refresh", `{"refresh_token":"`+v["refresh_token"].(string)+`"}`, inCookie)
	if status != 200 || v["refresh_token"] != nil || b.held() == "" {
		t.Errorf("moving: %d %v, cookie %q", status, v, b.held())
	}
	status, v, _ = b.send("POST", "/v1/auth/refresh", `{}`)
	if status != 422 || v["code"] != string(problem.Invalid_) {
		t.Errorf("a cookie counted without the header: %d %v", status, v)
	}
}

// Only pages of this site can use the cookie, whatever they are able to send.
func TestForeignPagesCannotUseTheCookie(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	b := openTab(t, s)
	b.send("POST", "/v1/auth/register", annRegisters, inCookie)
	before := b.held()
	for name, from := range map[string][]header{
		"no origin":        {{"Origin", ""}},
		"a null origin":    {{"Origin", "null"}},
		"another port":     {{"Origin", "http://127.0.0.1:1"}},
		"another site":     {{"Origin", "https://evil.example"}},
		"another scheme":   {{"Origin", "ftp://" + strings.TrimPrefix(b.server, "http://")}},
		"a same-site page": {{"Sec-Fetch-Site", "same-site"}},
		"a cross-site one": {{"Sec-Fetch-Site", "cross-site"}},
		"a typed address":  {{"Sec-Fetch-Site", "none"}},
	} {
		for _, path := range []string{"/v1/auth/refresh", "/v1/auth/logout"} {
			status, v, cookies := b.send("POST", path, `{}`, append(from, inCookie)...)
			if status != 403 || v["code"] != string(problem.ForeignOrigin) || len(cookies) != 0 {
				t.Errorf("%s from %s: %d %v %v", path, name, status, v, cookies)
			}
		}
		if status, _, cookies := b.send("POST", "/v1/auth/login", `{"handle":"ann","password":"`+password+`"}`, append(from, inCookie)...); status != 403 || len(cookies) != 0 {
			t.Errorf("signing in from %s: %d %v", name, status, cookies)
		}
	}
	if status, v, _ := b.send("POST", "/v1/auth/refresh", `{}`, header{sessionHeader, "Cookie "}); status != 422 {
		t.Errorf("another wish: %d %v", status, v)
	}
	preflight := s.request("OPTIONS", "/v1/auth/refresh", header{"Origin", "https://evil.example"},
		header{"Access-Control-Request-Method", "POST"}, header{"Access-Control-Request-Headers", strings.ToLower(sessionHeader)})
	for name := range preflight.Header {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("a preflight is told %s: %s", name, preflight.Header.Get(name))
		}
	}
	if status, _, _ := b.send("POST", "/v1/auth/refresh", `{}`, inCookie); status != 200 || b.held() == before {
		t.Errorf("our own page: %d", status)
	}
}

// On https, which a proxy speaks for us, the cookie is bound to the host.
func TestCookieOnHTTPS(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.PublicURL = "https://circle.example/" })
	for host, origin := range map[string]string{"circle.example": "https://circle.example", "10.0.0.7:8080": "https://circle.example"} {
		r := httptest.NewRequest("POST", "/v1/auth/register", strings.NewReader(strings.Replace(annRegisters, `"ann"`, `"ann`+host[:2]+`"`, 1)))
		r.Host = host
		for _, h := range []header{asJSON, inCookie, {"Origin", origin}} {
			r.Header.Set(h.name, h.value)
		}
		a := s.send(r)
		if a.StatusCode != 201 || len(a.Cookies()) != 1 {
			t.Fatalf("%s: %d %s", host, a.StatusCode, a.body)
		}
		if c := a.Cookies()[0]; c.Name != "__Host-"+cookieName || !c.Secure || c.Path != "/" || c.Domain != "" || !c.HttpOnly {
			t.Errorf("%s: %+v", host, c)
		}
	}
}

func TestLogoutEverywhere(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	b := openTab(t, s)
	_, app, _ := b.send("POST", "/v1/auth/register", annRegisters)
	_, page, _ := b.send("POST", "/v1/auth/login", `{"handle":"ann","password":"`+password+`"}`, inCookie)
	s.refused(problem.Unauthorized, s.do("DELETE", "/v1/auth/sessions", ""))
	status, _, _ := b.send("DELETE", "/v1/auth/sessions", "", inCookie, bearing(page["access_token"].(string)))
	if status != 204 || b.held() != "" {
		t.Errorf("everywhere: %d, cookie %q", status, b.held())
	}
	s.refused(problem.InvalidToken, s.do("POST", "/v1/auth/refresh", `{"refresh_token":"`+app["refresh_token"].(string)+`"}`))
}
