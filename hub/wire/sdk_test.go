package wire

import (
	"encoding/hex"
	"os"
	"reflect"
	"strings"
	"testing"
)

// The frames were recorded from npm centrifuge 5.8.0 doing the same once in each encoding: connect, subscribe,
// rpc, publish, history twice, presence, presence_stats, send, rpc, two pongs, refresh, unsubscribe.
func TestFramesOfTheJavaScriptSDK(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("testdata/javascript-5.8.0.txt")
	if err != nil {
		t.Fatal(err)
	}
	got := map[Protocol][]Command{}
	for line := range strings.Lines(string(file)) {
		kind, text, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
		p, frame := JSON, []byte(text)
		if kind == "proto" {
			p = Protobuf
			if frame, err = hex.DecodeString(text); err != nil {
				t.Fatal(err)
			}
		}
		cmds, err := Decode(p, frame, DecodeLimits{})
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		got[p] = append(got[p], cmds...)
	}
	if len(got[JSON]) != 14 || !reflect.DeepEqual(got[JSON], got[Protobuf]) {
		t.Errorf("JSON: %+v\nProtobuf: %+v", got[JSON], got[Protobuf])
	}
	want := &SubscribeRequest{
		Channel: "circle:1", Token: "st", Data: Raw(`{"q":1}`), Recover: true, Epoch: "e1", Offset: 3,
		Positioned: true, Recoverable: true, JoinLeave: true, Delta: "fossil", Flag: 1,
	}
	if sub := got[JSON][1].Subscribe; !reflect.DeepEqual(sub, want) {
		t.Errorf("subscribe: %+v, want %+v", sub, want)
	}
}
