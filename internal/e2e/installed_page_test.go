package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// Every page obeys the content policy; what breaks it is a fault of the page,
// which the end of the test looks for.
func TestPagesObeyTheContentPolicy(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	founder := s.person()
	c := s.circle(founder)
	post := s.post(founder, c, "hello")
	b := startBrowser(t)
	p := b.open("Pat", s.url(), call{"worker": true, "refused": []string{"/v1/"}}) // who has no score yet is told so
	public := []string{"/", "/circles", "/circles?sort=new", "/circles/" + c.ID, "/posts/" + post.ID, "/users/" + founder.ID, "/signin", "/signup", "/settings", "/nothing/at/all", "/docs"}
	own := []string{"/me", "/me/verifications", "/me/contacts", "/credit", "/wallet", "/circles/new", "/circles/" + c.ID + "/rules"}
	visit := func(paths []string) {
		for _, path := range paths {
			p.must("goto", call{"url": s.url() + path})
			p.until(path+" is drawn", func() bool {
				return p.evaluate(`document.querySelector('h1, h2, form, [data-testid=post]') !== null`) == "true"
			})
		}
	}
	visit(public)
	p.must("goto", call{"url": s.url()})
	p.signUp("pat_"+founder.Handle[len(founder.Handle)-9:], "Pat")
	visit(append(own, public...))
	p.must("goto", call{"url": s.url() + "/settings"})
	for _, choice := range []string{"theme-dark", "language-zh", "theme-system"} {
		p.must("choose", call{"testid": choice})
	}
	p.until("it speaks Chinese", func() bool { return p.evaluate(`document.documentElement.lang`) == `"zh-CN"` })

	// The policy is there, and it bites: an inline script and style of somebody else do nothing.
	probe := b.open("probe", s.url(), nil)
	b.pages = b.pages[:len(b.pages)-1] // its faults are wanted
	done := probe.evaluate(`(() => {
		const script = document.createElement('script')
		try { script.textContent = 'window.pwned = true' } catch { }
		document.head.append(script)
		try { document.body.innerHTML = '<img src=x onerror="window.pwned = true">' } catch (e) { window.refused = e.name }
		document.documentElement.setAttribute('style', 'color: red')
		return [window.pwned === true, window.refused, document.documentElement.style.color]
	})()`)
	if done != `[false,"TypeError",""]` {
		t.Errorf("what was injected did %s", done)
	}
}

func TestInstalledPage(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	founder := s.person()
	c := s.circle(founder)
	s.post(founder, c, "a post")
	b := startBrowser(t)
	p := b.open("Ines", s.url(), call{"worker": true, "width": 390, "height": 844})
	p.must("controlled", nil)
	checkManifest(t, s, p)

	// Without a network the page opens, also where it has not been, and says so.
	p.offline = true
	p.must("offline", call{"away": true})
	for _, path := range []string{"/", "/circles/" + c.ID, "/settings"} {
		p.must("goto", call{"url": s.url() + path})
		p.there("language-switch")
		p.until(path+" says that it is offline", func() bool { return p.link() == "offline" })
	}
	if n := p.count("post"); n != 0 {
		t.Errorf("%d posts are shown without a network", n)
	}
	kept := p.evaluate(`caches.keys().then((names) => Promise.all(names.map((n) => caches.open(n).then((c) => c.keys())))).then((all) => all.flat().map((r) => new URL(r.url).pathname))`)
	if strings.Contains(kept, "/v1/") || strings.Contains(kept, "/media/") || !strings.Contains(kept, "/index.html") {
		t.Errorf("the service worker keeps %s", kept)
	}
	p.must("offline", call{"away": false})
	p.must("goto", call{"url": s.url() + "/circles/" + c.ID})
	p.there("post")
}

// checkManifest holds the page to what a browser wants before it installs it.
func checkManifest(t *testing.T, s *server, p *page) {
	t.Helper()
	var said struct {
		Data   string
		Errors []string
	}
	if err := json.Unmarshal(p.must("manifest", nil), &said); err != nil {
		t.Fatal(err)
	}
	var m struct {
		Name      string
		ShortName string `json:"short_name"`
		Display   string
		Icons     []struct{ Src, Sizes, Type, Purpose string }
	}
	if err := json.Unmarshal([]byte(said.Data), &m); err != nil {
		t.Fatal(err)
	}
	for _, e := range said.Errors {
		if e != "in-incognito" { // as every browser of a test is
			t.Errorf("the browser says of the manifest: %s", e)
		}
	}
	if m.Name != "Life Circle" || m.ShortName == "" || m.Display != "standalone" || len(m.Icons) < 3 {
		t.Errorf("the manifest: %+v", m)
	}
	for _, icon := range m.Icons {
		res, err := web.Get(s.url() + icon.Src)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != icon.Type || len(content) == 0 {
			t.Errorf("%s: %d %s, %d bytes, %v", icon.Src, res.StatusCode, res.Header.Get("Content-Type"), len(content), err)
		}
	}
}

// A new version is offered while somebody writes, and taken when he wants it.
func TestNewVersionOfThePage(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	founder := s.person()
	upstream, err := url.Parse(s.url())
	if err != nil {
		t.Fatal(err)
	}
	var newer atomic.Bool
	front := httputil.NewSingleHostReverseProxy(upstream)
	front.ModifyResponse = func(res *http.Response) error {
		if res.Request.URL.Path == "/sw.js" && newer.Load() && res.StatusCode == http.StatusOK {
			res.Body = struct {
				io.Reader
				io.Closer
			}{io.MultiReader(res.Body, strings.NewReader("\n// newer\n")), res.Body}
			res.ContentLength = -1
			res.Header.Del("Content-Length")
			res.Header.Del("ETag")
		}
		return nil
	}
	strip := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/sw.js" { // as it is: something is added to it
			r.Header.Del("Accept-Encoding")
			r.Header.Del("If-None-Match")
		}
		front.ServeHTTP(w, r)
	})
	site := httptest.NewServer(strip)
	t.Cleanup(site.Close)
	b := startBrowser(t)
	p := b.open("Nora", site.URL, call{"worker": true})
	p.must("controlled", nil)
	p.must("goto", call{"url": site.URL + "/signup"})
	p.fill("handle", "nora_"+founder.Handle[len(founder.Handle)-9:])
	if n := p.count("new-version-take"); n != 0 {
		t.Fatal("a first version is called new")
	}
	newer.Store(true)
	p.evaluate(`navigator.serviceWorker.ready.then((r) => r.update()).then(() => 0)`)
	p.there("new-version-take")
	if typed := p.evaluate(`document.querySelector('[data-testid=handle]').value`); !strings.Contains(typed, "nora_") {
		t.Errorf("what was typed is now %s", typed)
	}
	p.evaluate(`(window.before = true)`)
	p.must("clickToLoad", call{"testid": "new-version-take"})
	if p.evaluate(`window.before === undefined`) != "true" {
		t.Error("the page was not loaded again")
	}
	p.there("handle")
	if n := p.count("new-version-take"); n != 0 {
		t.Error("the new version offers itself")
	}
}
