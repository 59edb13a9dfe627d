// Package id makes and parses the identifiers of the product. They are
// 64-bit, time-ordered and opaque outside: 13 characters for a user or a
// circle, and the circle's in front for what lives in a circle, so that every
// request names its shard.
package id

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// ID names a user or a circle, or a post or comment within its circle. Bits
// 22 to 62 are milliseconds since Epoch, bits 0 to 21 tell apart what came in
// the same millisecond. The zero ID names nothing.
type ID int64

// Epoch is the time of ID 0.
var Epoch = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

const (
	tailBits = 22
	length   = 13 // characters of one ID
)

// ErrMalformed is returned for text that is not an id of the wanted kind.
var ErrMalformed = errors.New("malformed id")

// lower-case Crockford base32: sorts as the numbers do, reads aloud well.
var encoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// New returns an ID of now with a random tail. Two of the same millisecond
// are equal once in four million: a table's primary key is what makes them
// unique, and the one who inserts tries again.
func New() ID { return At(time.Now()) }

// At is New for something made at t.
func At(t time.Time) ID {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return First(t) | ID(binary.BigEndian.Uint32(b[:])>>(32-tailBits))
}

// First returns the lowest ID of t's millisecond.
func First(t time.Time) ID { return ID(t.Sub(Epoch).Milliseconds() << tailBits) }

// Next returns the ID for something made at t after last: higher than last
// always, and of t's millisecond unless last is of that or a later one.
func Next(last ID, t time.Time) ID { return max(last+1, First(t)) }

// Time returns the millisecond in which the ID was made.
func (i ID) Time() time.Time { return Epoch.Add(time.Duration(i>>tailBits) * time.Millisecond) }

// String returns the 13 characters that name i outside.
func (i ID) String() string {
	var raw [8]byte
	binary.BigEndian.PutUint64(raw[:], uint64(i)) //nolint:gosec // never negative
	return encoding.EncodeToString(raw[:])
}

// MarshalText implements encoding.TextMarshaler.
func (i ID) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; it returns ErrMalformed.
func (i *ID) UnmarshalText(b []byte) (err error) {
	*i, err = Parse(string(b))
	return err
}

// Parse reads what String wrote; anything else is ErrMalformed.
func Parse(s string) (ID, error) {
	if len(s) != length {
		return 0, fmt.Errorf("%w: %d characters, want %d", ErrMalformed, len(s), length)
	}
	raw, err := encoding.DecodeString(s)
	if err != nil || len(raw) != 8 {
		return 0, ErrMalformed
	}
	i := ID(binary.BigEndian.Uint64(raw)) //nolint:gosec // a negative one is refused below
	if i <= 0 || i.String() != s {
		return 0, ErrMalformed
	}
	return i, nil
}

// Post names a post everywhere: its circle, and its ID there.
type Post struct{ Circle, Post ID }

// String returns 26 characters.
func (p Post) String() string { return p.Circle.String() + p.Post.String() }

// MarshalText implements encoding.TextMarshaler.
func (p Post) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; it returns ErrMalformed.
func (p *Post) UnmarshalText(b []byte) (err error) {
	*p, err = ParsePost(string(b))
	return err
}

// ParsePost reads what Post.String wrote; anything else is ErrMalformed.
func ParsePost(s string) (Post, error) {
	ids, err := parseMany(s, 2)
	if err != nil {
		return Post{}, err
	}
	return Post{Circle: ids[0], Post: ids[1]}, nil
}

// Comment names a comment everywhere: its circle, its post, and its ID there.
type Comment struct{ Circle, Post, Comment ID }

// PostID returns the post that the comment belongs to.
func (c Comment) PostID() Post { return Post{Circle: c.Circle, Post: c.Post} }

// String returns 39 characters.
func (c Comment) String() string { return c.Circle.String() + c.Post.String() + c.Comment.String() }

// MarshalText implements encoding.TextMarshaler.
func (c Comment) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; it returns ErrMalformed.
func (c *Comment) UnmarshalText(b []byte) (err error) {
	*c, err = ParseComment(string(b))
	return err
}

// ParseComment reads what Comment.String wrote; anything else is ErrMalformed.
func ParseComment(s string) (Comment, error) {
	ids, err := parseMany(s, 3)
	if err != nil {
		return Comment{}, err
	}
	return Comment{Circle: ids[0], Post: ids[1], Comment: ids[2]}, nil
}

func parseMany(s string, n int) ([]ID, error) {
	if len(s) != n*length {
		return nil, fmt.Errorf("%w: %d characters, want %d", ErrMalformed, len(s), n*length)
	}
	ids := make([]ID, n)
	for i := range ids {
		var err error
		if ids[i], err = Parse(s[i*length : (i+1)*length]); err != nil {
			return nil, err
		}
	}
	return ids, nil
}
