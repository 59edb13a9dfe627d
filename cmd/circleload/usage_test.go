package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestList(t *testing.T) {
	t.Parallel()
	p := runs(t, 0, []string{"like-storm", "tip-rain", "slow-clients", "storm"}, "list")
	if lines := strings.Count(p.out.String(), "\n"); lines != 6 {
		t.Errorf("%d lines:\n%s", lines, &p.out)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	runs(t, 0, []string{"--publish-url", "--allow-remote", "--source-addresses", "--pid"}, "run", "--help")
}

// TestWrongCommandLines end with 2 before anything is sent to anybody.
func TestWrongCommandLines(t *testing.T) {
	t.Parallel()
	wrong := filepath.Join(t.TempDir(), "wrong.yaml")
	if err := os.WriteFile(wrong, []byte("duration: 1s\nviewers: 1\nviewer: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args  string
		words []string
	}{
		{"", nil},
		{"run", nil},
		{"run viewers --nonsense", []string{"unknown flag"}},
		{"run sing", []string{`no scenario "sing"`, "viewers, storm"}},
		{"run " + wrong, []string{"[3:1]", `unknown field "viewer"`, "viewer: 1"}},
		{"run viewers --viewers=-1", []string{"viewers is -1"}},
		{"run viewers --duration=48h", []string{"duration is 172800"}},
		{"run viewers --each=11", []string{"each is 11"}},
		{"run storm --duration=5s", []string{"cut 1", "after is 10"}},
		{"run viewers --protocol=xml", []string{"--protocol"}},
		{"run viewers --source-addresses=here", []string{"--source-addresses"}},
		{"run viewers --url=ftp://127.0.0.1", []string{"ftp://127.0.0.1"}},
		{"run viewers --url=http://192.0.2.1:8080", []string{"192.0.2.1:8080", "--allow-remote"}},
		{"run viewers --url=http://127.0.0.1.example.org", []string{"--allow-remote"}},
		{"run viewers --socket-url=ws://example.org/x", []string{"--allow-remote"}},
		{"run viewers --socket-url=ws://127.0.0.1:1/x --publish-url=http://example.org", []string{"example.org", "--allow-remote"}},
		{"run viewers --socket-url=ws://127.0.0.1:1/x --url=http://127.0.0.1:1", []string{"one of them"}},
		{"run viewers --socket-url=ws://127.0.0.1:1/x --channel=news", []string{"{{n}}"}},
		{"run viewers --socket-url=ws://127.0.0.1:1/x --publish-url=http://127.0.0.1 --publish-header=key", []string{"X-API-Key"}},
		{"run viewers --publish-url=http://127.0.0.1", []string{"--socket-url"}},
		{"run viewers --pid=999999999", []string{"999999999"}},
		{"run viewers --html=/nowhere/at/all.html", []string{"/nowhere/at"}},
	} {
		runs(t, 2, c.words, strings.Fields(c.args)...)
	}
}

// closedPort is an address that refuses connections.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// TestNotCarriedOut is whatever hinders a run that was asked for rightly.
func TestNotCarriedOut(t *testing.T) {
	t.Parallel()
	old := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(old, []byte("yesterday's"), 0o600); err != nil {
		t.Fatal(err)
	}
	away := closedPort(t)
	runs(t, 3, []string{"reach the server", "refused"}, "run", "viewers", "--url=http://"+away, "--html="+old)
	if kept, err := os.ReadFile(old); err != nil || string(kept) != "yesterday's" {
		t.Errorf("the older report is %q (%v)", kept, err)
	}
	if left, err := os.ReadDir(filepath.Dir(old)); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v (%v)", left, err)
	}

	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	runs(t, 3, []string{"--dev", "404"}, "run", "viewers", "--url="+plain.URL)
	runs(t, 3, []string{"reach the server", "refused"}, "run", "viewers", "--rate=0", "--socket-url=ws://"+away+"/connection/websocket")
	runs(t, 3, []string{"--publish-url"}, "run", "viewers", "--socket-url=ws://"+away+"/connection/websocket")
	runs(t, 3, []string{"likes, which only a Life Circle server knows"}, "run", "like-storm", "--socket-url=ws://"+away+"/connection/websocket")
}
