package swarm

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
)

// deflateTail is what a sender leaves out of each message (RFC 7692), and an
// empty last block that ends the stream for the reader.
const deflateTail = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"

// inflater inflates one message after the other; each reading goroutine has one.
type inflater struct {
	reader  io.ReadCloser // nil until the first message
	payload bytes.Reader
	tail    bytes.Reader
	out     bytes.Buffer
}

// inflate returns the message, valid until the next call.
func (i *inflater) inflate(payload []byte, limit int) ([]byte, error) {
	i.payload.Reset(payload)
	i.tail.Reset([]byte(deflateTail))
	source := io.MultiReader(&i.payload, &i.tail)
	if i.reader == nil {
		i.reader = flate.NewReader(source)
	} else if err := i.reader.(flate.Resetter).Reset(source, nil); err != nil {
		return nil, fmt.Errorf("inflate: %w", err)
	}
	i.out.Reset()
	n, err := i.out.ReadFrom(io.LimitReader(i.reader, int64(limit)+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errBadData, err)
	case n > int64(limit):
		return nil, fmt.Errorf("%w: inflated beyond %d bytes", errTooBig, limit)
	}
	return i.out.Bytes(), nil
}
