package httpapi

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"lifecircle/internal/id"
	"lifecircle/internal/problem"
	"lifecircle/internal/ratelimit"
)

const plainPage = `<!doctype html><html><head><meta charset="utf-8" />
    <!--preview: here-->
    <title>Life Circle</title>
    <meta property="og:title" content="Life Circle" />
    <!--/preview-->
    <link rel="icon" href="/favicon.svg" /></head><body><div id="app"></div></body></html>`

var (
	pageWithHead = fstest.MapFS{"index.html": {Data: []byte(plainPage)}}
	asCrawler    = header{"Accept", "*/*"}
)

func newLinkedSite(t *testing.T, change func(*Options)) *site {
	t.Helper()
	return newSite(t, func(o *Options) {
		o.Web, o.PublicURL = pageWithHead, "https://circle.example/"
		if change != nil {
			change(o)
		}
	})
}

// linkOf is the page of a resource of the API.
func linkOf(resource string) string { return strings.TrimPrefix(resource, "/v1") }

func (s *site) page(path string) string {
	s.t.Helper()
	a := s.request("GET", path, asCrawler)
	if a.StatusCode != 200 || a.Header.Get("Cache-Control") != "no-cache" || a.Header.Get("Content-Type") != "text/html; charset=utf-8" || a.Header.Get("ETag") == "" {
		s.t.Fatalf("%s: %d %v", path, a.StatusCode, a.Header)
	}
	return string(a.body)
}

func wantParts(t *testing.T, what, page string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if strings.Count(page, p) != 1 {
			t.Errorf("%s: %q stands there %d times, in\n%s", what, p, strings.Count(page, p), page)
		}
	}
}

func TestPreviews(t *testing.T) {
	t.Parallel()
	s := newLinkedSite(t, nil)
	ann := s.person("ann")
	circle := s.circle(ann)
	post := s.post(ann, circle, "Two\n\nlines   and "+strings.Repeat("茶", 300))
	s.want(200, s.do("PATCH", "/v1/me", `{"bio":"I brew."}`, ann.auth()))

	page := s.page(linkOf(circle))
	wantParts(t, "circle", page, "<title>Tea · Life Circle</title>", `property="og:title" content="Tea"`, `property="og:description" content="We drink it."`,
		`property="og:type" content="website"`, `property="og:url" content="https://circle.example`+linkOf(circle)+`"`,
		`rel="canonical" href="https://circle.example`+linkOf(circle)+`"`, `property="og:image" content="https://circle.example/icons/icon-512.png"`,
		`<div id="app">`, `rel="icon"`, `<meta charset="utf-8" />`)
	want := `"og:description" content="Two lines and ` + strings.Repeat("茶", maxExcerpt-len("Two lines and ")) + `…"`
	for _, path := range []string{linkOf(post), linkOf(circle) + linkOf(post)} {
		page = s.page(path)
		wantParts(t, "post", page, "<title>Ann · Tea · Life Circle</title>", `property="og:type" content="article"`, want,
			`property="og:url" content="https://circle.example`+linkOf(post)+`"`, `article:published_time`, `content="summary"`)
	}
	wantParts(t, "person", s.page("/users/"+ann.id), "<title>Ann (@ann) · Life Circle</title>", `property="og:description" content="I brew."`, `property="og:type" content="profile"`)

	first := s.request("GET", linkOf(circle), asCrawler)
	if again := s.request("GET", linkOf(circle), asCrawler, header{"If-None-Match", first.Header.Get("ETag")}); again.StatusCode != 304 {
		t.Errorf("asked again: %d", again.StatusCode)
	}
	if head := s.request("HEAD", linkOf(circle), asCrawler); head.StatusCode != 200 || len(head.body) != 0 {
		t.Errorf("HEAD: %d, %d bytes", head.StatusCode, len(head.body))
	}
}

// What people write is text in the head, too.
func TestPreviewsEscape(t *testing.T) {
	t.Parallel()
	s := newLinkedSite(t, nil)
	ann := s.person("ann")
	a := s.do("POST", "/v1/circles", `{"name":"</title><script>alert(1)</script>","description":"\" onload=\"x' -->"}`, ann.auth())
	s.want(http.StatusCreated, a)
	circle := a.Header.Get("Location")
	page := s.page(linkOf(circle)) + s.page(linkOf(s.post(ann, circle, `"/><img src=x onerror=alert(1)> {{.Title}} <!--/preview-->`)))
	for _, raw := range []string{"<script>", "<img", `onload="x`, "<!--/preview-->"} {
		if strings.Contains(page, raw) {
			t.Errorf("%q is markup in\n%s", raw, page)
		}
	}
	if !strings.Contains(page, "{{.Title}}") {
		t.Errorf("the text was filled in:\n%s", page)
	}
}

// A page that is closed to guests, one that is gone and one that never was are
// the same bytes.
func TestPreviewsTellNothingOfWhatIsClosed(t *testing.T) {
	t.Parallel()
	s := newLinkedSite(t, nil)
	ann := s.person("ann")
	circle := s.circle(ann)
	post := s.post(ann, circle, "a secret")
	gone := s.post(ann, circle, "a mistake")
	s.want(http.StatusNoContent, s.do("DELETE", gone, "", ann.auth()))
	open := s.page(linkOf(post))
	s.want(http.StatusCreated, s.do("POST", circle+"/rules", `{"rules":{"view":"user.age >= 18"}}`, ann.auth()))

	never := id.New()
	other := id.Post{Circle: never, Post: id.New()}.String()
	answers := map[string]reached{}
	for _, path := range []string{linkOf(circle), linkOf(post), linkOf(circle) + linkOf(post), linkOf(gone), "/circles/" + never.String(), "/posts/" + other, "/users/" + never.String(), "/circles/new"} {
		answers[path] = s.request("GET", path, asPage, ann.auth()) // who asks does not matter: previews are for all
	}
	for path, a := range answers {
		if a.StatusCode != 200 || string(a.body) != plainPage {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
		}
		for name := range a.Header {
			if got, want := a.Header.Get(name), answers["/circles/"+never.String()].Header.Get(name); got != want && name != "X-Request-Id" {
				t.Errorf("%s: %s is %q, of one that never was %q", path, name, got, want)
			}
		}
	}
	if !strings.Contains(open, "a secret") {
		t.Error("while it was open there was no preview")
	}
	s.refused(problem.NotFound, s.do("GET", "/sign-in", "", asCrawler))
	s.refused(problem.NotFound, s.do("GET", linkOf(circle), "", header{"Accept", "application/json"}))
}

// Where nobody said what our address is, only this machine's is believed.
func TestPreviewsBelieveNoHost(t *testing.T) {
	t.Parallel()
	s := newLinkedSite(t, func(o *Options) { o.PublicURL = "" })
	circle := linkOf(s.circle(s.person("ann")))
	for host, base := range map[string]string{"127.0.0.1:8080": "http://127.0.0.1:8080", "localhost:1": "http://localhost:1", "[::1]:8080": "http://[::1]:8080", "evil.example": "", "localhost.evil.example": ""} {
		a := s.requestAt(host, circle)
		got := strings.Contains(a, `"og:url" content="`+base+circle+`"`)
		if base == "" {
			got = !strings.Contains(a, "og:url") && !strings.Contains(a, "og:image") && !strings.Contains(a, "evil")
		}
		if !got || !strings.Contains(a, "Tea") {
			t.Errorf("asked as %s:\n%s", host, a)
		}
	}
}

func (s *site) requestAt(host, path string) string {
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+host+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.RemoteAddr = "192.0.2.1:1"
	return string(s.answer(r).body)
}

// A preview is not worth a queue: the page opens without one.
func TestPreviewsYieldToLoad(t *testing.T) {
	t.Parallel()
	limiter := refuseAll{}
	s := newLinkedSite(t, nil)
	circle := s.circle(s.person("ann"))
	server, err := build(Options{Feed: blocked{}, Web: pageWithHead})
	if err != nil {
		t.Fatal(err)
	}
	for range cap(server.reads.places) {
		server.reads.places <- struct{}{}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost"+linkOf(circle), nil)
	if err != nil {
		t.Fatal(err)
	}
	l, _ := linkedPage(linkOf(circle))
	if f := server.previewed(r, l); string(f.plain) != plainPage { // blocked{} would have panicked
		t.Errorf("under load:\n%s", f.plain)
	}
	for range cap(server.reads.places) {
		server.reads.leave()
	}
	server.Limiter = limiter
	if f := server.previewed(r, l); string(f.plain) != plainPage {
		t.Errorf("beyond the rate:\n%s", f.plain)
	}
	if n := len(server.reads.places); n != 0 {
		t.Errorf("%d places are kept", n)
	}
}

type blocked struct{ Feed }

type refuseAll struct{}

func (refuseAll) Allow(context.Context, string, ratelimit.Rate) (ratelimit.Decision, error) {
	return ratelimit.Decision{RetryAfter: time.Second}, nil
}

func TestPictureOfAPreview(t *testing.T) {
	t.Parallel()
	type urls struct {
		Screen string `json:"screen"`
	}
	type photo struct {
		URLs      urls   `json:"urls"`
		Sensitive bool   `json:"sensitive"`
		Review    string `json:"review"`
	}
	one, two := photo{URLs: urls{"/media/1"}, Review: "passed"}, photo{URLs: urls{"/media/2"}}
	veiled, asked := photo{URLs: urls{"/media/3"}, Sensitive: true}, photo{URLs: urls{"/media/4"}, Review: "pending"}
	for want, all := range map[string][][]photo{
		"/media/1": {{one}, {one, two}},
		"/media/2": {{two, one}},
		"":         {{}, nil, {veiled}, {one, veiled}, {asked}, {one, two, asked}},
	} {
		for _, photos := range all {
			if got, err := pictureOf(photos); got != want || err != nil {
				t.Errorf("%v: %q, %v", photos, got, err)
			}
		}
	}
	p := preview{Picture: "/media/1", Large: true}
	if p.place("https://a.example", "/posts/x"); p.Picture != "https://a.example/media/1" || !p.Large {
		t.Errorf("%+v", p)
	}
}
