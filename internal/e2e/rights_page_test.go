package e2e

import (
	"encoding/json"
	"strings"
	"testing"
)

// rate sets somebody's score.
func (s *server) rate(user string, score int) {
	s.t.Helper()
	s.do(request{method: "PUT", path: "/v1/dev/users/" + user, body: call{"score": score}}, nil)
}

// ruled makes a circle with rules.
func (s *server) ruled(p person, rules call) circle {
	s.t.Helper()
	var made circle
	s.do(request{method: "POST", path: "/v1/circles", token: p.Token, body: call{
		"name": s.t.Name()[:min(len(s.t.Name()), 60)], "description": "For tests", "category": "other", "rules": rules,
	}}, &made)
	return made
}

func (p *page) gone(testid string) {
	p.b.t.Helper()
	p.until("there is no "+testid, func() bool { return p.count(testid) == 0 })
}

// value is what stands in a field.
func (p *page) value(testid string) (value string) {
	p.b.t.Helper()
	if err := json.Unmarshal(p.must("value", call{"testid": testid}), &value); err != nil {
		p.b.t.Fatal(err)
	}
	return value
}

func (p *page) disabled(testid string) (is bool) {
	p.b.t.Helper()
	if err := json.Unmarshal(p.must("disabled", call{"testid": testid}), &is); err != nil {
		p.b.t.Fatal(err)
	}
	return is
}

// At 750 a page says why there is no comment, what is enough and where to get
// it; at 751 it can be written, in the box that is open, and at 750 no more,
// with the text kept.
func TestACommentThatTakesAScoreOnThePage(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	author := s.person()
	c := s.ruled(author, call{"comment": "user.credit > 750"})
	made := s.post(author, c, "for the trusted")
	b := startBrowser(t)
	p := b.visitor(s, "Almost", 0, call{"width": 390, "height": 844})
	s.rate(p.ID, 750)
	p.must("goto", call{"url": s.url() + "/posts/" + made.ID})
	p.there("refusal")
	if p.attribute("refusal", "data-action") != "comment" || p.count("comment-text") != 0 {
		t.Error("the page offers a box to who may not comment")
	}
	for _, said := range []string{"a score above 750", "Yours is 750.", "1 point to go."} {
		if text := p.text("refusal"); !strings.Contains(text, said) {
			t.Errorf("it says %q, and not %q", text, said)
		}
	}
	p.click("language-switch")
	p.until("it says so in Chinese", func() bool { return strings.Contains(p.text("refusal"), "还差 1 分。") })
	p.click("language-switch")
	p.wantNoOverflow()

	s.rate(p.ID, 751)
	p.there("comment-text")
	p.gone("refusal")
	p.fill("comment-text", "at last")
	s.rate(p.ID, 750)
	p.there("refusal")
	if text := p.value("comment-text"); text != "at last" {
		t.Errorf("what was written is lost with the right: %q", text)
	}
	p.must("press", call{"testid": "comment-text", "key": "Control+Enter"})
	if !p.disabled("comment-send") || p.count("comment-body") != 0 {
		t.Error("the page would send what may not be said")
	}
	s.rate(p.ID, 700)
	p.until("it says the new score", func() bool { return strings.Contains(p.text("refusal"), "Yours is 700.") })
	if text := p.value("comment-text"); text != "at last" || !p.disabled("comment-send") {
		t.Errorf("at 700 the box holds %q", text)
	}
	s.rate(p.ID, 751)
	p.gone("refusal")
	p.click("comment-send")
	p.there("comment-body")
	if text := p.text("comment-body"); text != "at last" {
		t.Errorf("the comment says %q", text)
	}

	s.rate(p.ID, 700)
	p.click("refusal-credit")
	p.shows("credit", "data-score", "700")
	p.there("way")
	p.wantNoOverflow()
}

// An owner looks at whom rules shut out before they hold; readers' open pages
// know them at once, and a fault is shown at its place.
func TestRulesOnThePage(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	b := startBrowser(t)
	owner := b.visitor(s, "Ruler", 0, call{"refused": []string{"/v1/circles/"}})
	c := s.circle(owner.person)
	made := s.post(owner.person, c, "before the rules")
	fan := b.visitor(s, "Fan", 0, call{"width": 360, "height": 740, "locale": "zh-CN"})
	s.do(request{method: "PUT", path: "/v1/circles/" + c.ID + "/follow", token: fan.Token}, nil)
	fan.must("goto", call{"url": s.url() + "/circles/" + c.ID})
	fan.must("click", call{"testid": "comment-toggle", "post": made.ID})
	fan.there("comment-text")

	owner.must("goto", call{"url": s.url() + "/circles/" + c.ID})
	owner.click("rules-edit")
	owner.fill("rule-comment", "user.credit >> 750")
	owner.click("rules-look")
	owner.shows("rule-fault", "data-column", "14")
	owner.fill("rule-comment", "user.credit > 750")
	owner.gone("rule-fault")
	owner.click("rules-look")
	owner.shows("preview-comment", "data-followers", "1")
	owner.click("rules-save")
	owner.there("notice")
	owner.must("goto", call{"url": s.url() + "/circles/" + c.ID})
	owner.shows("circle-rules", "data-version", "1")

	fan.there("refusal")
	fan.there("circle-rules")
	if text := fan.text("circle-rules"); !strings.Contains(text, "信用分高于 750") {
		t.Errorf("the circle says %q", text)
	}
	fan.wantNoOverflow()

	owner.click("rules-edit")
	owner.must("choose", call{"testid": "template-open"})
	owner.click("rules-look")
	owner.there("rules-preview")
	owner.click("rules-save")
	fan.gone("refusal")
	fan.there("comment-text")
}

// A school is verified at the authority's page, and what it opens is open.
func TestVerifyingOnThePage(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	author := s.person()
	c := s.ruled(author, call{"post": `user.student_of == "Tsinghua University"`})
	b := startBrowser(t)
	p := b.visitor(s, "Student", 0, call{"width": 390, "height": 844, "scheme": "dark"})
	there := call{"url": s.url() + "/circles/" + c.ID}
	p.must("goto", there)
	p.click("refusal-verify")
	p.shows("verifications", "data-level", "0")
	p.wantNoOverflow()
	p.fill("verification-of-student", "Tsinghua University")
	p.click("verify-student")
	p.must("button", call{"name": "action", "value": "refuse"})
	p.must("goto", call{"url": s.url() + "/me/verifications"})
	p.shows("verification-student", "data-status", "refused")
	p.shows("verification-refused", "data-reason", "not_confirmed")

	p.fill("verification-of-student", "Tsinghua University")
	p.click("verify-student")
	p.must("button", call{"name": "action", "value": "approve"})
	p.must("goto", call{"url": s.url() + "/me/verifications"})
	p.shows("verification-student", "data-status", "verified")
	p.must("goto", there)
	p.there("composer-text")
	p.write("from the library")
}

// Two people become contacts, each on a page of its own.
func TestContactsOnThePage(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	b := startBrowser(t)
	refused := call{"refused": []string{"/v1/me/contacts/"}} // 404: there is nothing between them
	ann, bob := b.visitor(s, "Ann", 0, refused), b.visitor(s, "Bob", 0, refused)
	bob.must("goto", call{"url": s.url() + "/me/contacts"})
	ann.must("goto", call{"url": s.url() + "/users/" + bob.ID})
	ann.click("contact-ask")
	ann.shows("contact-bar", "data-state", "asked")
	bob.shows("contact", "data-state", "asks") // which it was told of
	bob.click("contact-accept")
	bob.shows("contact", "data-state", "accepted")
	ann.shows("contact-bar", "data-state", "accepted")
	ann.click("contact-end")
	ann.click("contact-end-confirm")
	ann.shows("contact-bar", "data-state", "none")
}
