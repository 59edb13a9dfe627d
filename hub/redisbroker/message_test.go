package redisbroker

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"lifecircle/hub"
)

func TestMessage(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := hub.Publication{
			Offset: rapid.Uint64().Draw(t, "offset"),
			Epoch:  rapid.String().Draw(t, "epoch"),
			Key:    rapid.String().Draw(t, "key"),
			Data:   rapid.SliceOfN(rapid.Byte(), 1, 100).Draw(t, "data"),
		}
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

func FuzzDecode(f *testing.F) {
	f.Add(encode(hub.Publication{Offset: 1, Epoch: "e", Data: []byte("{}")}))
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := decode(b); err == nil && len(p.Data) == 0 {
			t.Error("a message without data was understood")
		}
	})
}
