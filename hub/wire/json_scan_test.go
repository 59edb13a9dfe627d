package wire

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// The scanner agrees with encoding/json on what JSON is, within the limits that encoding/json does not set.
func agreesOnJSON(t reporter, b []byte) {
	t.Helper()
	want := json.Valid(b) && utf8.Valid(b)
	if want && depth(b) > MaxNesting {
		return
	}
	if got := isData(b); got != want {
		t.Fatalf("isData(%q) = %v, want %v", b, got, want)
	}
}

// depth is the greatest number of brackets open at once, those in strings included: never less than the nesting.
func depth(b []byte) int {
	open, deepest := 0, 0
	for _, c := range b {
		switch c {
		case '[', '{':
			open++
			deepest = max(deepest, open)
		case ']', '}':
			open--
		}
	}
	return deepest
}

func TestScanAgreesWithEncodingJSON(t *testing.T) {
	t.Parallel()
	// Pieces put together at random are nearly JSON much more often than random bytes are.
	pieces := rapid.SampledFrom([]string{
		"{", "}", "[", "]", ",", ":", `"a"`, `"`, `\`, "u12aF", "0", "1", "-", ".", "e", "E", "+", "true", "false", "null",
		`"a text that is longer`, `than eight bytes, "`, "\u007f\u0080~#![]^", " ", "\n", "\t", "\r", "\x00", "\x1f", "\x7f", "\xff", "安", `{"a":1}`, `[]`, `{}`, `"\ud800"`, `"\n"`,
	})
	rapid.Check(t, func(t *rapid.T) {
		agreesOnJSON(t, []byte(strings.Join(rapid.SliceOfN(pieces, 0, 8).Draw(t, "pieces"), "")))
	})
}

func TestScanStopsAtMaxNesting(t *testing.T) {
	t.Parallel()
	for _, open := range []string{"[", `{"a":`} {
		closing := map[string]string{"[": "]", `{"a":`: "}"}[open]
		for n, want := range map[int]bool{MaxNesting: true, MaxNesting + 1: false} {
			b := strings.Repeat(open, n) + "1" + strings.Repeat(closing, n)
			if got := isData([]byte(b)); got != want {
				t.Errorf("%d times %s: %v", n, open, got)
			}
		}
	}
}

func TestQuotedIsReadBack(t *testing.T) {
	t.Parallel()
	char := rapid.OneOf(rapid.Rune(), rapid.RuneFrom([]rune("\x00\b\f\n\r\t\"\\/<>&\x7f\u2028\u2029\uFFFD😀")))
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(char).Draw(t, "chars"))
		quoted := appendQuoted(nil, s)
		var std string
		if err := json.Unmarshal(quoted, &std); err != nil || std != s {
			t.Fatalf("encoding/json reads %q from %s, %v; want %q", std, quoted, err, s)
		}
		if own, err := unquote(quoted); err != nil || string(own) != s {
			t.Fatalf("unquote(%s) = %q, %v; want %q", quoted, own, err, s)
		}
		if strings.ContainsAny(string(quoted), "\n\r\u2028\u2029") || !utf8.Valid(quoted) {
			t.Fatalf("%q is not one line of UTF-8", quoted)
		}
	})
}
