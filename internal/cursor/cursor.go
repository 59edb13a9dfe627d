// Package cursor seals the places between two pages of a list, so that a
// forged one, or one of another list, is refused. A cursor is not secret: it
// holds ids that the page showed. Where the place may be of something that the
// page left out, SealHidden keeps it from those who read cursors.
package cursor

import (
	"crypto/aes"
	"crypto/cipher"
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
	raw := bytesOf(place)
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
	return placeOf(raw[:8*n]), nil
}

// SealHidden is Seal, and only who has the key can read the place. The same
// place has the same cursor.
func (s *Sealer) SealHidden(list string, place ...int64) string {
	raw := bytesOf(place)
	mac := s.mac(hidden+list, raw)
	s.cover(raw, mac)
	return base64.RawURLEncoding.EncodeToString(append(raw, mac...))
}

// OpenHidden is Open for SealHidden. It takes what Seal made of the list, too,
// as an older binary may have.
func (s *Sealer) OpenHidden(list, cursor string, n int) ([]int64, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err == nil && len(raw) == 8*n+macLength {
		place, mac := raw[:8*n], raw[8*n:]
		s.cover(place, mac)
		if hmac.Equal(mac, s.mac(hidden+list, place)) {
			return placeOf(place), nil
		}
	}
	return s.Open(list, cursor, n)
}

const hidden = "hidden " // before the names of lists whose places are

// cover encrypts a place, or uncovers it: AES in counter mode from the place's
// own mac on, which no two places share (as SIV, RFC 5297).
func (s *Sealer) cover(place, mac []byte) {
	block, err := aes.NewCipher(s.digest("cover", nil)) // 32 bytes: AES-256
	if err != nil {
		panic(err) // of a key of another length only
	}
	iv := make([]byte, aes.BlockSize)
	copy(iv, mac)
	cipher.NewCTR(block, iv).XORKeyStream(place, place)
}

// bytesOf leaves room for a mac.
func bytesOf(place []int64) []byte {
	raw := make([]byte, 0, 8*len(place)+macLength)
	for _, n := range place {
		raw = binary.BigEndian.AppendUint64(raw, uint64(n)) //nolint:gosec // bits, not a number
	}
	return raw
}

func placeOf(raw []byte) []int64 {
	place := make([]int64, len(raw)/8)
	for i := range place {
		place[i] = int64(binary.BigEndian.Uint64(raw[8*i:])) //nolint:gosec // bits, not a number
	}
	return place
}

func (s *Sealer) mac(list string, raw []byte) []byte { return s.digest(list, raw)[:macLength] }

func (s *Sealer) digest(list string, raw []byte) []byte {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte(list))
	h.Write([]byte{0})
	h.Write(raw)
	return h.Sum(nil)
}
