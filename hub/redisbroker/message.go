package redisbroker

import (
	"encoding/binary"
	"errors"

	"lifecircle/hub"
)

// A message is: version byte, then epoch and key each with its length as a
// varint before it, the offset as a varint, and the data to the end.
const messageVersion = 1

var errMalformed = errors.New("malformed message")

func encode(p hub.Publication) []byte {
	b := make([]byte, 0, len(p.Data)+len(p.Epoch)+len(p.Key)+16)
	b = append(b, messageVersion)
	b = appendString(b, p.Epoch)
	b = appendString(b, p.Key)
	b = binary.AppendUvarint(b, p.Offset)
	return append(b, p.Data...)
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// decode keeps parts of b.
func decode(b []byte) (p hub.Publication, err error) {
	if len(b) == 0 || b[0] != messageVersion {
		return p, errMalformed
	}
	b = b[1:]
	if p.Epoch, b, err = cutString(b); err != nil {
		return p, err
	}
	if p.Key, b, err = cutString(b); err != nil {
		return p, err
	}
	offset, n := binary.Uvarint(b)
	if n <= 0 || len(b) == n {
		return p, errMalformed
	}
	p.Offset, p.Data = offset, b[n:]
	return p, nil
}

func cutString(b []byte) (s string, rest []byte, err error) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) { //nolint:gosec // n bytes were read from b
		return "", nil, errMalformed
	}
	b = b[n:]
	return string(b[:size]), b[size:], nil
}
