package auth

import (
	"crypto/sha256"
	"sync"
	"time"
)

const (
	// maxVerified is how many verified tokens a node remembers, of about 150
	// bytes each. Beyond it a new one pushes out another, which costs that one
	// a second check of its signature and nothing else.
	maxVerified    = 1 << 17
	verifiedShards = 64
	// verifiedProbes is how many others are looked at for each new one: the
	// expired ones among them go, so that memory shrinks without a goroutine.
	verifiedProbes = 4
)

// verified remembers tokens whose signature, issuer and audience are right, so
// that a client who comes back is spared the check, which costs more than all
// else at connect. It does not say that a token is valid now: its key and its
// expiry are looked at each time. It holds no token, only SHA-256 of it, which
// nobody can steer to the one of a token that he does not have; so lookups
// need not take constant time.
type verified struct {
	perShard int
	shards   [verifiedShards]verifiedShard
}

type verifiedShard struct {
	mu     sync.Mutex // guards tokens
	tokens map[tokenHash]signed
}

type tokenHash [sha256.Size]byte

// signed is what a token says, and the key that vouches for it.
type signed struct {
	Claims
	kid string
}

func newVerified(maximum int) *verified {
	v := &verified{perShard: max(1, maximum/verifiedShards)}
	for i := range v.shards {
		v.shards[i].tokens = map[tokenHash]signed{}
	}
	return v
}

func hashToken(token string) tokenHash { return sha256.Sum256([]byte(token)) }

func (v *verified) shard(h *tokenHash) *verifiedShard { return &v.shards[h[0]%verifiedShards] }

func (v *verified) get(h *tokenHash) (signed, bool) {
	s := v.shard(h)
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tokens[*h]
	return t, ok
}

func (v *verified) put(h *tokenHash, t signed, now time.Time) {
	s := v.shard(h)
	s.mu.Lock()
	defer s.mu.Unlock()
	looked := 0
	for other, o := range s.tokens { // begins anywhere
		if full := len(s.tokens) >= v.perShard; full || !now.Before(o.ExpiresAt) {
			delete(s.tokens, other)
		}
		if looked++; looked == verifiedProbes {
			break
		}
	}
	s.tokens[*h] = t
}
