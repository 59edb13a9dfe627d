package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestDecodeRefusesJSON(t *testing.T) {
	t.Parallel()
	for name, frame := range map[string]string{
		"empty frame":             "",
		"only a newline":          "\n",
		"empty line in between":   "{}\n\n{}",
		"no object":               `[]`,
		"a number":                `1`,
		"not JSON":                `{"id":1,`,
		"two objects in one line": `{} {}`,
		"id without method":       `{"id":1}`,
		"unknown method":          `{"id":1,"teleport":{}}`,
		"method null":             `{"id":1,"connect":null}`,
		"two methods":             `{"id":1,"ping":{},"presence":{"channel":"a"}}`,
		"no id":                   `{"connect":{}}`,
		"other case":              `{"id":1,"Connect":{}}`,
		"negative id":             `{"id":-1,"ping":{}}`,
		"id of 33 bits":           `{"id":4294967296,"ping":{}}`,
		"fractional id":           `{"id":1.5,"ping":{}}`,
		"id as text":              `{"id":"1","ping":{}}`,
		"method no object":        `{"id":1,"ping":[]}`,
		"text as number":          `{"id":1,"presence":{"channel":5}}`,
		"number as bool":          `{"id":1,"subscribe":{"recover":1}}`,
		"flag beyond 64 bits":     `{"id":1,"subscribe":{"flag":9223372036854775808}}`,
		"data not JSON":           `{"id":1,"rpc":{"data":{a}}}`,
		"no value":                `{"id":}`,
		"key not a string":        `{1:1}`,
		"comma at the end":        `{"id":1,"ping":{},}`,
		"invalid UTF-8":           "{\"id\":1,\"presence\":{\"channel\":\"\xff\"}}",
		"invalid UTF-8 in data":   "{\"id\":1,\"rpc\":{\"data\":\"\xc3\x28\"}}",
		"control character":       "{\"id\":1,\"presence\":{\"channel\":\"a\tb\"}}",
		"newline in a command":    "{\"id\":1,\n\"ping\":{}}",
		"one bad in three":        "{\"id\":1,\"ping\":{}}\n{\"id\":2}\n{\"id\":3,\"ping\":{}}",
		"deep data":               `{"id":1,"rpc":{"data":` + nested(MaxNesting+1) + `}}`,
		"deep unknown field":      `{"x":` + strings.Repeat("[", 1<<16) + `}`,
	} {
		refuse(t, JSON, name, []byte(frame))
	}
}

func TestDecodeRefusesProtobuf(t *testing.T) {
	t.Parallel()
	for name, frame := range map[string]string{
		"empty frame":           "",
		"length without bytes":  "05",
		"declared 2^63 bytes":   "ff ff ff ff ff ff ff ff 7f 08",
		"length of 11 bytes":    "ff ff ff ff ff ff ff ff ff ff 01",
		"id without method":     "02 08 01",
		"unknown method":        "05 08 01 a2 06 00",
		"two methods":           "06 08 01 22 00 5a 00",
		"no id":                 "02 22 00",
		"id as bytes":           "05 0a 01 01 5a 00",
		"id as fixed32":         "04 0d 01 5a 00",
		"method as varint":      "04 08 01 20 01",
		"field number 0":        "03 00 5a 00",
		"tag cut off":           "03 08 01 da",
		"nested cut off":        "05 08 01 22 0a 00",
		"nested string cut off": "07 08 01 22 03 0a 05 61",
		"invalid UTF-8":         "07 08 01 42 03 0a 01 ff",
		"group never ended":     "03 08 01 1b",
		"one bad in two":        "04 08 01 5a 00 02 08 02",
	} {
		b, err := hex.DecodeString(strings.ReplaceAll(frame, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		refuse(t, Protobuf, name, b)
	}
}

func refuse(t *testing.T, p Protocol, name string, frame []byte) {
	t.Helper()
	cmds, err := Decode(p, frame, DecodeLimits{})
	if !errors.Is(err, ErrBadRequest) || cmds != nil {
		t.Errorf("%s: %+v, %v", name, cmds, err)
	}
}

func TestDecodeTolerates(t *testing.T) {
	t.Parallel()
	rpc := Command{ID: 1, RPC: &RPCRequest{Method: "like", Data: Raw(`{"a": 1}`)}}
	pong := Command{Pong: true}
	for frame, want := range map[string][]Command{
		"{}":                            {pong},
		" { } \r\n":                     {pong},
		`{"id":0}`:                      {pong},
		`{"id":null,"connect":null}`:    {pong},
		"{}\n{}\n":                      {pong, pong},
		`{"send":{}}`:                   {{Send: &SendRequest{}}},
		`{"id":3,"send":{"data":null}}`: {{ID: 3, Send: &SendRequest{Data: Raw("null")}}},
		`{"rpc":{"data": {"a": 1} ,"method":"like"},"id":1}`:                                       {rpc},
		`{"rpc":{"data":{"a": 1},"new":[{"x":"\"}"}],"method":"like"},"id":1,"tf":{"rpc":{}}}`:     {rpc},
		`{"id":2,"id":1,"rpc":{"data":0,"data":{"a": 1}},"rpc":{"method":"m","method":"like"}}`:    {rpc},
		`{"\u0069d":1,"rpc":{"method":"\u006cike","data":{"a": 1}}}` + "\r\n":                      {rpc},
		`{"id":1,"presence":{"channel":"\ud83d\ude00\ud800"}}`:                                     {{ID: 1, Presence: &PresenceRequest{Channel: "😀\uFFFD"}}},
		`{"id":1,"rpc":{"data":` + nested(MaxNesting) + `}}`:                                       {{ID: 1, RPC: &RPCRequest{Data: Raw(nested(MaxNesting))}}},
		`{"id":1,"connect":{"token":null,"subs":{"a":{}},"headers":{"k":"v"},"flag":1,"dict":[]}}`: {{ID: 1, Connect: &ConnectRequest{}}},
	} {
		if got, err := Decode(JSON, []byte(frame), DecodeLimits{}); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", frame, got, err)
		}
	}
}

// Protobuf merges a message that comes twice, and takes fields in any order.
func TestDecodeToleratesProtobuf(t *testing.T) {
	t.Parallel()
	connect := Command{ID: 1, Connect: &ConnectRequest{Token: "a.b", Version: "5.x"}}
	for frame, want := range map[string][]Command{
		"00 00":                                  {{Pong: true}, {Pong: true}},
		"02 08 00":                               {{Pong: true}},
		"0c 5a 00 a2 06 00 a8 06 01 08 01 08 02": {{ID: 2, Ping: &PingRequest{}}},
		"12 22 05 0a 03 61 2e 62 22 05 2a 03 35 2e 78 08 01 22 00": {connect},
		"04 62 02 0a 00": {{Send: &SendRequest{}}},
	} {
		b, err := hex.DecodeString(strings.ReplaceAll(frame, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Decode(Protobuf, b, DecodeLimits{}); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", frame, got, err)
		}
	}
}

func TestDecodeRepliesRefuses(t *testing.T) {
	t.Parallel()
	for p, frames := range map[Protocol][]string{
		JSON: {
			"", "{", `{"connect":{"subs":[]}}`, `{"connect":{"subs":{"a":null}}}`, `{"history":{"publications":[{},]}}`,
			`{"history":{"publications":{}}}`, `{"push":{"pub":{"tags":{"a":1}}}}`, `{"push":{"pub":{"tags":{"a":"b"}`,
		},
		Protobuf: {
			"", "\x01", "\x08\x22\x06\x22\x04\x3a\x02\x0a\xff", "\x09\x22\x07\x22\x05\x3a\x03\x12\x01\xff",
			"\x08\x4a\x06\x0a\x04\x12\x02\x0a\x09", "\x08\x4a\x06\x0a\x04\x0a\x02\xc3\x28",
		},
	} {
		for _, frame := range frames {
			if msgs, err := DecodeReplies(p, []byte(frame)); !errors.Is(err, ErrBadRequest) || msgs != nil {
				t.Errorf("%v: %q: %+v, %v", p, frame, msgs, err)
			}
		}
	}
}

// Data is a part of the frame, but what an application appends to it must not reach the next command.
func TestDataEndsWhereItEnds(t *testing.T) {
	t.Parallel()
	for _, p := range []Protocol{JSON, Protobuf} {
		frame := encode(t, p, &Command{ID: 1, RPC: &RPCRequest{Data: Raw(`"a"`), Method: "like"}})
		before := bytes.Clone(frame)
		cmds, err := Decode(p, frame, DecodeLimits{})
		if err != nil {
			t.Fatal(err)
		}
		if _ = append(cmds[0].RPC.Data, 'x'); !bytes.Equal(frame, before) {
			t.Errorf("%v: %q", p, frame)
		}
	}
}

func TestDecodeLimitsCommands(t *testing.T) {
	t.Parallel()
	for _, p := range []Protocol{JSON, Protobuf} {
		for limit, most := range map[int]int{0: DefaultMaxCommands, 3: 3} {
			var frame []byte
			for range most {
				frame = Join(p, frame, AppendPing(nil, p))
			}
			if cmds, err := Decode(p, frame, DecodeLimits{MaxCommands: limit}); err != nil || len(cmds) != most {
				t.Errorf("%v: %d commands, %v", p, len(cmds), err)
			}
			frame = Join(p, frame, AppendPing(nil, p))
			if cmds, err := Decode(p, frame, DecodeLimits{MaxCommands: limit}); !errors.Is(err, ErrBadRequest) {
				t.Errorf("%v: %d commands above the limit, %v", p, len(cmds), err)
			}
		}
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	for p, want := range map[Protocol]string{JSON: "{}\n{\"id\":8,\"ping\":{}}\n{}", Protobuf: "\x00\x04\x08\x08\x62\x00\x00"} {
		frame := Join(p, nil, AppendPing(nil, p))
		frame = Join(p, frame, encode(t, p, &Reply{ID: 8, Ping: &PingResult{}}))
		frame = Join(p, frame, AppendPing(nil, p))
		if string(frame) != want {
			t.Errorf("%v: %q, want %q", p, frame, want)
		}
		msgs, err := DecodeReplies(p, frame)
		if err != nil || !reflect.DeepEqual(msgs, []ServerMessage{{Ping: true}, {Reply: &Reply{ID: 8, Ping: &PingResult{}}}, {Ping: true}}) {
			t.Errorf("%v: %+v, %v", p, msgs, err)
		}
	}
}

func TestAppendRefusesDataThatIsNotJSON(t *testing.T) {
	t.Parallel()
	for _, data := range []string{
		"x", "{", `{"a":}`, `{"a" 1}`, `[1,]`, `[1 2]`, `{"a":1,}`, `{a:1}`, `1 2`, " ", "01", "1.", "-", "1e", "+1", ".5",
		`"a`, `"\x"`, `"\u12g4"`, `"\u12`, `"\`, "\"\n\"", "\"\x00\"", "\"\xff\"", "tru", "nulll", "NaN", "{}}", "]",
		nested(MaxNesting + 1), strings.Repeat(`{"a":`, MaxNesting+1) + "1" + strings.Repeat("}", MaxNesting+1),
	} {
		for _, value := range []any{
			&Push{Channel: "a", Pub: &Publication{Data: Raw(data)}},
			&Push{Channel: "a", Join: &ClientInfo{ConnInfo: Raw(data)}},
			&Reply{ID: 1, RPC: &RPCResult{Data: Raw(data)}},
			&Command{ID: 1, Publish: &PublishRequest{Data: Raw(data)}},
		} {
			dst := append(make([]byte, 0, 1000), "before"...)
			out, err := appendAny(dst, JSON, value)
			if !errors.Is(err, ErrDataNotJSON) || string(out) != "before" {
				t.Errorf("%q: %q, %v", data, out, err)
			}
		}
	}
}

func TestAppendKeepsAMessageOnOneLine(t *testing.T) {
	t.Parallel()
	data := "\r\n{\n\t\"a\\n\": [1,\r\n 2],\n\"\\u000a\":\"\u2028\"}\n"
	got := encode(t, JSON, &Push{Channel: "a\nb\r\u2028", Pub: &Publication{Data: Raw(data)}})
	want := `{"push":{"channel":"a\nb\r\u2028","pub":{"data":{` + "\t" + `"a\n": [1, 2],"\u000a":"` + "\u2028" + `"}}}}`
	if string(got) != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// Data that only a Protobuf client can read is its own affair.
func TestProtobufCarriesAnyData(t *testing.T) {
	t.Parallel()
	push := &Push{Channel: "a", Pub: &Publication{Data: Raw("\x00\xff\n")}}
	if got := decodeOne(t, Protobuf, encode(t, Protobuf, push), push); !reflect.DeepEqual(got, push) {
		t.Errorf("%+v", got)
	}
}

func TestInvalidUTF8NeverLeaves(t *testing.T) {
	t.Parallel()
	for _, p := range []Protocol{JSON, Protobuf} {
		push := &Push{Channel: "a\xffb", Pub: &Publication{Data: Raw("1"), Tags: map[string]string{"\xff": "\xfe"}}}
		want := &Push{Channel: "a\uFFFDb", Pub: &Publication{Data: Raw("1"), Tags: map[string]string{"\uFFFD": "\uFFFD"}}}
		if got := decodeOne(t, p, encode(t, p, push), push); !reflect.DeepEqual(got, want) {
			t.Errorf("%v: %+v", p, got)
		}
	}
}

// Lengths grow from one byte to two and three while the bytes behind them are already written.
func TestProtobufLengths(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 110, 120, 125, 127, 128, 129, 16370, 16383, 16384, 1 << 21} {
		push := &Push{Channel: "a", Pub: &Publication{Data: bytes.Repeat([]byte("x"), n), Offset: 1}}
		if got := decodeOne(t, Protobuf, encode(t, Protobuf, push), push); !reflect.DeepEqual(got, push) {
			t.Errorf("%d bytes of data do not come back", n)
		}
	}
}

func nested(depth int) string {
	return strings.Repeat("[", depth) + strings.Repeat("]", depth)
}
