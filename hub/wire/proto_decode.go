package wire

import (
	"errors"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// protoEncoding is a varint length before each message, messages without separator.
type protoEncoding struct{}

const (
	protoMaxVarint = 10 // bytes

	// A map is a repeated message of two fields.
	protoEntryKey   protowire.Number = 1
	protoEntryValue protowire.Number = 2
)

var (
	errTruncated = errors.New("truncated or malformed message")
	errFieldType = errors.New("field of an unexpected type")
)

func (protoEncoding) trim(frame []byte) []byte { return frame }

func (protoEncoding) split(frame []byte) (msg, rest []byte, err error) {
	msg, n := protowire.ConsumeBytes(frame) // compares the declared length with what is there
	if n < 0 {
		return nil, nil, errTruncated
	}
	return msg, frame[n:], nil
}

func (protoEncoding) decode(msg []byte, m message) error {
	d := protoDecoder{rest: msg}
	d.fieldsOf(m)
	return d.err
}

// protoDecoder is the visitor that stands on the field num: its tag has been
// read, its value begins at rest.
type protoDecoder struct {
	rest  []byte
	num   protowire.Number
	typ   protowire.Type
	taken bool // the value has been read
	err   error
}

// fieldsOf reads all of rest into m.
func (d *protoDecoder) fieldsOf(m message) {
	for len(d.rest) > 0 && d.err == nil {
		num, typ, n := protowire.ConsumeTag(d.rest)
		if n < 0 {
			d.err = errTruncated
			return
		}
		d.rest = d.rest[n:]
		d.num, d.typ, d.taken = num, typ, false
		m.fields(d)
		if !d.taken {
			d.skip()
		}
	}
}

func (d *protoDecoder) skip() {
	n := protowire.ConsumeFieldValue(d.num, d.typ, d.rest)
	if n < 0 {
		d.err = errTruncated
		return
	}
	d.rest = d.rest[n:]
}

// take says whether the decoder stands on the field, which the caller then reads.
func (d *protoDecoder) take(num protowire.Number, typ protowire.Type) bool {
	if d.taken || num != d.num {
		return false
	}
	d.taken = true
	if typ != d.typ {
		d.err = errFieldType
		return false
	}
	return true
}

func (d *protoDecoder) begin(num protowire.Number, _ string, _ bool) bool {
	return d.take(num, protowire.BytesType)
}

// bytes reads the value of a field that take has found.
func (d *protoDecoder) bytes() []byte {
	b, n := protowire.ConsumeBytes(d.rest)
	if n < 0 {
		d.err = errTruncated
		return nil
	}
	d.rest = d.rest[n:]
	return b
}

func (d *protoDecoder) text() string {
	b := d.bytes()
	if !utf8.Valid(b) {
		d.err = errUTF8
		return ""
	}
	return string(b)
}

// message reads a nested message; those inside it are all of known types, so the recursion is bounded.
func (d *protoDecoder) message(m message) {
	nested := protoDecoder{rest: d.bytes()}
	if d.err == nil {
		nested.fieldsOf(m)
		d.err = nested.err
	}
}

func (d *protoDecoder) str(num protowire.Number, _ string, p *string) {
	if d.take(num, protowire.BytesType) {
		*p = d.text()
	}
}

func (d *protoDecoder) raw(num protowire.Number, _ string, p *Raw) {
	if !d.take(num, protowire.BytesType) {
		return
	}
	*p = nil
	if b := d.bytes(); len(b) > 0 {
		*p = b[:len(b):len(b)] // an append by the application must not reach the next field
	}
}

func (d *protoDecoder) valid(num protowire.Number, name string, p *Raw) { d.raw(num, name, p) }

func (*protoDecoder) encoded(protowire.Number, string, []byte) {}

// varint reads the field into x and says whether it is there.
func (d *protoDecoder) varint(num protowire.Number) (x uint64, ok bool) {
	if !d.take(num, protowire.VarintType) {
		return 0, false
	}
	x, n := protowire.ConsumeVarint(d.rest)
	if n < 0 {
		d.err = errTruncated
		return 0, false
	}
	d.rest = d.rest[n:]
	return x, true
}

func (d *protoDecoder) boolean(num protowire.Number, _ string, p *bool) {
	if x, ok := d.varint(num); ok {
		*p = protowire.DecodeBool(x)
	}
}

// The format lets 32-bit fields be cut from longer ones.

func (d *protoDecoder) uint32(num protowire.Number, _ string, p *uint32) {
	if x, ok := d.varint(num); ok {
		*p = uint32(x) //nolint:gosec // see above
	}
}

func (d *protoDecoder) uint64(num protowire.Number, _ string, p *uint64) {
	if x, ok := d.varint(num); ok {
		*p = x
	}
}

func (d *protoDecoder) int32(num protowire.Number, _ string, p *int32) {
	if x, ok := d.varint(num); ok {
		*p = int32(x) //nolint:gosec // see above
	}
}

func (d *protoDecoder) int64(num protowire.Number, _ string, p *int64) {
	if x, ok := d.varint(num); ok {
		*p = int64(x) //nolint:gosec // two's complement is the format
	}
}

func (d *protoDecoder) mark(num protowire.Number, _ string, p *bool) {
	if d.take(num, protowire.BytesType) {
		d.bytes()
		*p = true
	}
}

func (d *protoDecoder) list(num protowire.Number, _ string, l list) {
	if d.take(num, protowire.BytesType) {
		d.message(l.add())
	}
}

func (d *protoDecoder) dict(num protowire.Number, _ string, dst dict) {
	if !d.take(num, protowire.BytesType) {
		return
	}
	var e protoEntry
	d.message(&e)
	if d.err == nil {
		value := protoDecoder{rest: e.value}
		value.fieldsOf(dst.put(e.key))
		d.err = value.err
	}
}

func (d *protoDecoder) tags(num protowire.Number, _ string, p *map[string]string) {
	if !d.take(num, protowire.BytesType) {
		return
	}
	var e protoEntry
	d.message(&e)
	switch {
	case d.err != nil:
	case !utf8.Valid(e.value):
		d.err = errUTF8
	default:
		putTag(p, e.key, string(e.value))
	}
}

// protoEntry is an entry of a map before its key and value, which may come in either order, are known.
type protoEntry struct {
	key   string
	value Raw
}

func (e *protoEntry) fields(v visitor) {
	v.str(protoEntryKey, "", &e.key)
	v.raw(protoEntryValue, "", &e.value)
}
