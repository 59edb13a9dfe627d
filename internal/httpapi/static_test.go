package httpapi

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
	"testing/fstest"

	"lifecircle/internal/problem"
)

var (
	script = strings.Repeat("console.log('hello');\n", 200)
	web    = fstest.MapFS{
		"index.html":           {Data: []byte("<!doctype html><title>Life Circle</title>")},
		"favicon.svg":          {Data: []byte("<svg/>")},
		"assets/main-abc12.js": {Data: []byte(script)},
	}
	asPage = header{"Accept", "text/html,application/xhtml+xml,*/*;q=0.8"}
)

func TestWebClient(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Web = web })
	for _, path := range []string{"/", "/index.html", "/circles/0n8h", "/sign-in", "/a.b", "//", "/../etc/passwd"} {
		a := s.do("GET", path, "", asPage)
		if a.StatusCode != 200 || !strings.Contains(string(a.body), "Life Circle") || a.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %d %v %q", path, a.StatusCode, a.Header, a.body)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": contentPolicy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Permissions-Policy": permissionsPolicy, "Cross-Origin-Opener-Policy": "same-origin", "Content-Type": "text/html; charset=utf-8",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if again := s.do("GET", path, "", asPage, header{"If-None-Match", a.Header.Get("ETag")}); again.StatusCode != 304 || len(again.body) != 0 {
			t.Errorf("%s again: %d", path, again.StatusCode)
		}
	}
	s.refused(problem.NotFound, s.do("GET", "/assets/gone-abc12.js", "", asPage))
	s.refused(problem.NotFound, s.do("GET", "/sign-in", "", header{"Accept", "application/json"}))
	s.refused(problem.NotFound, s.do("GET", "/v1/nonsense", "", asPage))
	s.refused(problem.NotFound, s.do("POST", "/", `{}`, asPage))
	if a := s.do("GET", "/favicon.svg", ""); a.StatusCode != 200 || a.Header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("favicon: %d %v", a.StatusCode, a.Header)
	}
}

func TestHashedFilesAreKept(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Web = web })
	plain := s.do("GET", "/assets/main-abc12.js", "")
	if string(plain.body) != script || plain.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || plain.Header.Get("Content-Encoding") != "" {
		t.Errorf("plain: %d bytes, %v", len(plain.body), plain.Header)
	}
	small := s.do("GET", "/assets/main-abc12.js", "", header{"Accept-Encoding", "gzip, br"})
	z, err := gzip.NewReader(bytes.NewReader(small.body))
	if err != nil {
		t.Fatal(err)
	}
	if content, err := io.ReadAll(z); err != nil || string(content) != script || small.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("gzip: %d bytes, %v, %v", len(content), err, small.Header)
	}
	if plain.Header.Get("ETag") == small.Header.Get("ETag") || small.Header.Get("Vary") == "" {
		t.Errorf("two forms of one file share %s", plain.Header.Get("ETag"))
	}
}

func TestWithoutWebClient(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	for _, headers := range [][]header{{asPage}, nil} {
		r := s.request("GET", "/", headers...)
		if r.StatusCode != 404 || !strings.Contains(string(r.body), "make web") || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%d %s", r.StatusCode, r.body)
		}
	}
}
