package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
)

// ErrMissing: there is nothing under the key.
var ErrMissing = errors.New("blob: missing")

// ErrKey: the key is not one that Key makes.
var ErrKey = errors.New("blob: malformed key")

// Store keeps bytes under keys. It is safe for concurrent use.
type Store interface {
	// Put keeps data, durably and whole or not at all. The key must be Key of
	// data; whatever is there already is the same and may stay.
	Put(ctx context.Context, key, contentType string, data []byte) error
	// Open returns the bytes and their number; the caller closes them. It fails
	// with ErrMissing.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error)
	// Delete forgets the key. To forget what is not there is no error.
	Delete(ctx context.Context, key string) error
}

// Key is the address of data: its SHA-256 in hexadecimal, the first two digits
// as a folder, and ext such as "jpg". Nobody can guess it who has not seen the
// bytes.
func Key(data []byte, ext string) string {
	sum := sha256.Sum256(data)
	name := hex.EncodeToString(sum[:])
	return name[:2] + "/" + name[2:] + "." + ext
}
