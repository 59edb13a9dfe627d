package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"regexp"
)

// ErrMissing says that there is nothing under the key.
var ErrMissing = errors.New("blob: missing")

// ErrKey says that a key is not one that Key makes, or not that of the data.
var ErrKey = errors.New("blob: malformed key")

// Store keeps bytes under keys. It is safe for concurrent use.
//
// A Put of bytes that are there already may write nothing. Whoever deletes a
// key while somebody puts the same bytes therefore has to see to it that one
// waits for the other.
type Store interface {
	// Put keeps data, durably, whole or not at all. The key must be Key of data.
	Put(ctx context.Context, key, contentType string, data []byte) error
	// Open returns the bytes and their number; the caller closes them, before ctx
	// ends. It fails with ErrMissing.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error)
	// Delete forgets the key. To forget what is not there is no error.
	Delete(ctx context.Context, key string) error
}

// Key is the address of data: its SHA-256 in hexadecimal, the first two digits
// as a folder, and ext such as "jpg", up to 8 small letters and digits. Nobody
// can guess it who has not seen the bytes.
func Key(data []byte, ext string) string {
	sum := sha256.Sum256(data)
	name := hex.EncodeToString(sum[:])
	return name[:2] + "/" + name[2:] + "." + ext
}

var keyForm = regexp.MustCompile(`^[0-9a-f]{2}/[0-9a-f]{62}\.([a-z0-9]{1,8})$`)

// checkKey refuses what Key did not make: no key leads out of a store.
func checkKey(key string) error {
	if !keyForm.MatchString(key) {
		return ErrKey
	}
	return nil
}

// checkPut refuses data under another key than its own.
func checkPut(key string, data []byte) error {
	form := keyForm.FindStringSubmatch(key)
	if form == nil || Key(data, form[1]) != key {
		return ErrKey
	}
	return nil
}
