package player

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lifecircle/hub/wire"
)

// What the quick scan finds is what the decoder finds, for everything that servers send.
func TestTheQuickScanAgreesWithTheDecoder(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, p wire.Protocol) {
		quickly := 0
		rapid.Check(t, func(t *rapid.T) {
			var frame []byte
			var want []wire.Push
			for range rapid.IntRange(1, 4).Draw(t, "messages") {
				push := drawPush(t)
				msg, err := wire.AppendPush(nil, p, &push)
				if err != nil {
					t.Fatal(err)
				}
				frame = wire.Join(p, frame, msg)
				want = append(want, push)
			}
			i := 0
			eachMessage(p, frame, func(msg []byte, q quick, ok bool) {
				w := want[i]
				i++
				if !ok {
					if got, err := wire.DecodeReplies(p, msg); err != nil || got[0].Push.Channel != w.Channel {
						t.Fatalf("left to the decoder: %q: %v", msg, err)
					}
					return
				}
				quickly++
				if w.Pub == nil || string(q.channel) != w.Channel || q.offset != w.Pub.Offset || !bytes.Contains(q.data, w.Pub.Data) {
					t.Fatalf("%q was read as %+v", msg, q)
				}
			})
			if i != len(want) {
				t.Fatalf("%d of %d messages", i, len(want))
			}
		})
		if quickly == 0 {
			t.Error("nothing was scanned quickly")
		}
	})
}

func drawPush(t *rapid.T) wire.Push {
	channel := rapid.OneOf(rapid.StringMatching(`[a-z:0-9]+`), rapid.String()).Draw(t, "channel")
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0:
		return wire.Push{Channel: channel, Unsubscribe: &wire.Unsubscribe{Code: 2500, Reason: `,"offset":7}}}`}}
	case 1:
		return wire.Push{Channel: channel, Message: &wire.Message{Data: []byte(`{"push":1,"offset":7}`)}}
	}
	data, err := json.Marshal(rapid.OneOf(
		rapid.Just[any](map[string]any{"a": map[string]any{"offset": 7}}),
		rapid.Just[any](map[string]any{"text": `x","offset":3}}}`}),
		rapid.Just[any](5),
		rapid.Map(rapid.String(), func(s string) any { return map[string]any{"text": s} }),
		rapid.Map(rapid.SliceOf(rapid.String()), func(s []string) any { return s }),
		rapid.Map(rapid.String(), func(s string) any { return s }),
	).Draw(t, "data"))
	if err != nil {
		t.Fatal(err)
	}
	pub := &wire.Publication{Data: data, Offset: rapid.OneOf(rapid.Just(uint64(0)), rapid.Uint64Range(0, 1<<53)).Draw(t, "offset")}
	if rapid.IntRange(0, 5).Draw(t, "tags") == 0 {
		pub.Tags = map[string]string{"offset": `,"offset":5`}
	}
	if rapid.IntRange(0, 5).Draw(t, "info") == 0 {
		pub.Info = &wire.ClientInfo{User: `,"offset":5`, Client: "c"}
	}
	return wire.Push{Channel: channel, Pub: pub}
}

// Whatever comes: no panic, and where both understand it, they agree.
func FuzzScan(f *testing.F) {
	f.Add([]byte(`{"push":{"channel":"c","pub":{"data":{"text":"x"},"offset":7}}}`), false)
	f.Add([]byte(`{"push":{"channel":"c","pub":{"data":{},"offset":7,"tags":{"a":"b"}}}}`), false)
	f.Add([]byte(`{"push":{"channel":"c","pub":{"data":{"x":{"offset":7}}}}}`), false)
	f.Add([]byte(`{"push":{"channel":"c","pub":{"data":"\\","offset":7}}}`), false)
	f.Add([]byte(`{"push":{"channel":"c","pub":{"data":{},"x\"offset":7}}}`), false)
	f.Add([]byte("{}\n{\"id\":1}"), false)
	f.Add([]byte("\x0c\x22\x0a\x12\x01c\x22\x05\x22\x01x\x30\x07"), true)
	f.Add([]byte("\x00\x80"), true)
	f.Fuzz(func(t *testing.T, frame []byte, binary bool) {
		p := wire.JSON
		if binary {
			p = wire.Protobuf
		}
		eachMessage(p, frame, func(msg []byte, q quick, ok bool) {
			if !ok {
				return
			}
			if p == wire.Protobuf {
				msg = append([]byte{}, msg...)
			}
			got, err := wire.DecodeReplies(p, msg)
			if err != nil || len(got) != 1 || got[0].Push == nil || got[0].Push.Pub == nil {
				return // data that is not JSON, doubled keys: no server sends them
			}
			if pub := got[0].Push.Pub; got[0].Push.Channel != string(q.channel) || pub.Offset != q.offset {
				t.Fatalf("%q: %+v, the decoder says %q %d", msg, q, got[0].Push.Channel, pub.Offset)
			}
		})
	})
}

func TestMarkers(t *testing.T) {
	t.Parallel()
	at := time.UnixMicro(1_763_900_000_123_456)
	for _, size := range []int{0, 20, 60, 61, 300, 2000} {
		text := appendMarker(nil, at, 42, size)
		if size > 60 && len(text) != size {
			t.Errorf("%d bytes instead of %d", len(text), size)
		}
		data := fmt.Appendf(nil, `{"type":"post.created","url":"lc:12:","post":{"text":%q}}`, text)
		if got := findMarker(data); got != at.UnixMicro() {
			t.Errorf("found %d in %s", got, data)
		}
	}
	for _, none := range []string{"", "lc:", "lc:1763900000123456", "lc:176390000012345x:1", "xlc:17639000001234567:"} {
		if got := findMarker([]byte(none)); got != 0 {
			t.Errorf("found %d in %q", got, none)
		}
	}
}

func BenchmarkScanJSON(b *testing.B) {
	text := appendMarker(nil, time.Now(), 42, 200)
	msg, err := wire.AppendPush(nil, wire.JSON, &wire.Push{Channel: "circle:0000000000001", Pub: &wire.Publication{
		Data: fmt.Appendf(nil, `{"type":"post.created","post":{"id":"00000000000010000000000002","text":%q}}`, text), Offset: 1234,
	}})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		eachMessage(wire.JSON, msg, func(_ []byte, q quick, ok bool) {
			if !ok || findMarker(q.data) == 0 {
				b.Fatal("not found")
			}
		})
	}
}
