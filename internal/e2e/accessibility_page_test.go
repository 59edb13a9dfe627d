package e2e

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lifecircle/internal/demo"
)

//go:embed browser/audit.js
var auditScript string

// audited is what browser/audit.js finds on a screen.
type audited struct {
	Path, Title string
	Paper       string   // the colour of the ground
	Headings    int      // of the first level
	Violations  []string // that axe found
	Foreign     []string // words of the client in another language than the reader's
	Wide        []string // what makes the page scroll sideways
}

// look is a screen to audit, and what is pressed there first.
type look struct {
	path string
	open []string // test ids
}

// axe brings axe-core and the audit into a page; they stay until it is loaded anew.
func (p *page) axe() {
	p.b.t.Helper()
	needModule(p.b.t, "axe-core")
	source, err := os.ReadFile(filepath.Join(repository, "static/node_modules/axe-core/axe.min.js"))
	if err != nil {
		p.b.t.Fatal(err)
	}
	p.evaluate(string(source) + "\n;true")
	p.evaluate(auditScript)
}

// reader is who looks at the screens, and how.
type reader struct {
	language, scheme string
	width, height    int
	names            []string // of people, which are in any language
}

var papers = map[string]string{"light": "rgb(238, 242, 239)", "dark": "rgb(15, 21, 19)"}

// audit judges one screen.
func (p *page) audit(l look, r reader) {
	p.b.t.Helper()
	known, err := json.Marshal(r.names)
	if err != nil {
		p.b.t.Fatal(err)
	}
	find := func(path string) (a audited) {
		if err := json.Unmarshal([]byte(p.evaluate(fmt.Sprintf("audit(%q, %q, %s)", path, r.language, known))), &a); err != nil {
			p.b.t.Fatal(err)
		}
		return a
	}
	var a audited
	if len(l.open) == 0 {
		a = find(l.path)
	} else {
		p.evaluate(fmt.Sprintf("history.pushState(null, '', %q); dispatchEvent(new PopStateEvent('popstate'))", l.path))
		for _, testid := range l.open {
			p.click(testid)
		}
		a = find("")
		p.must("key", call{"key": "Escape"})
	}
	name := fmt.Sprintf("%s: %s %s", p.name, a.Path, strings.Join(l.open, " "))
	if a.Paper != papers[r.scheme] {
		p.b.t.Errorf("%s: the ground is %s, and should be %s", name, a.Paper, r.scheme)
	}
	if a.Headings != 1 {
		p.b.t.Errorf("%s has %d headings of the first level", name, a.Headings)
	}
	if l.path != "/" && !strings.Contains(a.Title, "·") {
		p.b.t.Errorf("%s: the window is called %q", name, a.Title)
	}
	for what, found := range map[string][]string{"axe": a.Violations, "not in " + r.language: a.Foreign, "too wide": a.Wide} {
		for _, f := range found {
			p.b.t.Errorf("%s: %s: %s", name, what, f)
		}
	}
}

// screens are all of the client's, for somebody who owns a circle.
func screens(owned circle, of person, written post) []look {
	c := "/circles/" + owned.ID
	return []look{
		{path: "/"},
		{path: "/circles"},
		{path: "/circles/new"},
		{path: c},
		{path: c + "/rules"},
		{path: "/posts/" + written.ID},
		{path: "/users/" + of.ID},
		{path: "/me"},
		{path: "/settings"},
		{path: "/wallet"},
		{path: "/credit"},
		{path: "/me/verifications"},
		{path: "/me/contacts"},
	}
}

// sheets are what opens over the screens.
func sheets(owned circle) []look {
	c := "/circles/" + owned.ID
	return []look{
		{c, []string{"circle-about", "members-open"}}, {c, []string{"terms-open"}}, {"/wallet", []string{"topup-open"}},
	}
}

// All screens, as people of both languages see and hear them by day and by
// night, on a small phone and on a wide screen.
func TestAccessibility(t *testing.T) {
	t.Parallel()
	s := start(t, settings{args: []string{"--demo"}})
	lin, mei := s.signIn("lin"), s.signIn("mei")
	var owned circle
	s.do(request{method: "POST", path: "/v1/circles", token: lin.Token, body: call{
		"name": "Night walks 夜行", "description": "Along the river, once a week.", "category": "outdoors", "tags": []string{"river", "散步"},
		"rules": call{"comment": "user.student || user.credit >= 900", "tip": "user.credit >= 950"},
	}}, &owned)
	s.do(request{method: "PUT", path: "/v1/circles/" + owned.ID + "/members/" + mei.ID, token: lin.Token, body: call{"role": "partner"}}, nil)
	written := s.post(lin, owned, "Tonight at nine, by the old bridge. https://here.test/a/rather/long/address/that/has/no/place/to/break #river")
	s.do(request{method: "POST", path: "/v1/posts/" + written.ID + "/comments", token: lin.Token, body: call{"text": "我来！"}}, nil)
	member, guest := screens(owned, mei, written), []look{
		{path: "/"},
		{path: "/circles"},
		{path: "/circles/" + owned.ID},
		{path: "/posts/" + written.ID},
		{path: "/users/" + lin.ID},
		{path: "/signin"},
		{path: "/signup"},
		{path: "/settings"},
		{path: "/nothing/here"},
	}
	names := []string{s.nameOf(lin), s.nameOf(mei)}
	for name, as := range map[string]struct {
		reader
		login string
		looks []look
	}{
		"member by night on a phone":      {reader{"zh", "dark", 360, 740, names}, "lin", append(member, sheets(owned)...)},
		"member by day on a wide screen":  {reader{"en", "light", 1280, 900, names}, "lin", member},
		"guest by night on a wide screen": {reader{"en", "dark", 1280, 900, names}, "", guest},
		"guest by day on a phone":         {reader{"zh", "light", 360, 740, names}, "", guest},
	} {
		t.Run(name, func(t *testing.T) {
			p := startBrowser(t).reading(s, as.reader, as.login)
			p.axe()
			for _, l := range as.looks {
				p.audit(l, as.reader)
			}
		})
	}
}

// nameOf is what somebody is called on the screens.
func (s *server) nameOf(p person) string {
	s.t.Helper()
	var shown struct {
		Name string `json:"display_name"`
	}
	s.do(request{method: "GET", path: "/v1/users/" + p.ID}, &shown)
	return shown.Name
}

// reading opens a page for a reader, signed in if there is a login.
func (b *browser) reading(s *server, r reader, login string) *page {
	b.t.Helper()
	locale := map[string]string{"en": "en-GB", "zh": "zh-CN"}[r.language]
	p := b.open("reader", s.url()+"/signin", call{
		"width": r.width, "height": r.height, "locale": locale, "scheme": r.scheme,
		"refused": []string{"/v1/me/contacts/"}, // 404: there is nothing between two people
	})
	if login != "" {
		p.fill("handle", login)
		p.fill("password", demo.Password)
		p.click("submit")
		p.there("me-link")
	}
	return p
}

// tabbed is what has the focus after a press of Tab.
type tabbed struct {
	Name    string // its text or label
	Visible bool   // something around it shows that it has the focus
	OnPage  bool   // within the screen
	Around  bool   // the end was passed: the browser itself has it
}

const focusScript = `(() => {
	const at = document.activeElement
	const r = at.getBoundingClientRect()
	const ring = [at, at.nextElementSibling, at.closest('article'), at.parentElement]
	return {
		name: (at.getAttribute('aria-label') ?? at.textContent).trim().slice(0, 60),
		visible: ring.some((e) => e !== null && getComputedStyle(e).outlineStyle !== 'none' && parseFloat(getComputedStyle(e).outlineWidth) > 0),
		around: at === document.body,
		onPage: r.bottom > 0 && r.top < innerHeight,
	}
})()`

const tabs = 18 // presses of Tab on a screen

// The focus is always to be seen, and the first stop leads past the bar.
func TestFocusOnThePages(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	b := startBrowser(t)
	who := b.visitor(s, "Tab", 0, call{"width": 360, "height": 740})
	c := s.circle(who.person)
	s.post(who.person, c, "A post to go through by keyboard. #keys")
	for _, path := range []string{"/", "/circles", "/circles/" + c.ID, "/users/" + who.ID, "/me", "/settings", "/wallet"} {
		who.must("goto", call{"url": s.url() + path})
		who.there("me-link")
		who.until("there is a heading", func() bool { return who.evaluate("document.querySelector('main h1') !== null") == "true" })
		for i := range tabs {
			who.must("key", call{"key": "Tab"})
			var at tabbed
			if err := json.Unmarshal([]byte(who.evaluate(focusScript)), &at); err != nil {
				t.Fatal(err)
			}
			if i == 0 && at.Name != "Skip to content" {
				t.Errorf("%s: the first stop is %q", path, at.Name)
			}
			if !at.Around && (!at.Visible || !at.OnPage) {
				t.Errorf("%s: stop %d: the focus on %q is not to be seen: %+v", path, i+1, at.Name, at)
			}
		}
	}
	who.must("goto", call{"url": s.url() + "/settings"})
	who.there("settings")
	who.must("key", call{"key": "Tab"})
	who.must("key", call{"key": "Enter"})
	who.must("key", call{"key": "Tab"})
	if who.evaluate("document.activeElement.closest('main') !== null") != "true" {
		t.Errorf("the link past the bar leads to %s", who.evaluate("document.activeElement.outerHTML"))
	}
}
