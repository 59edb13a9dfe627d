package text

import (
	"strings"
	"testing"

	"github.com/rivo/uniseg"
	"pgregory.net/rapid"
)

// The short cut through plain characters counts graphemes as Unicode does,
// whatever stands beside them.
func TestGraphemesAreCountedAsByUnicode(t *testing.T) {
	t.Parallel()
	parts := []string{"a", "7", "#", " ", "\n", "\t", "中", "文", "\u9FFF", "\u4E00", "，", "\u3001", "\u3029", "\uFF60", "\uFF9E", "\u302A", "\u0301", "\u200D", "\uFE0F", "\u20E3", "\u0600", "ᄀ", "ᅡ", "👩", "🚀", "🇨", "🇳", "ക", "്", "の", "é"}
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 1, 20).Draw(t, "parts"), "")
		n := uniseg.GraphemeClusterCount(s)
		if err := checkGraphemes("body.text", s, n); err != nil {
			t.Errorf("%q has %d graphemes: %v", s, n, err)
		}
		if n > 1 && checkGraphemes("body.text", s, n-1) == nil {
			t.Errorf("%q has %d graphemes, fewer were counted", s, n)
		}
	})
}

func BenchmarkBody(b *testing.B) {
	for name, s := range map[string]string{"latin": strings.Repeat("what people say, ", 60), "chinese": strings.Repeat("今天天气很好，", 140)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Body("body.text", s, 2000); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
