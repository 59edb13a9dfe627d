package e2e

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
)

// fund sets what is in somebody's wallet, in fen.
func (s *server) fund(user string, fen int64) {
	s.t.Helper()
	s.do(request{method: "PUT", path: "/v1/dev/users/" + user, body: call{"balance": fen, "attributes": call{"birth_date": "1990-01-01"}}}, nil)
}

// visitor is a page and the one who is signed in there.
type visitor struct {
	*page
	person
}

// visitor opens a page for a new person who has so many fen.
func (b *browser) visitor(s *server, name string, fen int64, arguments call) visitor {
	b.t.Helper()
	p := b.open(name, s.url(), arguments)
	handle := strings.ToLower(name) + s.person().Handle[len("e2e"):] // not used before
	p.signUp(handle, name)
	var in struct {
		User  person
		Token string `json:"access_token"`
	}
	s.do(request{method: "POST", path: "/v1/auth/login", body: call{"handle": handle, "password": "correct horse " + handle}}, &in)
	s.fund(in.User.ID, fen)
	p.shows("wallet-link", "data-fen", strconv.FormatInt(fen, 10)) // which was told on the socket
	in.User.Token = in.Token
	return visitor{p, in.User}
}

func (p *page) text(testid string) (text string) {
	p.b.t.Helper()
	if err := json.Unmarshal(p.must("text", call{"testid": testid}), &text); err != nil {
		p.b.t.Fatal(err)
	}
	return text
}

func (p *page) focus() (testid string) {
	p.b.t.Helper()
	if err := json.Unmarshal(p.must("focused", nil), &testid); err != nil {
		p.b.t.Fatal(err)
	}
	return testid
}

// shows waits until an attribute of an element is so.
func (p *page) shows(testid, name, wanted string) {
	p.b.t.Helper()
	p.there(testid)
	p.until(testid+" "+name+" is "+wanted, func() bool { return p.attribute(testid, name) == wanted })
}

// wantNoOverflow fails when the page can be moved sideways.
func (p *page) wantNoOverflow() {
	p.b.t.Helper()
	if raw := p.must("overflow", nil); string(raw) != "0" {
		p.b.t.Errorf("%s: the page is %s pixels wider than the screen", p.name, raw)
	}
}

// A tip: the split before, the total on every screen after, the statement.
func TestTippingOnThePage(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	author := s.person()
	c := s.circle(author)
	made := s.post(author, c, "worth a coin")
	b := startBrowser(t)
	giver := b.visitor(s, "Giver", 10_000, nil)
	watcher := b.open("Watcher", s.url()+"/circles/"+c.ID, call{"width": 390, "height": 844, "locale": "zh-CN"}) // a guest
	watcher.there("post")
	watcher.until("it is connected", func() bool { return watcher.link() == "connected" })
	giver.must("goto", call{"url": s.url() + "/posts/" + made.ID})

	giver.there("tip-button")
	giver.must("press", call{"testid": "tip-button", "key": "Enter"})
	giver.there("tip-sheet")
	giver.must("choose", call{"testid": "tip-amount-520"})
	giver.shows("split-author", "data-fen", "468")
	giver.shows("split-platform", "data-fen", "52")
	giver.must("press", call{"key": "Escape"})
	giver.until("the focus is back on the coin", func() bool { return giver.count("tip-sheet") == 0 && giver.focus() == "tip-button" })

	giver.click("tip-button")
	giver.fill("tip-message", "for you 🪙")
	giver.click("tip-send")
	giver.there("tip-sent")
	if giver.focus() != "tip-done" {
		t.Errorf("after sending the focus is on %q", giver.focus())
	}
	giver.click("tip-done")
	for _, p := range []*page{giver.page, watcher} {
		p.shows("tip-total", "data-total", "520")
	}
	if text := watcher.text("tip-total"); text != "¥5.20" {
		t.Errorf("the total is written as %q", text)
	}
	watcher.wantNoOverflow()
	watcher.click("tips-open")
	watcher.there("tip")
	if text := watcher.text("tip-words"); text != "for you 🪙" {
		t.Errorf("the guest reads %q", text)
	}
	giver.shows("wallet-link", "data-fen", "9480")
	giver.click("wallet-link")
	giver.shows("wallet-balance", "data-fen", "9480")
	giver.until("the tip stands in the statement", func() bool {
		return giver.count("statement-line") == 2 && giver.attribute("statement-closing", "data-fen") == "9480"
	})
	giver.must("link", call{"path": "/posts/" + made.ID}) // it leads back
	giver.there("tip-total")
	watcher.must("press", call{"key": "Escape"})
	watcher.click("tip-button") // a guest is asked to sign in
	watcher.there("signin-form")
}

// A lost answer is asked for again, and pays once; one that stays lost is
// remembered over a reload.
func TestATipWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	author := s.person()
	c := s.circle(author)
	made := s.post(author, c, "unlucky")
	b := startBrowser(t)
	p := b.visitor(s, "Unlucky", 10_000, nil)
	p.offline = true // answers will be lost
	post := s.url() + "/posts/" + made.ID
	p.must("goto", call{"url": post})
	p.must("dropAnswers", call{"path": "/v1/posts/" + made.ID + "/tips", "times": 7})
	p.click("tip-button")
	p.must("choose", call{"testid": "tip-amount-188"})
	p.click("tip-send")
	p.there("tip-open") // after five lost answers it tells
	p.must("goto", call{"url": post})
	p.click("tip-button")
	p.there("tip-open")
	p.click("tip-send")
	p.there("tip-sent")
	p.shows("wallet-link", "data-fen", "9812")
	var tips struct{ Items []struct{ Amount int64 } }
	s.do(request{method: "GET", path: "/v1/posts/" + made.ID + "/tips"}, &tips)
	if len(tips.Items) != 1 || tips.Items[0].Amount != 188 {
		t.Errorf("the post has the tips %+v", tips.Items)
	}
}

// Not enough: the page says so, leads to the play bank and comes back, on a
// phone and in Chinese.
func TestToppingUpOnThePage(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	author := s.person()
	c := s.circle(author)
	made := s.post(author, c, "too dear")
	b := startBrowser(t)
	p := b.visitor(s, "Poor", 200, call{"width": 360, "height": 740, "locale": "zh-CN"})
	p.must("goto", call{"url": s.url() + "/posts/" + made.ID})
	p.shows("wallet-link", "data-fen", "200")
	p.click("tip-button")
	p.must("choose", call{"testid": "tip-amount-520"})
	p.there("tip-missing")
	if text := p.text("tip-missing"); !strings.Contains(text, "余额不足") || !strings.Contains(text, "¥3.20") {
		t.Errorf("it says %q", text)
	}
	p.wantNoOverflow()
	p.click("tip-topup")
	p.there("topup-sheet")
	p.wantNoOverflow()
	p.click("topup-send")
	p.must("button", call{"name": "action", "value": "pay"})
	p.must("link", call{"path": "/wallet?topup="})
	p.shows("topup", "data-status", "paid")
	p.shows("wallet-balance", "data-fen", "520")
	p.shows("statement-closing", "data-fen", "520")
	p.wantNoOverflow()

	p.click("withdraw-open")
	p.fill("withdraw-amount-own", "１.2") // a digit of full width
	p.click("withdraw-send")
	p.shows("withdrawal", "data-status", "paid")
	p.must("press", call{"key": "Escape"})
	p.shows("wallet-balance", "data-fen", "400")

	p.must("goto", call{"url": s.url() + "/posts/" + made.ID})
	p.click("tip-button")
	for _, amount := range []string{"1e2", "5,20", "0", "5.200", "200.01"} {
		p.fill("tip-amount-own", amount)
		p.until(amount+" is refused", func() bool { return p.count("tip-amount-fault") == 1 })
	}
	p.fill("tip-amount-own", "3.99")
	p.until("an amount is taken", func() bool { return p.count("tip-amount-fault") == 0 })
	p.click("tip-send")
	p.there("tip-sent")
	p.shows("wallet-link", "data-fen", "1")
}

// Terms: an owner proposes, the partner signs, and tips are shared so.
func TestSigningTermsOnThePage(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	b := startBrowser(t)
	owner := b.visitor(s, "Owner", 0, nil)
	partner := b.visitor(s, "Partner", 0, nil)
	c := s.circle(owner.person)
	there := call{"url": s.url() + "/circles/" + c.ID}
	s.do(request{method: "PUT", path: "/v1/circles/" + c.ID + "/members/" + partner.ID, token: owner.Token, body: call{"role": "partner"}}, nil)
	owner.must("goto", there)

	owner.click("terms-open")
	owner.fill("terms-author", "80")
	owner.fill("terms-partner", "12.34")
	owner.fill("terms-partner-id", s.url()+"/users/"+partner.ID)
	owner.click("terms-sign")
	owner.there("terms-pending")
	partner.must("goto", there)
	partner.click("terms-sign-pending")
	partner.shows("circle-terms", "data-version", "1")
	if text := partner.text("circle-terms"); !strings.Contains(text, "80%") || !strings.Contains(text, "12.34%") || !strings.Contains(text, "7.66%") {
		t.Errorf("the terms are %q", text)
	}
}
