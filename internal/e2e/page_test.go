package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// browser is a headless Chromium; it ends with its test.
type browser struct {
	*node
	pages []*page
}

// page is a page in a context of its own, as on another machine.
type page struct {
	b       *browser
	name    string
	offline bool // it once was
}

// shownPost is a post as a page shows it.
type shownPost struct {
	ID, Text        string
	Elements        int // within the text
	Likes, Comments int
}

func (p shownPost) String() string {
	return fmt.Sprintf("%s %q: %d likes, %d comments", p.ID, p.Text, p.Likes, p.Comments)
}

func startBrowser(t testing.TB) *browser {
	t.Helper()
	needModule(t, "playwright-core")
	path := os.Getenv("CHROMIUM")
	if path == "" {
		path = needTool(t, "chromium")
	}
	b := &browser{node: startNode(t, "browser/driver.mjs", func([]byte) {}, "CHROMIUM="+path)}
	t.Cleanup(func() { // before the browser ends
		for _, p := range b.pages {
			p.wantNoFaults()
		}
		if t.Failed() {
			b.keepScreenshots()
		}
	})
	return b
}

// keepScreenshots shows what the pages looked like, and heard, when the test
// failed.
func (b *browser) keepScreenshots() {
	dir, err := filepath.Abs(filepath.Join(repository, "bin", "e2e"))
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	for _, p := range b.pages {
		path := filepath.Join(dir, strings.ReplaceAll(b.t.Name()+" "+p.name, "/", "_")+".png")
		if err == nil {
			_, err = b.call("screenshot", p.name, call{"path": path})
		}
		b.t.Logf("%s looked like %s (%v)", p.name, path, err)
		var frames []string
		if raw, err := b.call("lastFrames", p.name, nil); err == nil && json.Unmarshal(raw, &frames) == nil {
			b.t.Logf("the last frames on its sockets:\n%s", strings.Join(frames, "\n"))
		}
	}
}

// open opens a page. arguments are the size and language.
func (b *browser) open(name, url string, arguments call) *page {
	b.t.Helper()
	p := &page{b: b, name: name}
	args := call{"url": url}
	for k, v := range arguments {
		args[k] = v
	}
	p.must("open", args)
	b.pages = append(b.pages, p)
	return p
}

func (p *page) must(do string, args call) json.RawMessage {
	p.b.t.Helper()
	ok, err := p.b.call(do, p.name, args)
	if err != nil {
		p.b.t.Fatalf("%s: %s %v: %v", p.name, do, args, err)
	}
	return ok
}

func (p *page) click(testid string) { p.b.t.Helper(); p.must("click", call{"testid": testid}) }
func (p *page) fill(testid, value string) {
	p.b.t.Helper()
	p.must("fill", call{"testid": testid, "value": value})
}
func (p *page) there(testid string) { p.b.t.Helper(); p.must("there", call{"testid": testid}) }

// signUp makes an account with the form.
func (p *page) signUp(handle, name string) {
	p.b.t.Helper()
	p.click("signup-link")
	p.fill("display-name", name)
	p.fill("handle", handle)
	p.fill("password", "correct horse "+handle)
	p.click("submit")
	p.there("me-link")
}

// write posts with the composer.
func (p *page) write(text string) {
	p.b.t.Helper()
	p.fill("composer-text", text)
	p.click("composer-send")
	p.until("it shows its own post", func() bool { return p.find(text) != nil })
}

func (p *page) like(post shownPost) {
	p.b.t.Helper()
	p.must("click", call{"testid": "like-button", "post": post.ID})
}

func (p *page) posts() (all []shownPost) {
	p.b.t.Helper()
	if err := json.Unmarshal(p.must("posts", nil), &all); err != nil {
		p.b.t.Fatal(err)
	}
	return all
}

// find returns the post with this text, if the page shows it.
func (p *page) find(text string) *shownPost {
	p.b.t.Helper()
	for _, each := range p.posts() {
		if each.Text == text {
			return &each
		}
	}
	return nil
}

// showNews brings the posts that wait above the screen.
func (p *page) showNews() {
	p.b.t.Helper()
	if p.count("new-posts-pill") > 0 {
		p.click("new-posts-pill")
	}
}

func (p *page) count(testid string) (n int) {
	p.b.t.Helper()
	if err := json.Unmarshal(p.must("count", call{"testid": testid}), &n); err != nil {
		p.b.t.Fatal(err)
	}
	return n
}

// link is what the page says of its connection.
func (p *page) link() string { p.b.t.Helper(); return p.attribute("connection-state", "data-state") }

func (p *page) attribute(testid, name string) (value string) {
	p.b.t.Helper()
	if err := json.Unmarshal(p.must("attribute", call{"testid": testid, "name": name}), &value); err != nil {
		p.b.t.Fatal(err)
	}
	return value
}

// until waits until the page is so.
func (p *page) until(wanted string, is func() bool) {
	p.b.t.Helper()
	for deadline := time.Now().Add(patience); !is(); {
		if time.Now().After(deadline) {
			p.b.t.Fatalf("%s: not within %s: %s. It shows %v", p.name, patience, wanted, p.posts())
		}
		<-time.After(5 * pollEvery)
	}
}

// wantNoFaults fails for errors, warnings and refusals of the content policy
// in the console; what a browser says of a network that is gone is no fault.
func (p *page) wantNoFaults() {
	p.b.t.Helper()
	var faults []string
	raw := p.must("seenFaults", nil)
	if err := json.Unmarshal(raw, &faults); err != nil {
		p.b.t.Fatal(err)
	}
	for _, f := range faults {
		gone := strings.Contains(f, "net::ERR_") || strings.Contains(f, "WebSocket connection to")
		if !p.offline || !gone {
			p.b.t.Errorf("%s: in the console: %s", p.name, f)
		}
	}
}
