package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// cookie is one that a browser holds.
type cookie struct {
	Name, Value, Path, SameSite string
	HTTPOnly                    bool `json:"httpOnly"`
}

// session returns the cookie of a page's session.
func (p *page) session() cookie {
	p.b.t.Helper()
	var all []cookie
	if err := json.Unmarshal(p.must("cookies", nil), &all); err != nil {
		p.b.t.Fatal(err)
	}
	if len(all) != 1 {
		p.b.t.Fatalf("%s holds the cookies %+v", p.name, all)
	}
	return all[0]
}

func (p *page) evaluate(script string) string {
	p.b.t.Helper()
	return string(p.must("evaluate", call{"script": script}))
}

// tab opens another tab of the same browser.
func (b *browser) tab(name, url string, beside *page) *page {
	b.t.Helper()
	p := &page{b: b, name: name, offline: beside.offline}
	p.must("tab", call{"url": url, "beside": beside.name})
	b.pages = append(b.pages, p)
	return p
}

const stored = `JSON.stringify({...localStorage, ...sessionStorage}) + document.cookie`

// Tabs of one browser share a session whose token none of them can read; and a
// page that is left while its token is being traded is signed in afterwards.
func TestTabsShareASession(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	handle := s.person().Handle
	b := startBrowser(t)
	one := b.open("one", s.url(), call{"refused": []string{"/v1/auth"}})
	one.signUp("tabs"+handle[len(handle)-9:], "Tess")
	first := one.session()
	if !first.HTTPOnly || first.SameSite != "Strict" || first.Path != "/v1/auth" || !strings.HasPrefix(first.Name, "lifecircle_session_") {
		t.Errorf("the session's cookie is %+v", first)
	}
	if kept := one.evaluate(stored); strings.Contains(strings.ToLower(kept), "token") || strings.Contains(kept, first.Value) || strings.Contains(kept, "eyJ") {
		t.Errorf("scripts can read %s", kept)
	}
	two := b.tab("two", s.url()+"/me", one)
	two.there("profile-form")
	one.must("reloadWith", call{"beside": "two", "times": 12})
	for _, p := range []*page{one, two} {
		p.must("goto", call{"url": s.url() + "/me"})
		p.there("profile-form")
		p.until("it is connected", func() bool { return p.link() == "connected" })
	}
	if one.session().Value == first.Value {
		t.Error("the token was never traded")
	}

	one.must("goto", call{"url": s.url() + "/settings"})
	one.click("signout-everywhere")
	one.click("signout-everywhere-confirm")
	one.there("signin-link")
	two.there("signin-form") // where a page that takes an account leads
	var left []cookie
	if err := json.Unmarshal(one.must("cookies", nil), &left); err != nil || len(left) != 0 {
		t.Errorf("after signing out: %v %v", left, err)
	}
}

// A sign-out without network is told when the network is back.
func TestSignOutWithoutNetwork(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	handle := s.person().Handle
	b := startBrowser(t)
	p := b.open("Sue", s.url(), nil)
	p.signUp("sue_"+handle[len(handle)-9:], "Sue")
	p.must("goto", call{"url": s.url() + "/settings"})
	p.there("signout")
	token := p.session()
	p.offline = true
	p.must("offline", call{"away": true})
	p.click("signout")
	p.there("signin-link")
	if p.session() != token {
		t.Error("the cookie changed without a network")
	}
	p.must("offline", call{"away": false})
	p.until("the server has ended the session", func() bool { return string(p.must("cookies", nil)) == "[]" })
}

// attack is what a page of another origin can try with the cookie of ours. It
// is on the same site (ports do not tell sites apart), so the cookie is sent.
const attack = `(async () => {
	const target = %q
	const tried = []
	const attempt = async (what, options) => {
		const how = { method: 'POST', credentials: 'include', body: '{}', ...options }
		const got = await fetch(target + what, how).then((r) => r.type + ' ' + r.status, () => 'refused')
		tried.push(what + ': ' + got)
	}
	for (const what of ['/v1/auth/refresh', '/v1/auth/logout']) {
		await attempt(what, { mode: 'no-cors', headers: { 'Content-Type': 'text/plain' } })
		await attempt(what, { headers: { 'Content-Type': 'application/json', 'X-Lifecircle-Session': 'cookie' } })
		const frame = Object.assign(document.createElement('iframe'), { name: 'answer' })
		const form = Object.assign(document.createElement('form'), { action: target + what, method: 'post', enctype: 'text/plain', target: 'answer' })
		form.append(Object.assign(document.createElement('input'), { name: '{"a":"', value: '"}' }))
		document.body.append(frame, form)
		await new Promise((done) => { frame.onload = done; form.submit() })
		frame.remove()
	}
	return tried
})()`

func TestForeignPageCannotUseTheSession(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	handle := s.person().Handle
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, "<!doctype html><title>free tea</title>")
	}))
	t.Cleanup(evil.Close)
	b := startBrowser(t)
	victim := b.open("victim", s.url(), nil)
	victim.signUp("vic_"+handle[len(handle)-9:], "Vic")
	victim.there("me-link")
	token := victim.session()

	foreign := &page{b: b, name: "evil"} // whose faults are its own: it is not among the pages that are judged
	foreign.must("tab", call{"url": evil.URL, "beside": "victim"})
	tried := foreign.evaluate(fmt.Sprintf(attack, s.url()))
	if strings.Contains(tried, "cors 2") || strings.Contains(tried, "basic") || strings.Count(tried, "refused") != 2 {
		t.Errorf("the attack was answered: %s", tried)
	}
	if got := victim.session(); got != token {
		t.Errorf("the attack changed the session from %+v to %+v", token, got)
	}
	victim.must("goto", call{"url": s.url() + "/me"})
	victim.there("profile-form")
}
