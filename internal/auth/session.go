package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/pg"
	"lifecircle/internal/problem"
)

const refreshBytes = 32

// ResumeGrace is how long after a token's use Resume still takes it, as long
// as what it was traded for has not been used.
const ResumeGrace = 30 * time.Second

var refreshLength = base64.RawURLEncoding.EncodedLen(refreshBytes)

// Grant is what a successful sign-in gives. Its tokens are secrets.
type Grant struct {
	User         User
	AccessToken  string
	ExpiresIn    time.Duration // of the access token
	RefreshToken string        // works once; the next Grant holds the next one
	SessionFor   time.Duration // of the refresh token, if it is not used
}

// String hides the tokens from fmt.
func (g Grant) String() string { return "grant for " + g.User.ID.String() }

// GoString hides the tokens from %#v.
func (g Grant) GoString() string { return g.String() }

// LogValue hides the tokens from slog.
func (g Grant) LogValue() slog.Value { return slog.StringValue(g.String()) }

// newSession is a session with its next refresh token, which is stored nowhere.
type newSession struct {
	id    id.ID
	token string
}

func newRefreshToken() string {
	b := make([]byte, refreshBytes)
	_, _ = rand.Read(b) // never fails, see crypto/rand
	return base64.RawURLEncoding.EncodeToString(b)
}

// hashRefresh returns the key under which a token is stored. The token is
// random, so a plain hash is enough.
func hashRefresh(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

func (s *Service) grant(ctx context.Context, u User, session newSession) (Grant, error) {
	access, err := s.sign(ctx, u.ID, session.id, s.opts.AccessTTL)
	if err != nil {
		return Grant{}, err
	}
	return Grant{User: u, AccessToken: access, ExpiresIn: s.opts.AccessTTL, RefreshToken: session.token, SessionFor: s.opts.SessionTTL}, nil
}

// Refresh trades a refresh token for the next one and a new access token, and
// prolongs the session. The problem is InvalidToken (unknown, or its session
// was ended), TokenExpired, Banned, or RefreshReused: then the session has
// been revoked. Of two that use one token at once, one gets RefreshReused.
//
// When the answer is lost on its way, the client must sign in again; see
// Resume.
func (s *Service) Refresh(ctx context.Context, refreshToken string) (Grant, error) {
	return s.trade(ctx, refreshToken, 0)
}

// Resume is Refresh for browsers, which hold the token where no script can
// write it: a page that is left while the answer is under way would be signed
// out by its own next visit. So a token that was used less than ResumeGrace
// ago is traded once more, as long as its successor has not been used. The
// successor is then set aside: there is one live token of a session at any
// time, and whoever comes with another one later ends the session.
func (s *Service) Resume(ctx context.Context, refreshToken string) (Grant, error) {
	return s.trade(ctx, refreshToken, ResumeGrace)
}

func (s *Service) trade(ctx context.Context, refreshToken string, grace time.Duration) (Grant, error) {
	if len(refreshToken) != refreshLength {
		return Grant{}, unknownRefresh()
	}
	if _, err := s.keys.signer(ctx); err != nil { // do not use the token up for nothing
		return Grant{}, err
	}
	var found refresh
	var refused *problem.Problem
	next := newRefreshToken()
	err := pg.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		hash := hashRefresh(refreshToken)
		if found, err = lockRefresh(ctx, tx, hash, grace); err != nil {
			return err
		}
		switch refused = found.refusal(); {
		case refused == nil:
			return rotateRefresh(ctx, tx, found, hash, hashRefresh(next), s.opts.SessionTTL)
		case refused.Code == problem.RefreshReused:
			return revokeSession(ctx, tx, found.session)
		default:
			return nil
		}
	})
	if err != nil {
		return Grant{}, fmt.Errorf("refresh: %w", err)
	}
	if refused != nil && refused.Code == problem.RefreshReused {
		s.log.Warn("a refresh token was used twice: session revoked", "user", found.user.ID, "session", found.session)
	}
	if refused != nil {
		return Grant{}, refused
	}
	return s.grant(ctx, found.user, newSession{id: found.session, token: next})
}

// refresh is a stored refresh token with its session and user; the zero
// session when there is none.
type refresh struct {
	session                          id.ID
	user                             User
	used, revoked, expired, isBanned bool
	forgiven                         bool   // used, but so lately that it may be traded once more
	successor                        []byte // the hash of what it was traded for; nil: nothing that is known
}

// refusal says why the token cannot be traded, or nil.
func (r refresh) refusal() *problem.Problem {
	switch {
	case r.session == 0:
		return unknownRefresh()
	case r.used && !r.forgiven:
		return problem.New(problem.RefreshReused, "the refresh token has been used before: its session is ended, please sign in again")
	case r.revoked:
		return problem.New(problem.InvalidToken, "the session has been ended, please sign in again")
	case r.expired:
		return problem.New(problem.TokenExpired, "the session has expired, please sign in again")
	case r.isBanned:
		return banned()
	}
	return nil
}

func unknownRefresh() *problem.Problem {
	return problem.New(problem.InvalidToken, "the refresh token is not valid")
}

// Logout ends the session that the refresh token belongs to, used or not. A
// token that nobody knows is no error: there is nothing left to end.
func (s *Service) Logout(ctx context.Context, refreshToken string) error {
	if len(refreshToken) != refreshLength {
		return nil
	}
	if err := s.revokeByToken(ctx, hashRefresh(refreshToken)); err != nil {
		return fmt.Errorf("log out: %w", err)
	}
	return nil
}

// LogoutEverywhere ends all sessions of a user. Access tokens stay valid until
// they expire.
func (s *Service) LogoutEverywhere(ctx context.Context, user id.ID) error {
	if err := s.revokeAll(ctx, user); err != nil {
		return fmt.Errorf("log out everywhere: %w", err)
	}
	return nil
}
