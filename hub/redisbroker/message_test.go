package redisbroker

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lifecircle/hub"
)

func TestMessage(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := drawPublication(t)
		b := encode(want)
		got, err := decode(b)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v became %+v, %v", want, got, err)
		}
		if _, err := decode(b[:rapid.IntRange(0, len(b)-len(want.Data)).Draw(t, "cut")]); err == nil {
			t.Fatal("a part of a message was understood")
		}
	})
}

func drawPublication(t *rapid.T) hub.Publication {
	p := hub.Publication{
		Offset: rapid.Uint64().Draw(t, "offset"),
		Epoch:  rapid.String().Draw(t, "epoch"),
		Data:   rapid.SliceOfN(rapid.Byte(), 1, 100).Draw(t, "data"),
	}
	switch us := rapid.Int64Min(0).Draw(t, "at"); {
	case p.Offset == 0:
		p.Key = rapid.String().Draw(t, "key")
	case us > 0:
		p.At = time.UnixMicro(us)
	}
	return p
}

// Programs of before the time was carried read this, and write it.
func TestMessageOfOldPrograms(t *testing.T) {
	t.Parallel()
	got, err := decode([]byte("\x01\x01e\x00\x07{}"))
	if want := (hub.Publication{Offset: 7, Epoch: "e", Data: []byte("{}")}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if b := encode(hub.Publication{Offset: 7, Epoch: "e", Data: []byte("{}"), At: time.UnixMicro(300)}); string(b) != "\x01\x01e\x02\xac\x02\x07{}" {
		t.Errorf("%q", b)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(hub.Publication{Offset: 1, Epoch: "e", Data: []byte("{}")}))
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := decode(b); err == nil && len(p.Data) == 0 {
			t.Error("a message without data was understood")
		}
	})
}
