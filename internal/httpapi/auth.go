package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"lifecircle/feed"
	"lifecircle/internal/auth"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
	"lifecircle/internal/ratelimit"
)

// Auth is what the routes need of auth.Service.
type Auth interface {
	Register(ctx context.Context, a auth.NewAccount) (auth.Grant, error)
	Login(ctx context.Context, handle, password string) (auth.Grant, error)
	Refresh(ctx context.Context, refreshToken string) (auth.Grant, error)
	Resume(ctx context.Context, refreshToken string) (auth.Grant, error)
	Logout(ctx context.Context, refreshToken string) error
	LogoutEverywhere(ctx context.Context, user id.ID) error
	Verify(ctx context.Context, token string) (auth.Claims, error)
	JWKS(ctx context.Context) (auth.JWKSet, error)
	CreateUsers(ctx context.Context, accounts []auth.NewUser, password string) ([]auth.User, error)
	IssueFor(ctx context.Context, user id.ID, ttl time.Duration) (string, error)
}

func (s *server) authRoutes() {
	register(s, route{
		id: "register", method: http.MethodPost, path: "/v1/auth/register", tag: "auth", status: http.StatusCreated,
		summary: "Make an account and sign in", about: aboutCookies,
		codes: []problem.Code{
			problem.ForeignOrigin, problem.HandleForm, problem.PasswordWeak, problem.HandleTaken, problem.TextEmpty, problem.TextTooLong, problem.TextControl,
		},
	}, s.registerAccount)
	register(s, route{
		id: "login", method: http.MethodPost, path: "/v1/auth/login", tag: "auth",
		summary: "Sign in", about: "An unknown handle and a wrong password are one answer. " + aboutCookies,
		codes: []problem.Code{problem.ForeignOrigin, problem.InvalidCredentials, problem.Banned},
	}, s.login)
	register(s, route{
		id: "refresh", method: http.MethodPost, path: "/v1/auth/refresh", tag: "auth",
		summary: "Trade a refresh token for new tokens",
		about: "A refresh token works once. Using it again ends its session, for one of its two users has stolen it: send one refresh at a time. " +
			"With " + sessionHeader + " the token is that of the cookie; one whose answer was lost is taken again for 30 seconds, while the next one was not used. " +
			"A token in the body goes first: so a session moves into a cookie.",
		codes: []problem.Code{problem.ForeignOrigin, problem.InvalidToken, problem.TokenExpired, problem.RefreshReused, problem.Banned},
	}, s.refresh)
	register(s, route{
		id: "logout", method: http.MethodPost, path: "/v1/auth/logout", tag: "auth", status: http.StatusNoContent,
		summary: "End a session", about: "An unknown refresh token is no error: there is nothing left to end. With " + sessionHeader + " the session of the cookie is ended, and the cookie removed.",
		codes: []problem.Code{problem.ForeignOrigin},
	}, s.logout)
	register(s, route{
		id: "logout_everywhere", method: http.MethodDelete, path: "/v1/auth/sessions", tag: "auth", access: account, status: http.StatusNoContent, limit: ratelimit.Changes,
		summary: "End all your sessions, this one too", about: "No refresh token of yours works from then on. Access tokens last until they expire, 15 minutes at most.",
		codes: []problem.Code{problem.ForeignOrigin},
	}, s.logoutEverywhere)
	register(s, route{
		id: "get_jwks", method: http.MethodGet, path: "/.well-known/jwks.json", tag: "auth", ops: true,
		summary: "The public keys of access tokens (RFC 7517)", about: "Keys change without notice; keep them for seconds, not hours.",
	}, s.getJWKS)
}

// session is the answer to every way of signing in.
type session struct {
	User         feed.Author `json:"user"`
	AccessToken  string      `json:"access_token" doc:"a JWT (EdDSA), for the Authorization header and the socket's connect"`
	TokenType    string      `json:"token_type" enum:"Bearer"`
	ExpiresIn    int         `json:"expires_in" doc:"seconds that the access token lasts"`
	RefreshToken string      `json:"refresh_token,omitempty" doc:"works once; absent where it is in a cookie"`
}

func sessionOf(g auth.Grant) session {
	return session{
		User:        feed.Author{ID: g.User.ID, Handle: g.User.Handle, DisplayName: g.User.DisplayName},
		AccessToken: g.AccessToken, TokenType: "Bearer", ExpiresIn: int(g.ExpiresIn.Seconds()), RefreshToken: g.RefreshToken,
	}
}

type newAccount struct {
	Handle      string `json:"handle" doc:"3 to 30 of a to z, 0 to 9 and _; capitals are made small"`
	Password    string `json:"password" doc:"8 to 200 characters"`
	DisplayName string `json:"display_name" doc:"1 to 50 characters, one line"`
}

type registerAccount struct {
	CookieWish
	Body newAccount
}

func (s *server) registerAccount(ctx context.Context, in *registerAccount) (*created[session], error) {
	cookie, err := s.cookieFor(ctx, in.CookieWish)
	if err != nil {
		return nil, err
	}
	if err := ratelimit.Registers.Check(ctx, s.Limiter, callOf(ctx).address); err != nil {
		return nil, err
	}
	g, err := s.Auth.Register(ctx, auth.NewAccount{Handle: in.Body.Handle, Password: in.Body.Password, DisplayName: in.Body.DisplayName})
	if err != nil {
		return nil, err
	}
	return &created[session]{Location: "/v1/users/" + g.User.ID.String(), Body: cookie.keep(ctx, g)}, nil
}

type credentials struct {
	Handle   string `json:"handle"`
	Password string `json:"password"`
}

type login struct {
	CookieWish
	Body credentials
}

func (s *server) login(ctx context.Context, in *login) (*reply[session], error) {
	cookie, err := s.cookieFor(ctx, in.CookieWish)
	if err != nil {
		return nil, err
	}
	if err := ratelimit.Logins.Check(ctx, s.Limiter, callOf(ctx).address); err != nil {
		return nil, err
	}
	if err := ratelimit.HandleLogin.Check(ctx, s.Limiter, strings.ToLower(in.Body.Handle)); err != nil {
		return nil, err
	}
	g, err := s.Auth.Login(ctx, in.Body.Handle, in.Body.Password)
	if err != nil {
		return nil, err
	}
	return answer(cookie.keep(ctx, g), nil)
}

type refreshToken struct {
	RefreshToken string `json:"refresh_token,omitempty" doc:"needed unless it is in a cookie"`
}

type refresh struct {
	CookieWish
	Body refreshToken
}

// token returns the refresh token of the body, or else that of the cookie.
func (in *refresh) token(ctx context.Context, c *sessionCookie) (string, error) {
	switch {
	case in.Body.RefreshToken != "":
		return in.Body.RefreshToken, nil
	case c == nil:
		return "", problem.Invalid(problem.Invalid_, "body.refresh_token", "the refresh token is missing")
	}
	return c.token(ctx), nil
}

func (s *server) refresh(ctx context.Context, in *refresh) (*reply[session], error) {
	cookie, err := s.cookieFor(ctx, in.CookieWish)
	if err != nil {
		return nil, err
	}
	token, err := in.token(ctx, cookie)
	if err != nil {
		return nil, err
	}
	if err := ratelimit.Refreshes.Check(ctx, s.Limiter, callOf(ctx).address); err != nil {
		return nil, err
	}
	trade := s.Auth.Refresh
	if cookie != nil {
		trade = s.Auth.Resume
	}
	g, err := trade(ctx, token)
	if err != nil {
		if endsSession(err) {
			cookie.remove(ctx)
		}
		return nil, err
	}
	return answer(cookie.keep(ctx, g), nil)
}

// endsSession tells whether a refresh was refused for good.
func endsSession(err error) bool {
	p := problem.From(err)
	return p != nil && slices.Contains([]problem.Code{problem.InvalidToken, problem.TokenExpired, problem.RefreshReused}, p.Code)
}

func (s *server) logout(ctx context.Context, in *refresh) (*noBody, error) {
	cookie, err := s.cookieFor(ctx, in.CookieWish)
	if err != nil {
		return nil, err
	}
	token, err := in.token(ctx, cookie)
	if err != nil {
		return nil, err
	}
	if err := s.Auth.Logout(ctx, token); err != nil {
		return nil, err
	}
	cookie.remove(ctx)
	return nil, nil
}

type logoutEverywhere struct{ CookieWish }

func (s *server) logoutEverywhere(ctx context.Context, in *logoutEverywhere) (*noBody, error) {
	cookie, err := s.cookieFor(ctx, in.CookieWish)
	if err != nil {
		return nil, err
	}
	if err := s.Auth.LogoutEverywhere(ctx, actor(ctx).User); err != nil {
		return nil, err
	}
	cookie.remove(ctx)
	return nil, nil
}

type keySet struct {
	CacheControl string `header:"Cache-Control"`
	Body         auth.JWKSet
}

func (s *server) getJWKS(ctx context.Context, _ *nothing) (*keySet, error) {
	keys, err := s.Auth.JWKS(ctx)
	if err != nil {
		return nil, err
	}
	return &keySet{CacheControl: "public, max-age=10", Body: keys}, nil
}
