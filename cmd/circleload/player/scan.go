package player

import (
	"bytes"

	"google.golang.org/protobuf/encoding/protowire"

	"lifecircle/hub/wire"
)

// Nearly all that a viewer gets are publications, and of those only channel,
// offset and the marker count. The quick scans find them without decoding; what
// does not look exactly like that goes through hub/wire.

// quick is a publication as the quick scan sees it. Its slices are parts of the message.
type quick struct {
	channel []byte
	offset  uint64
	data    []byte // in JSON with some of what is around it
}

// eachMessage calls do with every message of a frame, and with its quick form if ok.
func eachMessage(p wire.Protocol, frame []byte, do func(msg []byte, q quick, ok bool)) {
	if p == wire.JSON {
		for len(frame) > 0 {
			msg := frame
			if i := bytes.IndexByte(frame, '\n'); i >= 0 { // never inside of a message
				msg, frame = frame[:i], frame[i+1:]
			} else {
				frame = nil
			}
			if len(msg) > 0 {
				q, ok := scanJSON(msg)
				do(msg, q, ok)
			}
		}
		return
	}
	for len(frame) > 0 {
		length, n := protowire.ConsumeVarint(frame)
		if n < 0 || length > uint64(len(frame)-n) { //nolint:gosec // n is at most the length
			do(frame, quick{}, false) // the decoder will say what is wrong with it
			return
		}
		end := n + int(length) //nolint:gosec // at most the frame's
		q, ok := scanProto(frame[n:end])
		do(frame[:end], q, ok)
		frame = frame[end:]
	}
}

const (
	pushPrefix   = `{"push":{"channel":"`
	pubPrefix    = `","pub":{"data":`
	offsetKey    = `,"offset":`
	pushEnd      = `}}}` // of the publication, the push and the message
	maxUintDigit = 19    // fewer than an overflow needs
)

// scanJSON takes {"push":{"channel":"c","pub":{"data":...,"offset":7}}}, the
// order of fields that servers write. The offset is found from the end: a key
// that follows a comma, and three braces after its number, is a member of the
// object at depth three, which the beginning shows to be the publication.
func scanJSON(msg []byte) (q quick, ok bool) {
	if len(msg) < len(pushPrefix) || string(msg[:len(pushPrefix)]) != pushPrefix {
		return q, false
	}
	rest := msg[len(pushPrefix):]
	end := bytes.IndexByte(rest, '"')
	if end < 0 || bytes.IndexByte(rest[:end], '\\') >= 0 {
		return q, false
	}
	q.channel, rest = rest[:end], rest[end:]
	if len(rest) < len(pubPrefix)+len(pushEnd) || string(rest[:len(pubPrefix)]) != pubPrefix {
		return q, false
	}
	rest = rest[len(pubPrefix):]
	at := len(rest) - len(pushEnd)
	if string(rest[at:]) != pushEnd {
		return q, false
	}
	first := at
	for first > 0 && rest[first-1] >= '0' && rest[first-1] <= '9' && at-first < maxUintDigit {
		first--
	}
	if first == at || first < len(offsetKey) || string(rest[first-len(offsetKey):first]) != offsetKey {
		q.data = rest[:at]
		return q, valueEnd(rest) == at // without an offset, and without anything else
	}
	for _, c := range rest[first:at] {
		q.offset = q.offset*10 + uint64(c-'0')
	}
	q.data = rest[:first-len(offsetKey)]
	return q, true
}

// valueEnd returns where the object or array that b begins with ends, 0 if
// there is none. What is between its brackets is not checked.
func valueEnd(b []byte) int {
	depth, inString := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
		if depth == 0 {
			if i == 0 {
				return 0 // a number, a string, a word: rare enough for the decoder
			}
			return i + 1
		}
	}
	return 0
}

// Numbers of the fields in Protobuf.
const (
	fieldPush    = 4 // of a message
	fieldChannel = 2 // of a push
	fieldPub     = 4
	fieldData    = 4 // of a publication
	fieldOffset  = 6
)

// scanProto takes a message, without its length, that is a push of a publication and nothing else.
func scanProto(msg []byte) (q quick, ok bool) {
	push, rest, ok := consumeBytes(msg, fieldPush)
	if !ok || len(rest) > 0 {
		return q, false
	}
	if q.channel, rest, ok = consumeBytes(push, fieldChannel); !ok {
		return q, false
	}
	pub, rest, ok := consumeBytes(rest, fieldPub)
	if !ok || len(rest) > 0 {
		return q, false
	}
	if q.data, rest, ok = consumeBytes(pub, fieldData); !ok || len(rest) == 0 {
		return q, ok
	}
	num, typ, n := protowire.ConsumeTag(rest)
	if n < 0 || num != fieldOffset || typ != protowire.VarintType {
		return q, false
	}
	offset, m := protowire.ConsumeVarint(rest[n:])
	if m < 0 || n+m != len(rest) {
		return q, false
	}
	q.offset = offset
	return q, true
}

// consumeBytes takes the field num off b, if it is the first.
func consumeBytes(b []byte, num protowire.Number) (value, rest []byte, ok bool) {
	got, typ, n := protowire.ConsumeTag(b)
	if n < 0 || got != num || typ != protowire.BytesType {
		return nil, nil, false
	}
	value, m := protowire.ConsumeBytes(b[n:])
	if m < 0 {
		return nil, nil, false
	}
	return value, b[n+m:], true
}
