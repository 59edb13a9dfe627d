package wire

import (
	"bytes"
	"fmt"
	"strconv"
	"sync"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// jsonEncoder is the visitor that appends JSON fields.
type jsonEncoder struct {
	dst []byte
	err error
}

// jsonEncoders saves the one allocation of an encoder: as a visitor it escapes.
var jsonEncoders = sync.Pool{New: func() any { return new(jsonEncoder) }}

func (jsonEncoding) append(dst []byte, m message) ([]byte, error) {
	e := jsonEncoders.Get().(*jsonEncoder)
	e.dst = dst
	e.message(m)
	dst, err := e.dst, e.err
	*e = jsonEncoder{}
	jsonEncoders.Put(e)
	return dst, err
}

func (jsonEncoding) ping(dst []byte) []byte { return append(dst, "{}"...) }

func (jsonEncoding) join(frame, msg []byte) []byte {
	if len(frame) > 0 {
		frame = append(frame, '\n')
	}
	return append(frame, msg...)
}

// begin appends the field's key. Names of fields need no escaping.
func (e *jsonEncoder) begin(_ protowire.Number, name string, set bool) bool {
	if set {
		e.comma()
		e.dst = append(e.dst, '"')
		e.dst = append(e.dst, name...)
		e.dst = append(e.dst, '"', ':')
	}
	return set
}

// comma appends one unless an object or array has just been opened; no value ends like that.
func (e *jsonEncoder) comma() {
	if last := e.dst[len(e.dst)-1]; last != '{' && last != '[' {
		e.dst = append(e.dst, ',')
	}
}

func (e *jsonEncoder) message(m message) {
	e.dst = append(e.dst, '{')
	m.fields(e)
	e.dst = append(e.dst, '}')
}

func (e *jsonEncoder) str(num protowire.Number, name string, p *string) {
	if e.begin(num, name, *p != "") {
		e.dst = appendQuoted(e.dst, *p)
	}
}

func (e *jsonEncoder) raw(num protowire.Number, name string, p *Raw) {
	if !e.begin(num, name, len(*p) > 0) {
		return
	}
	if !isData(*p) {
		e.err = fmt.Errorf("%s: %w", name, ErrDataNotJSON)
		return
	}
	e.dst = appendLine(e.dst, *p)
}

func (e *jsonEncoder) valid(num protowire.Number, name string, p *Raw) {
	if e.begin(num, name, len(*p) > 0) {
		e.dst = appendLine(e.dst, *p)
	}
}

func (e *jsonEncoder) encoded(num protowire.Number, name string, b []byte) {
	if e.begin(num, name, len(b) > 0) {
		e.dst = append(e.dst, '[')
		e.dst = append(e.dst, b...)
		e.dst = append(e.dst, ']')
	}
}

// isData says whether b is what ErrDataNotJSON asks for.
func isData(b []byte) bool {
	end := scanValue(b, 0, MaxNesting)
	return end > 0 && skipSpace(b, end) == len(b) && utf8.Valid(b)
}

// appendLine appends valid JSON without its line breaks, which can only stand between tokens.
func appendLine(dst, b []byte) []byte {
	if bytes.IndexByte(b, '\n') < 0 && bytes.IndexByte(b, '\r') < 0 {
		return append(dst, b...)
	}
	for _, c := range b {
		if c != '\n' && c != '\r' {
			dst = append(dst, c)
		}
	}
	return dst
}

func (e *jsonEncoder) boolean(num protowire.Number, name string, p *bool) {
	if e.begin(num, name, *p) {
		e.dst = append(e.dst, "true"...)
	}
}

func (e *jsonEncoder) uint32(num protowire.Number, name string, p *uint32) {
	e.unsigned(num, name, uint64(*p))
}

func (e *jsonEncoder) uint64(num protowire.Number, name string, p *uint64) {
	e.unsigned(num, name, *p)
}

func (e *jsonEncoder) unsigned(num protowire.Number, name string, x uint64) {
	if e.begin(num, name, x != 0) {
		e.dst = strconv.AppendUint(e.dst, x, 10)
	}
}

func (e *jsonEncoder) int32(num protowire.Number, name string, p *int32) {
	e.signed(num, name, int64(*p))
}

func (e *jsonEncoder) int64(num protowire.Number, name string, p *int64) {
	e.signed(num, name, *p)
}

func (e *jsonEncoder) signed(num protowire.Number, name string, x int64) {
	if e.begin(num, name, x != 0) {
		e.dst = strconv.AppendInt(e.dst, x, 10)
	}
}

func (e *jsonEncoder) mark(num protowire.Number, name string, p *bool) {
	if e.begin(num, name, *p) {
		e.dst = append(e.dst, "{}"...)
	}
}

func (e *jsonEncoder) list(num protowire.Number, name string, l list) {
	if !e.begin(num, name, l.size() > 0) {
		return
	}
	e.dst = append(e.dst, '[')
	for i := range l.size() {
		e.comma()
		e.message(l.at(i))
	}
	e.dst = append(e.dst, ']')
}

func (e *jsonEncoder) dict(num protowire.Number, name string, d dict) {
	keys := d.keys()
	if !e.begin(num, name, len(keys) > 0) {
		return
	}
	e.dst = append(e.dst, '{')
	for _, key := range keys {
		e.key(key)
		e.message(d.at(key))
	}
	e.dst = append(e.dst, '}')
}

func (e *jsonEncoder) tags(num protowire.Number, name string, p *map[string]string) {
	if !e.begin(num, name, len(*p) > 0) {
		return
	}
	e.dst = append(e.dst, '{')
	for _, key := range sortedKeys(*p) {
		e.key(key)
		e.dst = appendQuoted(e.dst, (*p)[key])
	}
	e.dst = append(e.dst, '}')
}

// key appends the key of a map's entry.
func (e *jsonEncoder) key(key string) {
	e.comma()
	e.dst = append(appendQuoted(e.dst, key), ':')
}
