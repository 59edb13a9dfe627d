package text_test

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/text/unicode/norm"

	"lifecircle/internal/problem"
	"lifecircle/internal/text"
)

type rule struct {
	name string
	of   func(location, s string, maxGraphemes int) (string, error)
}

var (
	body = rule{"body", text.Body}
	name = rule{"name", text.Name}
)

func TestAccepted(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule     rule
		in, want string
	}{
		{body, "hello", "hello"},
		{body, "a\r\nb\n\tc", "a\nb\n\tc"},
		{body, " kept as written ", " kept as written "},
		{body, "cafe\u0301 \uF900", "cafe\u0301 \uF900"},
		{body, "<script>alert(1)</script>", "<script>alert(1)</script>"},
		{body, "שלום \u200Fworld\u2069", "שלום \u200Fworld\u2069"},
		{body, strings.Repeat("👨‍👩‍👧‍👦字字", 3), strings.Repeat("👨‍👩‍👧‍👦字字", 3)},
		{name, "  Ann \u3000 Lee\n", "Ann Lee"},
		{name, "cafe\u0301", "caf\u00E9"},
		{name, "王小明", "王小明"},
		{name, "葛\U000E0100城", "葛\U000E0100城"},
		{name, "می\u200Cخواهم", "می\u200Cخواهم"},
		{name, "ක්\u200Dය", "ක්\u200Dය"},
		{name, "ന്\u200D", "ന്\u200D"},
		{name, "👩🏽\u200D❤\uFE0F\u200D💋\u200D👨🏿", "👩🏽\u200D❤\uFE0F\u200D💋\u200D👨🏿"},
		{name, "🙂\u200D↔\uFE0F", "🙂\u200D↔\uFE0F"},
		{name, "🏴\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F 1\uFE0F⃣", "🏴\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F 1\uFE0F⃣"},
		{name, "O'Brien-Smith, Jr.", "O'Brien-Smith, Jr."},
	}
	for _, tt := range tests {
		got, err := tt.rule.of("body.text", tt.in, 10_000)
		if err != nil || got != tt.want {
			t.Errorf("%s(%q) = %q, %v; want %q", tt.rule.name, tt.in, got, err, tt.want)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule rule
		in   string
		code problem.Code
	}{
		{body, "", problem.TextEmpty},
		{body, " \n\t\u3000", problem.TextEmpty},
		{body, "\u200B\u2060\uFEFF\u3164\u2800\uFE0F", problem.TextEmpty},
		{body, "a\x00b", problem.TextControl},
		{body, "a\x1b[31mb", problem.TextControl},
		{body, "a\rb", problem.TextControl},
		{body, "a\u0085b", problem.TextControl},
		{body, "a\x7f", problem.TextControl},
		{body, "a\xff", problem.TextControl},
		{body, "\xed\xa0\x80", problem.TextControl}, // a surrogate
		{body, strings.Repeat("x", 21), problem.TextTooLong},
		{body, "a" + strings.Repeat("\u0301", 40), problem.TextTooLong},
		{body, "a" + strings.Repeat("\u0301", 1_000_000), problem.TextTooLong},
		{name, "", problem.TextEmpty},
		{name, " \t\u00A0\n", problem.TextEmpty},
		{name, "a\nb", problem.TextControl},
		{name, "a\tb", problem.TextControl},
		{name, "a\u2028b", problem.TextControl},
		{name, "a\x00", problem.TextControl},
		{name, "\u200B", problem.TextControl},
		{name, "\u3164", problem.TextControl},
		{name, "\u2800", problem.TextControl},
		{name, "ad\u200Cmin", problem.TextControl},
		{name, "ad\u200Dmin", problem.TextControl},
		{name, "admin\u200D", problem.TextControl},
		{name, "admin\uFE0F", problem.TextControl},
		{name, "ad\u00ADmin", problem.TextControl},
		{name, "a\U000E0041", problem.TextControl},
		{name, "\u202Enimda", problem.TextControl},
		{name, "\xc3\x28", problem.TextControl},
		{name, strings.Repeat("字", 21), problem.TextTooLong},
	}
	for _, r := range "\u061C\u200E\u200F\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069" {
		tests = append(tests, struct {
			rule rule
			in   string
			code problem.Code
		}{name, "a" + string(r) + "b", problem.TextControl})
	}
	for _, tt := range tests {
		got, err := tt.rule.of("body.text", tt.in, 20)
		p := problem.From(err)
		if p == nil || p.Code != tt.code || got != "" || p.Fields[0].Location != "body.text" {
			t.Errorf("%s(%.40q) = %q, %v; want %s", tt.rule.name, tt.in, got, err, tt.code)
		}
	}
}

// The limit counts what people see, whatever the bytes.
func TestLimitIsInGraphemes(t *testing.T) {
	t.Parallel()
	for _, one := range []string{"x", "字", "🇨🇳", "e\u0301", "\r\n", "👍🏽", "👩🏽‍❤️‍💋‍👨🏿"} {
		full := "a" + strings.Repeat(one, 9)
		if _, err := text.Body("body.text", full, 10); err != nil {
			t.Errorf("10 graphemes of %q are refused: %v", one, err)
		}
		if _, err := text.Body("body.text", full+one, 10); !problem.Has(err, problem.TextTooLong) {
			t.Errorf("11 graphemes of %q: %v", one, err)
		}
	}
}

func TestRealTexts(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("TESTDATA_DIR")
	if dir == "" {
		t.Skip("TESTDATA_DIR is not set: there are no samples of real texts")
	}
	dir = filepath.Join(dir, "text")
	for _, s := range naughty(t, filepath.Join(dir, "blns.json")) {
		checkRules(t, s)
	}
	written := append(column(t, filepath.Join(dir, "en_tweeteval_sample.csv")), column(t, filepath.Join(dir, "zh_cold_dev_sample.csv"))...)
	written = append(written, lines(t, filepath.Join(dir, "zh_weibo_smp2020_sample.jsonl"))...)
	refused := 0
	for _, s := range written {
		checkRules(t, s)
		if _, err := text.Body("body.text", s, 10_000); err != nil {
			refused++
			t.Logf("refused %q: %v", s, err)
		}
	}
	if len(written) < 1000 || refused*1000 > len(written) {
		t.Errorf("%d of %d texts that people wrote are refused", refused, len(written))
	}
}

func FuzzRules(f *testing.F) {
	for _, s := range []string{"a", " a  b ", "e\u0301", "\u1100\u1161", "a\u200Db", "👩\u200D🚀", "\x00", "\xff", "\r\n\r", "ക്\u200D", "\u2000a\u2001\u0338"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkRules(t, s) })
}

// checkRules holds for any input: the output is clean, within its bounds and
// a fixed point; a refusal is one of three problems.
func checkRules(t *testing.T, s string) {
	t.Helper()
	const most = 40
	for _, r := range []rule{body, name} {
		out, err := r.of("body.text", s, most)
		if err != nil {
			if p := problem.From(err); p == nil || p.Status() != 422 {
				t.Errorf("%s(%q): not a refusal: %v", r.name, s, err)
			}
			continue
		}
		if !utf8.ValidString(out) || strings.ContainsAny(out, "\x00\r\x1b\u0085") || out == "" {
			t.Errorf("%s(%q) = %q is unclean", r.name, s, out)
		}
		if uniseg.GraphemeClusterCount(out) > most || len(out) > most*16 {
			t.Errorf("%s(%q) = %q is too long", r.name, s, out)
		}
		if again, err := r.of("body.text", out, most); err != nil || again != out {
			t.Errorf("%s(%q) = %q, and of that %q, %v", r.name, s, out, again, err)
		}
		if r.name == name.name && (!norm.NFC.IsNormalString(out) || out != strings.TrimSpace(out) || strings.Contains(out, "  ")) {
			t.Errorf("name(%q) = %q is not normal", s, out)
		}
	}
}

func naughty(t *testing.T, path string) (all []string) {
	t.Helper()
	raw, err := os.ReadFile(path) //nolint:gosec // of the samples
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// column returns the last column of a CSV file.
func column(t *testing.T, path string) (all []string) {
	t.Helper()
	f, err := os.Open(path) //nolint:gosec // of the samples
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	r := csv.NewReader(f)
	r.LazyQuotes = true
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		all = append(all, row[len(row)-1])
	}
	return all
}

// lines returns the member "text" of each line's object.
func lines(t *testing.T, path string) (all []string) {
	t.Helper()
	f, err := os.Open(path) //nolint:gosec // of the samples
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		var row struct{ Text string }
		if err := json.Unmarshal(sc.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		all = append(all, row.Text)
	}
	return all
}
