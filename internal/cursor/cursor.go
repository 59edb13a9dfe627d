// Package cursor seals the places between two pages of a list, so that a
// forged one, or one of another list, is refused. A cursor is not secret: it
// holds ids that the page showed.
package cursor

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"lifecircle/internal/problem"
)

const macLength = 12 // bytes of HMAC-SHA-256 kept

// Sealer makes and opens cursors with one key, the same on every node.
type Sealer struct{ key []byte }

// NewSealer returns a Sealer; key should be 32 random bytes.
func NewSealer(key []byte) *Sealer { return &Sealer{key: key} }

// Seal returns the cursor of a place in a list. The list's name says which
// items it holds and in what order, such as "posts 0abc..." .
func (s *Sealer) Seal(list string, place ...int64) string {
	raw := make([]byte, 0, 8*len(place)+macLength)
	for _, n := range place {
		raw = binary.BigEndian.AppendUint64(raw, uint64(n)) //nolint:gosec // bits, not a number
	}
	return base64.RawURLEncoding.EncodeToString(append(raw, s.mac(list, raw)...))
}

// Open reads n numbers from a cursor that Seal made for the same list. An
// empty cursor is the beginning: nil. Anything else is a BadCursor problem.
func (s *Sealer) Open(list, cursor string, n int) ([]int64, error) {
	if cursor == "" {
		return nil, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) != 8*n+macLength || !hmac.Equal(raw[8*n:], s.mac(list, raw[:8*n])) {
		return nil, problem.New(problem.BadCursor, "This cursor was not given for this list.")
	}
	place := make([]int64, n)
	for i := range place {
		place[i] = int64(binary.BigEndian.Uint64(raw[8*i:])) //nolint:gosec // bits, not a number
	}
	return place, nil
}

func (s *Sealer) mac(list string, raw []byte) []byte {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte(list))
	h.Write([]byte{0})
	h.Write(raw)
	return h.Sum(nil)[:macLength]
}
