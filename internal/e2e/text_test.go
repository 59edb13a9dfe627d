package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lifecircle/internal/problem"
)

// texts that have broken others: line separators that end JavaScript lines,
// HTML, quotes, joined emoji, directions, JSON in JSON, numbers too large.
var awkwardTexts = []string{
	"a\u2028b\u2029c", "line\nline\ttab", "</script><script>alert(1)</script>", `<img src=x onerror="alert(1)">`, "&lt;b&gt; &amp;",
	"👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽", "e\u0301 é", "שלום \u202eabc\u202c مرحبا", `{"type":"post.created","post":{}}`, `\u0000 \n \\ "`,
	"9007199254740993", "\uFEFFmark", "\U0010FFFD", "校园生活 圈 豈", "%s %d {{x}} ${x}", "'; DROP TABLE posts; --",
}

// A text comes out of every door as it went in.
func TestTextIsShownAsText(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, protocol string) {
		s, d := shared.get(t), startSDK(t)
		p := s.person()
		c := s.circle(p)
		client := d.connected(opening{url: s.socketURL(), protocol: protocol, token: p.Token})
		client.subscribe(c.channel())
		samples, refused := append(append([]string{}, awkwardTexts...), naughtyTexts(t)...), 0
		var accepted []string
		for _, text := range samples {
			a, err := s.send(t.Context(), request{method: "POST", path: "/v1/circles/" + c.ID + "/posts", token: p.Token, body: call{"text": text}})
			if err != nil {
				t.Fatal(err)
			}
			if a.status == 422 && refusedText[problem.Code(a.refusal())] {
				refused++
				continue
			}
			var made post
			if err := json.Unmarshal(a.body, &made); err != nil || a.status != 201 || made.Text != text {
				t.Errorf("posted %q: %d %s", text, a.status, a.body)
				continue
			}
			accepted = append(accepted, text)
		}
		s.post(p, c, "the last one")
		client.awaitPost("the last one")
		client.wantPosts(append(accepted, "the last one"))
		if stored := logOf(s, c); firstDifference(stored, accepted) < len(accepted) {
			t.Errorf("a page shows another text than was posted: %q", stored[firstDifference(stored, accepted)])
		}
		if len(accepted) < len(awkwardTexts) {
			t.Errorf("only %d texts were accepted", len(accepted))
		}
		t.Logf("%d texts accepted, %d refused", len(accepted), refused)
	})
}

// refusedText are the codes for a text that may not be posted.
var refusedText = map[problem.Code]bool{problem.TextEmpty: true, problem.TextTooLong: true, problem.TextControl: true}

// naughtyTexts reads the list in TESTDATA_DIR, if that is set.
func naughtyTexts(t testing.TB) []string {
	t.Helper()
	dir := os.Getenv("TESTDATA_DIR")
	if dir == "" {
		return nil
	}
	raw, err := os.ReadFile(filepath.Join(dir, "text", "blns.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	for i, text := range list {
		list[i] = strings.ReplaceAll(text, "\r\n", "\n") // as the server does
	}
	return list
}
