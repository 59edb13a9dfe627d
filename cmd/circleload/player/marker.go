package player

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// A marker is a part of a text that says when it was planned: lc:<micros since
// 1970>:<number>. Its digits need no escaping in JSON, and 16 of them last from 2001 to 2286.
const (
	markerPrefix = "lc:"
	markerDigits = 16
	padding      = " the circle listens and answers"
)

var words = strings.Repeat(padding, 64)

var markerBytes = []byte(markerPrefix)

// appendMarker appends the marker, and words until it has size bytes.
func appendMarker(dst []byte, planned time.Time, number uint64, size int) []byte {
	start := len(dst)
	dst = strconv.AppendInt(append(dst, markerPrefix...), planned.UnixMicro(), 10)
	dst = strconv.AppendUint(append(dst, ':'), number, 10)
	if left := size - (len(dst) - start); left > 0 {
		for left > len(words) {
			dst = append(dst, words...)
			left -= len(words)
		}
		dst = append(dst, words[:left-1]...)
		dst = append(dst, '.') // a text does not end with a space
	}
	return dst
}

// findMarker returns the planned time in a publication's data, 0 without a marker.
func findMarker(data []byte) (micros int64) {
	for {
		i := bytes.Index(data, markerBytes)
		if i < 0 {
			return 0
		}
		data = data[i+len(markerPrefix):]
		if micros := markerTime(data); micros > 0 {
			return micros
		}
	}
}

func markerTime(b []byte) (micros int64) {
	if len(b) <= markerDigits || b[markerDigits] != ':' {
		return 0
	}
	for _, c := range b[:markerDigits] {
		if c < '0' || c > '9' {
			return 0
		}
		micros = micros*10 + int64(c-'0')
	}
	return micros
}
