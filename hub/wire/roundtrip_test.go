package wire

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// What is encoded decodes to the same value, in both encodings; the JSON is one valid line.
func TestRoundTrip(t *testing.T) { // not beside another: the generators below are completed while they are used
	t.Run("command", rapid.MakeCheck(func(t *rapid.T) { roundTrip(t, drawOne(t, anyCommand)) }))
	t.Run("reply", rapid.MakeCheck(func(t *rapid.T) { roundTrip(t, drawOne(t, anyReply)) }))
	t.Run("push", rapid.MakeCheck(func(t *rapid.T) { roundTrip(t, carried(drawOne(t, anyPush))) }))
}

// Any number of messages in one frame decode to the same, in order.
func TestRoundTripOfFrames(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		for _, p := range []Protocol{JSON, Protobuf} {
			var frame []byte
			var want []ServerMessage
			for range rapid.IntRange(1, 5).Draw(t, "messages") {
				m := drawMessage(t)
				frame = Join(p, frame, appendServerMessage(t, p, m))
				want = append(want, m)
			}
			if got, err := DecodeReplies(p, frame); err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%q: %+v, %v; want %+v", frame, got, err, want)
			}
		}
	})
}

func drawMessage(t *rapid.T) ServerMessage {
	switch rapid.IntRange(0, 2).Draw(t, "kind") {
	case 0:
		return ServerMessage{Ping: true}
	case 1:
		return ServerMessage{Reply: drawOne(t, anyReply)}
	default:
		return ServerMessage{Push: carried(drawOne(t, anyPush))}
	}
}

func appendServerMessage(t reporter, p Protocol, m ServerMessage) []byte {
	t.Helper()
	switch {
	case m.Ping:
		return AppendPing(nil, p)
	case m.Reply != nil:
		return encode(t, p, m.Reply)
	default:
		return encode(t, p, m.Push)
	}
}

func roundTrip(t *rapid.T, value any) {
	for _, p := range []Protocol{JSON, Protobuf} {
		msg := encode(t, p, value)
		if p == JSON && (!json.Valid(msg) || bytes.ContainsAny(msg, "\r\n")) {
			t.Fatalf("not one line of JSON: %q", msg)
		}
		if got := decodeOne(t, p, msg, value); !reflect.DeepEqual(got, value) {
			t.Fatalf("%q: %+v, want %+v", msg, got, value)
		}
	}
}

var (
	config = rapid.MakeConfig{Types: map[reflect.Type]*rapid.Generator[any]{
		reflect.TypeFor[Raw](): rapid.SampledFrom([]Raw{
			nil, Raw("null"), Raw("0"), Raw(`""`), Raw(`{"a": [1, {"b":"\"}"}]}`), Raw(`"安\u2028\ud800"`), Raw("[\t-1.5e+3 ]"),
		}).AsAny(),
	}}
	anyCommand = rapid.MakeCustom[Command](config)
	anyReply   = rapid.MakeCustom[Reply](config)
	anyPush    = rapid.MakeCustom[Push](config)
)

// drawOne draws a value and leaves exactly one of its pointers set, as the protocol wants it.
func drawOne[T any](t *rapid.T, gen *rapid.Generator[T]) *T {
	value := gen.Draw(t, "value")
	v := reflect.ValueOf(&value).Elem()
	var choices []int
	for i := range v.NumField() {
		if v.Field(i).Kind() == reflect.Pointer {
			choices = append(choices, i)
		}
	}
	chosen := rapid.SampledFrom(choices).Draw(t, "chosen")
	for _, i := range choices {
		if i != chosen {
			v.Field(i).SetZero()
		} else if v.Field(i).IsNil() {
			v.Field(i).Set(reflect.New(v.Field(i).Type().Elem()))
		}
	}
	if id := v.FieldByName("ID"); id.IsValid() && id.IsZero() {
		id.SetUint(1)
	}
	if pong := v.FieldByName("Pong"); pong.IsValid() {
		pong.SetBool(false)
	}
	tidy(v)
	return &value
}

// tidy makes empty slices and maps nil, which is how they are decoded, and nil elements empty.
func tidy(v reflect.Value) {
	switch v.Kind() { //nolint:exhaustive // the other kinds hold nothing
	case reflect.Pointer:
		if !v.IsNil() {
			tidy(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				tidy(v.Field(i))
			}
		}
	case reflect.Slice:
		if v.Len() == 0 {
			v.SetZero()
		}
		for i := range v.Len() {
			fillNil(v.Index(i), v.Index(i).Set)
		}
	case reflect.Map:
		if v.Len() == 0 {
			v.SetZero()
		}
		for _, key := range v.MapKeys() {
			fillNil(v.MapIndex(key), func(x reflect.Value) { v.SetMapIndex(key, x) })
		}
	}
}

func fillNil(v reflect.Value, set func(reflect.Value)) {
	if v.Kind() == reflect.Pointer && v.IsNil() {
		set(reflect.New(v.Type().Elem()))
		return
	}
	tidy(v)
}

// carried leaves in a push what the protocol has fields for in it.
func carried(p *Push) *Push {
	if s := p.Subscribe; s != nil {
		p.Subscribe = &SubscribeResult{Recoverable: s.Recoverable, Epoch: s.Epoch, Offset: s.Offset, Positioned: s.Positioned, Data: s.Data}
	}
	if r := p.Refresh; r != nil {
		p.Refresh = &RefreshResult{Expires: r.Expires, TTL: r.TTL}
	}
	return p
}
