package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"lifecircle/internal/problem"
)

const (
	saltBytes = 16
	hashBytes = 32

	waitersPerSlot = 32              // more of them are refused at once
	maxHashWait    = 3 * time.Second // for a slot; a hash takes some 60 ms
	hashRetryAfter = 2 * time.Second

	maxMemoryKiB = 256 << 10 // of a stored hash; more is a broken row
	maxTime      = 16        // likewise

	// unusable stands in password_hash for an account that nobody can sign in to.
	unusable = "!"
)

// Argon2 is the cost of one password hash.
type Argon2 struct {
	Time      uint32 // passes
	MemoryKiB uint32
}

// defaultCost is OWASP's second choice for argon2id, with one lane.
var defaultCost = Argon2{Time: 2, MemoryKiB: 19 << 10}

var errBadHash = errors.New("stored password hash is malformed")

// hasher computes argon2id with a bounded number at a time, because each one
// holds a core and its memory.
type hasher struct {
	cost     Argon2
	tickets  chan struct{} // computing or waiting; when it is full the caller is refused
	slots    chan struct{} // computing
	computed atomic.Int64
}

func newHasher(cost Argon2) *hasher {
	slots := runtime.GOMAXPROCS(0)
	return &hasher{cost: cost, slots: make(chan struct{}, slots), tickets: make(chan struct{}, slots*(1+waitersPerSlot))}
}

// hash returns the PHC string of a password with a fresh salt.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails, see crypto/rand
	sum, err := h.compute(ctx, password, salt, h.cost)
	if err != nil {
		return "", err
	}
	return formatPHC(h.cost, salt, sum), nil
}

// verify tells whether the password has the stored hash. It computes exactly
// one hash, whatever is stored: for no account and for an unusable password
// the result is thrown away. stale asks for a new hash at today's cost.
func (h *hasher) verify(ctx context.Context, password, stored string) (ok, stale bool, err error) {
	cost, salt, want := h.cost, make([]byte, saltBytes), []byte(nil)
	if stored != unusable {
		if cost, salt, want, err = parsePHC(stored); err != nil {
			return false, false, err
		}
	}
	got, err := h.compute(ctx, password, salt, cost)
	if err != nil {
		return false, false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, cost != h.cost, nil
}

func (h *hasher) compute(ctx context.Context, password string, salt []byte, cost Argon2) ([]byte, error) {
	select {
	case h.tickets <- struct{}{}:
		defer func() { <-h.tickets }()
	default:
		return nil, tooManyHashes()
	}
	wait := time.NewTimer(maxHashWait)
	defer wait.Stop()
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-wait.C:
		return nil, tooManyHashes()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to hash a password: %w", ctx.Err())
	}
	h.computed.Add(1)
	// The same word typed on two keyboards may differ in its bytes: NFC.
	return argon2.IDKey(norm.NFC.Bytes([]byte(password)), salt, cost.Time, cost.MemoryKiB, 1, hashBytes), nil
}

func tooManyHashes() error {
	p := problem.New(problem.Overloaded, "too many people are signing in, please try again")
	p.RetryAfter = hashRetryAfter
	return p
}

func formatPHC(cost Argon2, salt, sum []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s",
		argon2.Version, cost.MemoryKiB, cost.Time, b64.EncodeToString(salt), b64.EncodeToString(sum))
}

// parsePHC reads what formatPHC wrote, of any sane cost. Its errors hold
// nothing of the string.
func parsePHC(s string) (cost Argon2, salt, sum []byte, err error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return Argon2{}, nil, nil, errBadHash
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=1", &cost.MemoryKiB, &cost.Time); n != 2 || err != nil {
		return Argon2{}, nil, nil, errBadHash
	}
	if cost.Time < 1 || cost.Time > maxTime || cost.MemoryKiB > maxMemoryKiB {
		return Argon2{}, nil, nil, errBadHash
	}
	salt, errSalt := base64.RawStdEncoding.DecodeString(parts[4])
	sum, errSum := base64.RawStdEncoding.DecodeString(parts[5])
	if errSalt != nil || errSum != nil || len(salt) < 8 || len(sum) != hashBytes {
		return Argon2{}, nil, nil, errBadHash
	}
	return cost, salt, sum, nil
}
