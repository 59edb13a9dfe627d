package wire

import (
	"bytes"
	"errors"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// jsonEncoding is one JSON object a message, a newline between messages.
type jsonEncoding struct{}

var (
	errSyntax    = errors.New("malformed JSON")
	errValueType = errors.New("value of an unexpected type")
)

func (jsonEncoding) trim(frame []byte) []byte {
	for len(frame) > 0 && isSpace(frame[len(frame)-1]) {
		frame = frame[:len(frame)-1]
	}
	return frame[skipSpace(frame, 0):]
}

func (jsonEncoding) split(frame []byte) (msg, rest []byte, err error) {
	msg, rest, _ = bytes.Cut(frame, []byte{'\n'})
	return msg, rest, nil
}

func (jsonEncoding) decode(msg []byte, m message) error {
	if !utf8.Valid(msg) {
		return errUTF8
	}
	d := jsonDecoder{src: msg}
	d.message(m)
	if d.err == nil && skipSpace(d.src, d.pos) != len(d.src) {
		d.fail(errSyntax)
	}
	return d.err
}

// jsonDecoder is the visitor that stands on the field key, whose value begins
// at src[pos:]. After an error it stands at the end, where nothing matches.
type jsonDecoder struct {
	src   []byte
	pos   int
	key   []byte
	taken bool // the value has been read
	err   error
}

func (d *jsonDecoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.pos = len(d.src)
}

// value reads any value and returns its text.
func (d *jsonDecoder) value() []byte {
	start := skipSpace(d.src, d.pos)
	end := scanValue(d.src, start, MaxNesting)
	if end < 0 {
		d.fail(errSyntax)
		return nil
	}
	d.pos = end
	return d.src[start:end:end]
}

// accept reads c if it is what comes next.
func (d *jsonDecoder) accept(c byte) bool {
	end := scanByte(d.src, d.pos, c)
	if end < 0 {
		return false
	}
	d.pos = end
	return true
}

// expect reads c, without which a value of the right type could not go on.
func (d *jsonDecoder) expect(c byte, otherwise error) {
	if !d.accept(c) {
		d.fail(otherwise)
	}
}

// message reads an object into m.
func (d *jsonDecoder) message(m message) {
	d.object(func(key []byte) {
		d.key, d.taken = key, false
		m.fields(d)
		if !d.taken {
			d.value()
		}
	})
	d.taken = true
}

// object reads an object, the values of which are read by entry.
func (d *jsonDecoder) object(entry func(key []byte)) {
	d.expect('{', errValueType)
	if d.err != nil || d.accept('}') {
		return
	}
	for {
		key := d.text()
		d.expect(':', errSyntax)
		if d.err != nil {
			return
		}
		entry(key)
		if !d.accept(',') {
			d.expect('}', errSyntax)
			return
		}
	}
}

// text reads a string. The result may be a part of src.
func (d *jsonDecoder) text() []byte {
	start := skipSpace(d.src, d.pos)
	end := scanString(d.src, start)
	if end < 0 {
		d.fail(errValueType)
		return nil
	}
	s, err := unquote(d.src[start:end])
	if err != nil {
		d.fail(err)
		return nil
	}
	d.pos = end
	return s
}

// take says whether the decoder stands on the field, which the caller then reads.
func (d *jsonDecoder) take(name string) bool {
	if d.taken || d.err != nil || name != string(d.key) {
		return false
	}
	d.taken = true
	return true
}

// begin is take for fields where null means absent.
func (d *jsonDecoder) begin(_ protowire.Number, name string, _ bool) bool {
	if !d.take(name) {
		return false
	}
	if end := scanLiteral(d.src, skipSpace(d.src, d.pos), "null"); end > 0 {
		d.pos = end
		return false
	}
	return true
}

func (d *jsonDecoder) str(num protowire.Number, name string, p *string) {
	if d.begin(num, name, true) {
		*p = string(d.text())
	}
}

func (d *jsonDecoder) raw(_ protowire.Number, name string, p *Raw) {
	if d.take(name) {
		*p = d.value()
	}
}

func (d *jsonDecoder) valid(num protowire.Number, name string, p *Raw) { d.raw(num, name, p) }

func (*jsonDecoder) encoded(protowire.Number, string, []byte) {}

func (d *jsonDecoder) boolean(num protowire.Number, name string, p *bool) {
	if !d.begin(num, name, true) {
		return
	}
	switch string(d.value()) {
	case "true":
		*p = true
	case "false":
		*p = false
	default:
		d.fail(errValueType)
	}
}

func (d *jsonDecoder) uint32(num protowire.Number, name string, p *uint32) {
	*p = uint32(d.unsigned(num, name, 32, uint64(*p))) //nolint:gosec // parsed as 32 bits
}

func (d *jsonDecoder) uint64(num protowire.Number, name string, p *uint64) {
	*p = d.unsigned(num, name, 64, *p)
}

// unsigned returns the value of the field, or old if it is another.
func (d *jsonDecoder) unsigned(num protowire.Number, name string, bits int, old uint64) uint64 {
	if !d.begin(num, name, true) {
		return old
	}
	x, err := strconv.ParseUint(string(d.value()), 10, bits)
	if err != nil {
		d.fail(errValueType)
		return old
	}
	return x
}

func (d *jsonDecoder) int32(num protowire.Number, name string, p *int32) {
	*p = int32(d.signed(num, name, 32, int64(*p))) //nolint:gosec // parsed as 32 bits
}

func (d *jsonDecoder) int64(num protowire.Number, name string, p *int64) {
	*p = d.signed(num, name, 64, *p)
}

// signed is unsigned for signed numbers.
func (d *jsonDecoder) signed(num protowire.Number, name string, bits int, old int64) int64 {
	if !d.begin(num, name, true) {
		return old
	}
	x, err := strconv.ParseInt(string(d.value()), 10, bits)
	if err != nil {
		d.fail(errValueType)
		return old
	}
	return x
}

func (d *jsonDecoder) mark(num protowire.Number, name string, p *bool) {
	if d.begin(num, name, true) {
		d.value()
		*p = true
	}
}

func (d *jsonDecoder) list(num protowire.Number, name string, l list) {
	if !d.begin(num, name, true) {
		return
	}
	d.expect('[', errValueType)
	if d.err != nil || d.accept(']') {
		return
	}
	for d.err == nil {
		d.message(l.add())
		if !d.accept(',') {
			d.expect(']', errSyntax)
			return
		}
	}
}

func (d *jsonDecoder) dict(num protowire.Number, name string, dst dict) {
	if d.begin(num, name, true) {
		d.object(func(key []byte) { d.message(dst.put(string(key))) })
	}
}

func (d *jsonDecoder) tags(num protowire.Number, name string, p *map[string]string) {
	if d.begin(num, name, true) {
		d.object(func(key []byte) { putTag(p, string(key), string(d.text())) })
	}
}
