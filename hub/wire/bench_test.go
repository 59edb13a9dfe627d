package wire

import (
	"strings"
	"testing"
)

// BenchmarkAppendPublication is the hot path: one publication push of about
// half a kilobyte, once for each protocol and node.
func BenchmarkAppendPublication(b *testing.B) {
	data := Raw(`{"type":"post.created","post":{"id":"p1","text":"` + strings.Repeat("今天 and so on ", 30) + `","likes":12}}`)
	push := &Push{Channel: "circle:1", Pub: &Publication{Data: data, Offset: 12345}}
	for name, p := range map[string]Protocol{"JSON": JSON, "Protobuf": Protobuf} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			var dst []byte
			for b.Loop() {
				var err error
				if dst, err = AppendPush(dst[:0], p, push); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecodeCommand(b *testing.B) {
	for name, p := range map[string]Protocol{"JSON": JSON, "Protobuf": Protobuf} {
		frame := encode(b, p, commandFrames[2].value)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode(p, frame, DecodeLimits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The first allocation of a message is its buffer; there is no second.
func TestAppendPublicationAllocatesNothing(t *testing.T) { //nolint:paralleltest // counts allocations
	push := &Push{Channel: "circle:1", Pub: &Publication{Data: Raw(`{"a":1}`), Offset: 1}}
	dst := make([]byte, 0, 1024)
	for _, p := range []Protocol{JSON, Protobuf} {
		allocs := testing.AllocsPerRun(1000, func() {
			if _, err := AppendPush(dst, p, push); err != nil {
				t.Fatal(err)
			}
		})
		if allocs >= 1 {
			t.Errorf("%v: %v allocations", p, allocs)
		}
	}
}
