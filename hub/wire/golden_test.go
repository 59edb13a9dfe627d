package wire

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// frame is a value of the protocol and its two encodings.
type frame struct {
	name  string
	value any // *Command, *Reply or *Push
}

func TestGoldenFrames(t *testing.T) {
	t.Parallel()
	for file, frames := range map[string][]frame{
		"commands.golden": commandFrames,
		"replies.golden":  replyFrames,
		"pushes.golden":   pushFrames,
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join("testdata", file)
			got := encodeGolden(t, frames)
			if *update {
				if err := os.WriteFile(path, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path) //nolint:gosec // a constant above
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("frames differ from %s:\n%s", path, firstDifference(got, want))
			}
			decodeGolden(t, frames, want)
		})
	}
}

// encodeGolden writes three lines a frame: name, JSON, Protobuf in hexadecimal.
func encodeGolden(t *testing.T, frames []frame) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, f := range frames {
		fmt.Fprintf(&out, "# %s\njson  %s\nproto % x\n", f.name, encode(t, JSON, f.value), encode(t, Protobuf, f.value))
	}
	return out.Bytes()
}

// decodeGolden compares what the frames of the file decode to.
func decodeGolden(t *testing.T, frames []frame, file []byte) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(string(file)), "\n")
	if len(lines) != 3*len(frames) {
		t.Fatalf("%d lines for %d frames", len(lines), len(frames))
	}
	for i, f := range frames {
		text := strings.TrimPrefix(lines[3*i+1], "json  ")
		if got := decodeOne(t, JSON, []byte(text), f.value); !reflect.DeepEqual(got, f.value) {
			t.Errorf("%s from JSON: %+v", f.name, got)
		}
		bin, err := hex.DecodeString(strings.ReplaceAll(strings.TrimPrefix(lines[3*i+2], "proto "), " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		if got := decodeOne(t, Protobuf, bin, f.value); !reflect.DeepEqual(got, f.value) {
			t.Errorf("%s from Protobuf: %+v", f.name, got)
		}
	}
}

func firstDifference(got, want []byte) string {
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d\n got %s\nwant %s", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

// reporter is a *testing.T, B or F, or a *rapid.T.
type reporter interface {
	Helper()
	Fatalf(format string, args ...any)
}

// encode is the append function for the type of value.
func encode(t reporter, p Protocol, value any) []byte {
	t.Helper()
	msg, err := appendAny(nil, p, value)
	if err != nil {
		t.Fatalf("%+v: %v", value, err)
	}
	return msg
}

func appendAny(dst []byte, p Protocol, value any) ([]byte, error) {
	switch v := value.(type) {
	case *Command:
		return AppendCommand(dst, p, v)
	case *Reply:
		return AppendReply(dst, p, v)
	default:
		return AppendPush(dst, p, v.(*Push))
	}
}

// decodeOne decodes a frame with one message of the same type as like.
func decodeOne(t reporter, p Protocol, frame []byte, like any) any {
	t.Helper()
	if _, ok := like.(*Command); ok {
		cmds, err := Decode(p, frame, DecodeLimits{})
		if err != nil || len(cmds) != 1 {
			t.Fatalf("Decode(%q) = %+v, %v", frame, cmds, err)
		}
		return &cmds[0]
	}
	msgs, err := DecodeReplies(p, frame)
	if err != nil || len(msgs) != 1 {
		t.Fatalf("DecodeReplies(%q) = %+v, %v", frame, msgs, err)
	}
	if msgs[0].Push != nil {
		return msgs[0].Push
	}
	return msgs[0].Reply
}
