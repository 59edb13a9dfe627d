package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"lifecircle/internal/auth"
	"lifecircle/internal/problem"
)

const (
	sessionHeader = "X-Lifecircle-Session"
	cookieName    = "lifecircle_session"

	aboutCookies = "With " + sessionHeader + ": cookie the refresh token is set as a cookie that no script can read, and is not in the body. For pages of this site only."
)

// CookieWish is the part of the input of routes that can keep the session in
// a cookie. Without the header cookies are neither read nor set; and a page of
// another site cannot send the header, because no preflight is ever answered.
type CookieWish struct {
	Session string `header:"X-Lifecircle-Session" enum:"cookie" doc:"cookie: the refresh token is kept in a cookie (HttpOnly, SameSite=Strict; __Host- on https) instead of the body; for pages of this site"`
}

// sessionCookie is where a browser keeps a refresh token. On nil, for clients
// that keep it themselves, all methods leave things as they are.
type sessionCookie struct {
	name, path string
	secure     bool
}

// cookieFor returns the cookie that a request wishes for; nil if it does not.
// It fails with ForeignOrigin for all but pages of this site. That the header
// was sent tells as much already: this is a second lock, which also holds where
// a proxy answers preflights too kindly, and says by which scheme people see us.
func (s *server) cookieFor(ctx context.Context, wish CookieWish) (*sessionCookie, error) {
	if wish.Session == "" {
		return nil, nil
	}
	about := callOf(ctx)
	origin := s.ownOrigin(about.host, about.header)
	if origin == nil {
		return nil, errForeignOrigin
	}
	return newSessionCookie(origin), nil
}

var errForeignOrigin = &problem.Problem{Code: problem.ForeignOrigin, Detail: "A session in a cookie is for pages of this site only.", Rule: []problem.Clause{
	{Clause: "origin", Have: "another site, or none", Need: "a page of this site", How: "leave " + sessionHeader + " out, and keep the refresh token yourself"},
}}

// ownOrigin returns the origin of the page that asks, if it is ours.
func (s *server) ownOrigin(host string, h http.Header) *url.URL {
	if site := h.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return nil
	}
	origins := h.Values("Origin")
	if len(origins) != 1 {
		return nil
	}
	u, err := url.Parse(origins[0])
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return nil
	}
	if !strings.EqualFold(u.Host, host) && !strings.EqualFold(origins[0], strings.TrimSuffix(s.PublicURL, "/")) {
		return nil
	}
	return u
}

// newSessionCookie names the cookie of an origin. Cookies do not tell ports
// apart, so the name does. On https the prefix keeps neighbouring hosts from
// setting it, for which the path must be / (RFC 6265bis, 4.1.3.2).
func newSessionCookie(origin *url.URL) *sessionCookie {
	c := &sessionCookie{name: cookieName, path: "/v1/auth"}
	if port := origin.Port(); port != "" {
		c.name += "_" + port
	}
	if origin.Scheme == "https" {
		c.name, c.path, c.secure = "__Host-"+c.name, "/", true
	}
	return c
}

// token returns what the request's cookie holds; "" if there is none.
func (c *sessionCookie) token(ctx context.Context) string {
	r := http.Request{Header: callOf(ctx).header}
	found, err := r.Cookie(c.name)
	if err != nil {
		return ""
	}
	return found.Value
}

// keep returns the answer to a sign-in, its refresh token in the cookie.
func (c *sessionCookie) keep(ctx context.Context, g auth.Grant) session {
	if c != nil {
		c.set(ctx, g.RefreshToken, g.SessionFor)
		g.RefreshToken = ""
	}
	return sessionOf(g)
}

func (c *sessionCookie) remove(ctx context.Context) {
	if c != nil {
		c.set(ctx, "", -time.Second)
	}
}

func (c *sessionCookie) set(ctx context.Context, value string, lasts time.Duration) {
	cookie := http.Cookie{ //nolint:gosec // Secure wherever the page came by https
		Name: c.name, Value: value, Path: c.path, MaxAge: int(lasts.Seconds()),
		HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteStrictMode,
	}
	callOf(ctx).answer.Add("Set-Cookie", cookie.String())
}
