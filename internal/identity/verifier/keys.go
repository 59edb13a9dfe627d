package verifier

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
)

const keyBytes = 32

// ErrOtherKey says that the hashes in the database were made with another key:
// with this one, a document could be used twice.
var ErrOtherKey = errors.New("LIFECIRCLE_IDENTITY_KEY is not the key that this database was filled with")

// Keys makes hashes that nobody without the key of this deployment can make,
// and seals what must be kept for a while.
type Keys struct{ root [keyBytes]byte }

// LoadKeys returns the keys of the deployment: from the setting, 64 hexadecimal
// digits, or without one from the database. The first node decides which.
func LoadKeys(ctx context.Context, pool *pgxpool.Pool, setting string) (*Keys, error) {
	k := &Keys{}
	if setting != "" {
		raw, err := hex.DecodeString(setting)
		if err != nil || len(raw) != keyBytes {
			return nil, errors.New("LIFECIRCLE_IDENTITY_KEY must be 64 hexadecimal digits, such as `openssl rand -hex 32` prints")
		}
		copy(k.root[:], raw)
	} else {
		_, _ = rand.Read(k.root[:]) // never fails, see crypto/rand
	}
	var kept []byte
	if setting == "" {
		kept = k.root[:]
	}
	if _, err := pool.Exec(ctx, `INSERT INTO identity_keys (key, mark) VALUES ($1, $2) ON CONFLICT DO NOTHING`, kept, k.mark()); err != nil {
		return nil, fmt.Errorf("make the key of identities: %w", err)
	}
	var stored, mark []byte
	if err := pool.QueryRow(ctx, `SELECT key, mark FROM identity_keys`).Scan(&stored, &mark); err != nil {
		return nil, fmt.Errorf("read the key of identities: %w", err)
	}
	switch {
	case setting == "" && stored == nil:
		return nil, errors.New("this database was filled with a key of LIFECIRCLE_IDENTITY_KEY, which is not set")
	case setting == "":
		copy(k.root[:], stored)
	}
	if !hmac.Equal(mark, k.mark()) {
		return nil, ErrOtherKey
	}
	return k, nil
}

func (k *Keys) mark() []byte { return k.MAC("mark") }

// MAC is the HMAC-SHA256 of the parts for one purpose. Hashes of different
// purposes or parts have nothing to do with each other.
func (k *Keys) MAC(purpose string, parts ...string) []byte {
	h := hmac.New(sha256.New, k.root[:])
	for _, p := range append([]string{purpose}, parts...) {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(p)))
		h.Write(size[:])
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}

// Token returns what opens the page of an application: only who was told can
// know it, and nothing needs to be kept.
func (k *Keys) Token(verifier, id string) string {
	return hex.EncodeToString(k.MAC("token", verifier, id)[:16])
}

// Opens compares a token in constant time.
func (k *Keys) Opens(verifier, id, token string) bool {
	return hmac.Equal([]byte(k.Token(verifier, id)), []byte(token))
}

// seal encrypts plain; it opens only for the same context.
func (k *Keys) seal(plain []byte, context string) ([]byte, error) {
	box, err := k.box()
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, box.NonceSize())
	_, _ = rand.Read(nonce)
	return box.Seal(nonce, nonce, plain, []byte(context)), nil
}

var errSeal = errors.New("a sealed case does not open")

func (k *Keys) open(sealed []byte, context string) ([]byte, error) {
	box, err := k.box()
	if err != nil {
		return nil, err
	}
	if len(sealed) < box.NonceSize() {
		return nil, errSeal
	}
	plain, err := box.Open(nil, sealed[:box.NonceSize()], sealed[box.NonceSize():], []byte(context))
	if err != nil {
		return nil, errSeal
	}
	return plain, nil
}

func (k *Keys) box() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.MAC("seal"))
	if err != nil {
		return nil, fmt.Errorf("make the seal: %w", err)
	}
	return cipher.NewGCM(block)
}
