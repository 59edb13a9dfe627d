package wire

import (
	"bytes"
	"fmt"
	"testing"
)

// A reply with a replay is, byte for byte, the reply with its publications.
func TestReplayIsItsPublications(t *testing.T) {
	t.Parallel()
	var pubs []*Publication
	for i := range 5 {
		pubs = append(pubs, &Publication{Data: Raw(fmt.Sprintf(`{"n":%d}`, i)), Offset: uint64(i + 1)}) //nolint:gosec // small
	}
	for _, p := range []Protocol{JSON, Protobuf} {
		replay, err := EncodeReplay(p, pubs)
		if err != nil {
			t.Fatal(err)
		}
		for from := range len(pubs) + 1 {
			long := &Reply{ID: 7, Subscribe: &SubscribeResult{Publications: pubs[from:], Recovered: true, Offset: 9, Data: Raw("{}")}}
			result := &SubscribeResult{Recovered: true, Offset: 9}
			result.SetReplay(replay.From(from))
			result.SetValidData(Raw("{}"))
			short := &Reply{ID: 7, Subscribe: result}
			want, err := AppendReply(nil, p, long)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := AppendReply(nil, p, short); err != nil || !bytes.Equal(got, want) {
				t.Errorf("protocol %d from %d: %q (%v), want %q", p, from, got, err, want)
			}
		}
	}
	if _, err := EncodeReplay(JSON, []*Publication{{Data: Raw("{")}}); err == nil {
		t.Error("data that is not JSON was encoded")
	}
}
