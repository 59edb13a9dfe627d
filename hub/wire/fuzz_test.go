package wire

import (
	"bytes"
	"errors"
	"reflect"
	"runtime"
	"testing"
)

func FuzzDecodeJSON(f *testing.F) {
	seed(f, JSON)
	f.Add([]byte("{\"id\":1,\"rpc\":{\"data\":[1,\r2],\"method\":\"a\"}}\n{}\n"))
	f.Add([]byte(`{"id":1,"subscribe":{"tf":{"op":"eq"},"channel":"\u2028\ud800","flag":-1,"type":-5,"offset":18446744073709551615}}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		agreesOnJSON(t, frame)
		decodesAgain(t, JSON, frame)
	})
}

func FuzzDecodeProtobuf(f *testing.F) {
	seed(f, Protobuf)
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x08"))
	f.Add(bytes.Repeat([]byte{0}, 2*DefaultMaxCommands))
	f.Fuzz(func(t *testing.T, frame []byte) { decodesAgain(t, Protobuf, frame) })
}

func seed(f *testing.F, p Protocol) {
	f.Helper()
	var all []byte
	for _, frames := range [][]frame{commandFrames, replyFrames, pushFrames} {
		for _, fr := range frames {
			msg := encode(f, p, fr.value)
			f.Add(msg)
			all = Join(p, all, msg)
		}
	}
	f.Add(all)
}

// decodesAgain decodes a frame as both sides would. What it holds must encode,
// and decode to the same again. Nothing may cost much more memory than the frame has bytes.
func decodesAgain(t *testing.T, p Protocol, frame []byte) {
	t.Helper()
	boundedMemory(t, frame, func() {
		if cmds, err := Decode(p, frame, DecodeLimits{}); err == nil {
			sameCommands(t, p, cmds)
		} else if !errors.Is(err, ErrBadRequest) {
			t.Fatal(err)
		}
		if msgs, err := DecodeReplies(p, frame); err == nil {
			sameReplies(t, p, msgs)
		} else if !errors.Is(err, ErrBadRequest) {
			t.Fatal(err)
		}
	})
}

func sameCommands(t *testing.T, p Protocol, cmds []Command) {
	t.Helper()
	var again []byte
	for i := range cmds {
		again = Join(p, again, encode(t, p, &cmds[i]))
		onOneLine(p, &cmds[i])
	}
	if got, err := Decode(p, again, DecodeLimits{}); err != nil || !reflect.DeepEqual(got, cmds) {
		t.Fatalf("%q: %+v, %v; want %+v", again, got, err, cmds)
	}
}

func sameReplies(t *testing.T, p Protocol, msgs []ServerMessage) {
	t.Helper()
	var again []byte
	for _, m := range msgs {
		again = Join(p, again, appendServerMessage(t, p, m))
		if m.Push != nil {
			tidy(reflect.ValueOf(m.Push))
		}
		onOneLine(p, m)
	}
	if got, err := DecodeReplies(p, again); err != nil || !reflect.DeepEqual(got, msgs) {
		t.Fatalf("%q: %+v, %v; want %+v", again, got, err, msgs)
	}
}

// onOneLine takes the carriage returns out of application data, as the JSON encoder does.
func onOneLine(p Protocol, value any) {
	if p == JSON {
		stripRaw(reflect.ValueOf(value))
	}
}

func stripRaw(v reflect.Value) {
	switch v.Kind() { //nolint:exhaustive // the other kinds hold nothing
	case reflect.Pointer:
		if !v.IsNil() {
			stripRaw(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				stripRaw(v.Field(i))
			}
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			stripRaw(v.MapIndex(key))
		}
	case reflect.Slice:
		if raw, ok := v.Interface().(Raw); ok {
			if raw != nil {
				v.SetBytes(bytes.ReplaceAll(raw, []byte("\r"), nil))
			}
			return
		}
		for i := range v.Len() {
			stripRaw(v.Index(i))
		}
	}
}

// boundedMemory fails if do allocates more than the largest number of values that could be in the frame.
func boundedMemory(t *testing.T, frame []byte, do func()) {
	t.Helper()
	const perByte, fixed = 2 << 10, 1 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > uint64(fixed+perByte*len(frame)) {
		t.Fatalf("%d bytes allocated for a frame of %d", n, len(frame))
	}
}
