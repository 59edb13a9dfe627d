package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

const (
	// MaxTokenTTL is the longest life of an access token, and so how long a
	// retired key goes on verifying.
	MaxTokenTTL = 24 * time.Hour

	audience      = "lifecircle"
	maxTokenBytes = 2048 // ours have some 500
)

// Claims is what an access token says, once it is verified.
type Claims struct {
	UserID    id.ID
	SessionID id.ID // zero for a token that IssueFor made
	ExpiresAt time.Time
}

// tokenClaims is the token's payload.
type tokenClaims struct {
	jwt.RegisteredClaims
	SessionID string `json:"sid,omitempty"`
}

// Verify checks an access token: EdDSA by one of our keys, our issuer and
// audience, not expired. The problem is TokenExpired or InvalidToken, or
// Unavailable when the token names a key that cannot be looked up. What was
// found right once is not computed again, see verified.
func (s *Service) Verify(ctx context.Context, token string) (Claims, error) {
	if len(token) > maxTokenBytes || strings.ContainsAny(token, "\r\n") { // which base64 would skip
		return Claims{}, invalidToken()
	}
	hash := hashToken(token)
	if known, ok := s.verified.get(&hash); ok && s.stillValid(known) {
		return known.Claims, nil
	}
	t, err := s.check(ctx, token)
	if err != nil {
		return Claims{}, err
	}
	s.verified.put(&hash, t, s.opts.Now())
	return t.Claims, nil
}

// stillValid judges what changes with time: the token's expiry, as the parser
// does, and its key.
func (s *Service) stillValid(t signed) bool {
	now := s.opts.Now()
	set := s.keys.current.Load()
	if set == nil || !now.Before(t.ExpiresAt) {
		return false
	}
	_, ok := set.verifier(t.kid, now)
	return ok
}

// check does all the work of Verify.
func (s *Service) check(ctx context.Context, token string) (t signed, err error) {
	var claims tokenClaims
	_, err = s.parser.ParseWithClaims(token, &claims, func(parsed *jwt.Token) (any, error) {
		kid, _ := parsed.Header["kid"].(string)
		k, err := s.keys.verifier(ctx, kid)
		if err != nil {
			return nil, err
		}
		t.kid = k.id
		return k.public(), nil
	})
	if err != nil {
		return signed{}, tokenProblem(ctx, err)
	}
	t.Claims, err = claims.read()
	return t, err
}

func newParser(opts Options) *jwt.Parser {
	return jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
		jwt.WithIssuer(opts.Issuer),
		jwt.WithAudience(audience),
		jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(opts.Now),
		jwt.WithStrictDecoding(),
	)
}

// tokenProblem keeps the library's texts inside: they may quote the token.
func tokenProblem(ctx context.Context, err error) error {
	switch p := problem.From(err); {
	case p != nil:
		return p
	case ctx.Err() != nil:
		return fmt.Errorf("verify an access token: %w", ctx.Err())
	case errors.Is(err, jwt.ErrTokenExpired) && !errors.Is(err, jwt.ErrTokenInvalidAudience) && !errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return problem.New(problem.TokenExpired, "the access token has expired")
	default:
		return invalidToken()
	}
}

func (c tokenClaims) read() (Claims, error) {
	user, err := id.Parse(c.Subject)
	if err != nil {
		return Claims{}, invalidToken()
	}
	var session id.ID
	if c.SessionID != "" {
		if session, err = id.Parse(c.SessionID); err != nil {
			return Claims{}, invalidToken()
		}
	}
	return Claims{UserID: user, SessionID: session, ExpiresAt: c.ExpiresAt.Time}, nil
}

func invalidToken() error {
	return problem.New(problem.InvalidToken, "the token is not valid here")
}

// IssueFor returns an access token for a user without a session, for the dev
// surface; it does not look whether there is such a user. A ttl of 0 is that
// of every access token; it is cut at MaxTokenTTL.
func (s *Service) IssueFor(ctx context.Context, user id.ID, ttl time.Duration) (string, error) {
	if ttl <= 0 {
		ttl = s.opts.AccessTTL
	}
	return s.sign(ctx, user, 0, min(ttl, MaxTokenTTL))
}

func (s *Service) sign(ctx context.Context, user, session id.ID, ttl time.Duration) (string, error) {
	k, err := s.keys.signer(ctx)
	if err != nil {
		return "", err
	}
	now := s.opts.Now()
	claims := tokenClaims{RegisteredClaims: jwt.RegisteredClaims{
		Issuer:    s.opts.Issuer,
		Audience:  jwt.ClaimStrings{audience},
		Subject:   user.String(),
		IssuedAt:  jwt.NewNumericDate(now),
		ExpiresAt: jwt.NewNumericDate(now.Add(ttl)),
	}}
	if session != 0 {
		claims.SessionID = session.String()
	}
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims)
	t.Header["kid"] = k.id
	signed, err := t.SignedString(k.private)
	if err != nil {
		return "", fmt.Errorf("sign an access token: %w", err)
	}
	return signed, nil
}

// RotateKey makes a new signing key at once. It signs after a few seconds,
// when every node knows it; tokens of the old one stay valid until they
// expire.
func (s *Service) RotateKey(ctx context.Context) error {
	return s.keys.succeed(ctx, func(*keySet) bool { return true })
}

// JWKSet is the public half of the signing keys (RFC 7517).
type JWKSet struct {
	Keys []JWK `json:"keys"`
}

// JWK is one Ed25519 key (RFC 8037).
type JWK struct {
	KeyType   string `json:"kty"`
	Curve     string `json:"crv"`
	Algorithm string `json:"alg"`
	Use       string `json:"use"`
	KeyID     string `json:"kid"`
	X         string `json:"x"`
}

// JWKS returns every key whose tokens may be valid, and the one to come. It
// may be cached for settleTime at most.
func (s *Service) JWKS(ctx context.Context) (JWKSet, error) {
	keys, err := s.keys.known(ctx)
	if err != nil {
		return JWKSet{}, err
	}
	set := JWKSet{Keys: make([]JWK, 0, len(keys))}
	for _, k := range keys {
		set.Keys = append(set.Keys, JWK{
			KeyType: "OKP", Curve: "Ed25519", Algorithm: jwt.SigningMethodEdDSA.Alg(), Use: "sig",
			KeyID: k.id, X: base64.RawURLEncoding.EncodeToString(k.public()),
		})
	}
	return set, nil
}
