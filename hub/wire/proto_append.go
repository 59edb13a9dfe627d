package wire

import (
	"strings"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
)

// protoEncoder is the visitor that appends Protobuf fields.
type protoEncoder struct {
	dst []byte
}

// protoEncoders saves the one allocation of an encoder: as a visitor it escapes.
var protoEncoders = sync.Pool{New: func() any { return new(protoEncoder) }}

func (protoEncoding) append(dst []byte, m message) ([]byte, error) {
	e := protoEncoders.Get().(*protoEncoder)
	e.dst = dst
	e.message(m)
	dst, e.dst = e.dst, nil
	protoEncoders.Put(e)
	return dst, nil
}

func (protoEncoding) ping(dst []byte) []byte { return append(dst, 0) }

func (protoEncoding) join(frame, msg []byte) []byte { return append(frame, msg...) }

func (e *protoEncoder) begin(num protowire.Number, _ string, set bool) bool {
	if set {
		e.dst = protowire.AppendTag(e.dst, num, protowire.BytesType)
	}
	return set
}

// message appends the length of m and m.
func (e *protoEncoder) message(m message) {
	start := len(e.dst)
	e.dst = append(e.dst, 0)
	m.fields(e)
	e.dst = setLength(e.dst, start)
}

// setLength writes the length of dst[start+1:] to dst[start], and moves the
// bytes up where it needs more than the one byte that was left for it.
func setLength(dst []byte, start int) []byte {
	var spare [protoMaxVarint]byte
	n := len(dst) - start - 1
	size := protowire.SizeVarint(uint64(n)) //nolint:gosec // a length is not negative
	dst = append(dst, spare[:size-1]...)
	copy(dst[start+size:], dst[start+1:start+1+n])
	protowire.AppendVarint(dst[:start], uint64(n)) //nolint:gosec // as above; it fits in place
	return dst
}

func (e *protoEncoder) str(num protowire.Number, _ string, p *string) {
	if *p != "" {
		e.text(num, *p)
	}
}

// text appends a string. Most clients drop a message with invalid UTF-8 in one.
func (e *protoEncoder) text(num protowire.Number, s string) {
	e.dst = protowire.AppendTag(e.dst, num, protowire.BytesType)
	e.dst = protowire.AppendString(e.dst, strings.ToValidUTF8(s, "\uFFFD"))
}

func (e *protoEncoder) raw(num protowire.Number, _ string, p *Raw) {
	if len(*p) > 0 {
		e.dst = protowire.AppendTag(e.dst, num, protowire.BytesType)
		e.dst = protowire.AppendBytes(e.dst, *p)
	}
}

func (e *protoEncoder) valid(num protowire.Number, name string, p *Raw) { e.raw(num, name, p) }

func (e *protoEncoder) encoded(_ protowire.Number, _ string, b []byte) { e.dst = append(e.dst, b...) }

func (e *protoEncoder) boolean(num protowire.Number, _ string, p *bool) {
	e.varint(num, protowire.EncodeBool(*p))
}

func (e *protoEncoder) uint32(num protowire.Number, _ string, p *uint32) {
	e.varint(num, uint64(*p))
}

func (e *protoEncoder) uint64(num protowire.Number, _ string, p *uint64) {
	e.varint(num, *p)
}

func (e *protoEncoder) int32(num protowire.Number, _ string, p *int32) {
	e.varint(num, uint64(int64(*p))) //nolint:gosec // two's complement is the format
}

func (e *protoEncoder) int64(num protowire.Number, _ string, p *int64) {
	e.varint(num, uint64(*p)) //nolint:gosec // two's complement is the format
}

func (e *protoEncoder) varint(num protowire.Number, x uint64) {
	if x != 0 {
		e.dst = protowire.AppendTag(e.dst, num, protowire.VarintType)
		e.dst = protowire.AppendVarint(e.dst, x)
	}
}

func (e *protoEncoder) mark(num protowire.Number, name string, p *bool) {
	if e.begin(num, name, *p) {
		e.dst = append(e.dst, 0)
	}
}

func (e *protoEncoder) list(num protowire.Number, name string, l list) {
	for i := range l.size() {
		e.begin(num, name, true)
		e.message(l.at(i))
	}
}

func (e *protoEncoder) dict(num protowire.Number, name string, d dict) {
	for _, key := range d.keys() {
		start := e.beginEntry(num, name, key)
		e.begin(protoEntryValue, "", true)
		e.message(d.at(key))
		e.dst = setLength(e.dst, start)
	}
}

func (e *protoEncoder) tags(num protowire.Number, name string, p *map[string]string) {
	for _, key := range sortedKeys(*p) {
		start := e.beginEntry(num, name, key)
		e.text(protoEntryValue, (*p)[key])
		e.dst = setLength(e.dst, start)
	}
}

// beginEntry appends an entry of a map as far as its key, and returns where its length belongs.
func (e *protoEncoder) beginEntry(num protowire.Number, name, key string) int {
	e.begin(num, name, true)
	start := len(e.dst)
	e.dst = append(e.dst, 0)
	e.text(protoEntryKey, key)
	return start
}
