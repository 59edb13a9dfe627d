package redisbroker

import (
	"encoding/binary"
	"errors"
	"time"

	"lifecircle/hub"
)

// A message is: version byte, then epoch and key each with its length as a
// varint before it, the offset as a varint, and the data to the end.
//
// Only publications outside of a log have a key. In a log its place holds the
// time of the commit, if that is known: microseconds since 1970 as a varint.
// Programs of before the time was carried take it for a key and ignore it, so
// they and newer ones understand each other.
const messageVersion = 1

var errMalformed = errors.New("malformed message")

func encode(p hub.Publication) []byte {
	b := make([]byte, 0, len(p.Data)+len(p.Epoch)+len(p.Key)+24)
	b = append(b, messageVersion)
	b = appendString(b, p.Epoch)
	if p.Offset == 0 {
		b = appendString(b, p.Key)
	} else {
		b = appendTime(b, p.At)
	}
	b = binary.AppendUvarint(b, p.Offset)
	return append(b, p.Data...)
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendTime(b []byte, t time.Time) []byte {
	if t.UnixMicro() <= 0 { // the zero time too
		return append(b, 0)
	}
	length := len(b)
	b = binary.AppendUvarint(append(b, 0), uint64(t.UnixMicro())) //nolint:gosec // is positive
	b[length] = byte(len(b) - length - 1)                         //nolint:gosec // is 10 at most
	return b
}

// decode keeps parts of b.
func decode(b []byte) (p hub.Publication, err error) {
	if len(b) == 0 || b[0] != messageVersion {
		return p, errMalformed
	}
	var key []byte
	epoch, b, err := cut(b[1:])
	if err != nil {
		return p, err
	}
	if key, b, err = cut(b); err != nil {
		return p, err
	}
	offset, n := binary.Uvarint(b)
	if n <= 0 || len(b) == n {
		return p, errMalformed
	}
	p = hub.Publication{Offset: offset, Epoch: string(epoch), Data: b[n:]}
	if offset == 0 {
		p.Key = string(key)
	} else {
		p.At = readTime(key)
	}
	return p, nil
}

func cut(b []byte) (s, rest []byte, err error) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) { //nolint:gosec // n bytes were read from b
		return nil, nil, errMalformed
	}
	b = b[n:]
	return b[:size], b[size:], nil
}

// readTime is the zero time for what is no time.
func readTime(b []byte) time.Time {
	us, n := binary.Uvarint(b)
	if n <= 0 || n != len(b) || int64(us) <= 0 { //nolint:gosec // that is what is looked for
		return time.Time{}
	}
	return time.UnixMicro(int64(us)) //nolint:gosec // see above
}
