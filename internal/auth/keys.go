package auth

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/problem"
)

const (
	// settleTime is from the making of a key to its first use, so that every
	// node has seen it by then: three times keyWatch.
	settleTime = 15 * time.Second
	// reloadPause is between two looks into the database for keys that a
	// token names and this node does not know. Forged names cost no more.
	reloadPause = time.Second
	// reloadTime is for one such look.
	reloadTime = 3 * time.Second
	// clockSkew is how far the nodes' clocks may differ.
	clockSkew = time.Minute
)

// signingKey is one row of signing_keys.
type signingKey struct {
	id        string // RFC 7638 thumbprint of the public key
	private   ed25519.PrivateKey
	createdAt time.Time
	retiredAt time.Time // zero: not yet known; a time to come: it signs until then
}

func newSigningKey() signingKey {
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails, see crypto/rand
	return keyOf(seed)
}

func keyOf(seed []byte) signingKey {
	k := signingKey{private: ed25519.NewKeyFromSeed(seed)}
	k.id = thumbprint(k.public())
	return k
}

func (k signingKey) public() ed25519.PublicKey {
	return ed25519.PublicKey(k.private[ed25519.SeedSize:])
}

func thumbprint(public ed25519.PublicKey) string {
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + base64.RawURLEncoding.EncodeToString(public) + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

var thumbprintLength = base64.RawURLEncoding.EncodedLen(sha256.Size)

// verifies tells whether a token of the key could still be valid.
func (k signingKey) verifies(now time.Time) bool {
	return k.retiredAt.IsZero() || now.Before(k.retiredAt.Add(MaxTokenTTL+clockSkew))
}

// keySet is what one look into the database found; it never changes.
type keySet struct {
	keys []signingKey // oldest first
	at   time.Time    // by the database's clock; zero when there are no keys
}

// fresh tells whether the newest key is in use and younger than ttl.
func (s *keySet) fresh(ttl time.Duration) bool {
	if len(s.keys) == 0 {
		return false
	}
	newest := s.keys[len(s.keys)-1]
	return newest.retiredAt.IsZero() && s.at.Sub(newest.createdAt) < ttl
}

// signer returns the oldest key that is not retired: a new one waits behind
// the one that it follows until that retires.
func (s *keySet) signer(now time.Time) (signingKey, bool) {
	i := slices.IndexFunc(s.keys, func(k signingKey) bool { return k.retiredAt.IsZero() || now.Before(k.retiredAt) })
	if i < 0 {
		return signingKey{}, false
	}
	return s.keys[i], true
}

func (s *keySet) verifier(kid string, now time.Time) (signingKey, bool) {
	i := slices.IndexFunc(s.keys, func(k signingKey) bool { return k.id == kid && k.verifies(now) })
	if i < 0 {
		return signingKey{}, false
	}
	return s.keys[i], true
}

// keyring is a node's view of the signing keys.
type keyring struct {
	pool    *pgxpool.Pool
	ttl     time.Duration
	now     func() time.Time
	log     *slog.Logger
	current atomic.Pointer[keySet]
	loading chan struct{} // holds one token while somebody loads; guards tried and failed
	tried   time.Time     // last load, by now
	failed  bool          // its result
}

func newKeyring(pool *pgxpool.Pool, opts Options) *keyring {
	return &keyring{pool: pool, ttl: opts.KeyTTL, now: opts.Now, log: opts.Logger, loading: make(chan struct{}, 1)}
}

// signer returns the key to sign with now, and makes the first one of all.
func (r *keyring) signer(ctx context.Context) (signingKey, error) {
	if set := r.current.Load(); set != nil {
		if k, ok := set.signer(r.now()); ok {
			return k, nil
		}
	}
	if err := r.watch(ctx); err != nil {
		return signingKey{}, err
	}
	if k, ok := r.current.Load().signer(r.now()); ok {
		return k, nil
	}
	return signingKey{}, fmt.Errorf("no signing key is in use at %s", r.now())
}

// verifier returns the key named kid. For an unknown one it looks into the
// database, once in reloadPause at most: then, or when there is none, the
// token is invalid.
func (r *keyring) verifier(ctx context.Context, kid string) (signingKey, error) {
	if len(kid) != thumbprintLength {
		return signingKey{}, invalidToken()
	}
	if set := r.current.Load(); set != nil {
		if k, ok := set.verifier(kid, r.now()); ok {
			return k, nil
		}
	}
	if err := r.reload(ctx); err != nil {
		return signingKey{}, err
	}
	if k, ok := r.current.Load().verifier(kid, r.now()); ok {
		return k, nil
	}
	return signingKey{}, invalidToken()
}

// known returns every key that verifies now, for JWKS.
func (r *keyring) known(ctx context.Context) ([]signingKey, error) {
	if _, err := r.signer(ctx); err != nil {
		return nil, err
	}
	now := r.now()
	var keys []signingKey
	for _, k := range r.current.Load().keys {
		if k.verifies(now) {
			keys = append(keys, k)
		}
	}
	return keys, nil
}

// reload reads the keys again, unless that was tried a moment ago. Callers
// that come while one reads wait for it and take what it found.
func (r *keyring) reload(ctx context.Context) error {
	select {
	case r.loading <- struct{}{}:
		defer func() { <-r.loading }()
	case <-ctx.Done():
		return fmt.Errorf("wait for the signing keys: %w", ctx.Err())
	}
	if now := r.now(); r.tried.IsZero() || now.Sub(r.tried).Abs() >= reloadPause {
		r.tried, r.failed = now, true
		load, cancel := context.WithTimeout(context.WithoutCancel(ctx), reloadTime)
		defer cancel()
		if _, err := r.load(load); err != nil {
			r.log.Error("could not look for an unknown signing key", "error", err)
		} else {
			r.failed = false
		}
	}
	if r.failed {
		p := problem.New(problem.Unavailable, "tokens cannot be checked at the moment, please try again")
		p.RetryAfter = reloadPause
		return p
	}
	return nil
}
