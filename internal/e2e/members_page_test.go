package e2e

import (
	"fmt"
	"testing"
)

// An owner gives roles by handle and takes them; terms name a partner by
// handle or from the list; and everybody sees who runs the circle.
func TestRolesOnThePage(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	b := startBrowser(t)
	owner := b.visitor(s, "Owen", 0, call{"refused": []string{"/v1/users/by-handle/", "/v1/circles/"}}) // nobody; the last owner
	other := b.visitor(s, "Pat", 0, nil)
	c := s.circle(owner.person)
	there := call{"url": s.url() + "/circles/" + c.ID}
	owner.must("goto", there)
	owner.click("members-open")
	owner.fill("members-handle", "nobody_is_called_so")
	owner.click("members-give")
	owner.there("members-nobody")
	owner.click("members-end") // the owner's own role: the only one in the list
	owner.click("members-end-confirm")
	owner.there("members-problem") // a circle keeps an owner
	owner.fill("members-handle", "@"+other.Handle)
	owner.must("choose", call{"testid": "members-role-partner"})
	owner.click("members-give")
	owner.until("both are in the list", func() bool { return owner.count("member") == 2 })
	owner.click("members-sheet-close")

	owner.click("terms-open")
	owner.fill("terms-author", "80")
	owner.fill("terms-partner", "10")
	owner.fill("terms-partner-id", "@nobody_is_called_so")
	owner.click("terms-sign")
	owner.until("there is nobody of that handle", func() bool { return owner.attribute("terms-partner-id", "aria-invalid") == "true" })
	owner.click("terms-partner-choice")
	owner.shows("terms-partner-choice", "aria-pressed", "true")
	if written := owner.value("terms-partner-id"); written != "@"+other.Handle {
		t.Errorf("the partner is %q", written)
	}
	owner.click("terms-sign")
	owner.there("terms-pending")

	other.must("goto", there)
	other.until("both are in the list", func() bool { return other.count("member") == 2 })
	other.click("members-open") // to lay down the role, and no more
	other.there("members-end")
	if n := other.count("members-form") + other.count("members-end"); n != 1 {
		t.Errorf("a partner finds %d ways to change roles", n)
	}
	other.click("members-end")
	other.click("members-end-confirm")
	other.until("one is left", func() bool { return other.count("member") == 1 })
}

// A person's posts stand on the person's page, from all circles, as they do
// elsewhere; and /me leads to one's own.
func TestPostsOfAPerson(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	b := startBrowser(t)
	reader := b.visitor(s, "Rea", 0, call{"refused": []string{"/v1/me/contacts/"}})
	author := s.person()
	one, two := s.circle(author), s.ruled(author, call{"view": "user.role == 'owner'"})
	const posts = 45
	for i := range posts {
		s.post(author, one, fmt.Sprintf("in the open %d", i))
	}
	for i := range posts { // newer than all others, and closed: the first pages are empty
		s.post(author, two, fmt.Sprintf("behind the door %d", i))
	}
	reader.must("goto", call{"url": s.url() + "/users/" + author.ID})
	reader.until("the open posts appear", func() bool { return reader.find("in the open 44") != nil })
	reader.like(*reader.find("in the open 44"))
	reader.until("the like is shown", func() bool { return reader.find("in the open 44").Likes == 1 })
	for reader.find("in the open 0") == nil {
		reader.scrollBy(1500)
	}
	for _, p := range reader.posts() {
		if p.Text[:6] == "behind" {
			t.Errorf("the page shows %s", p)
		}
	}
	reader.must("goto", call{"url": s.url() + "/me"})
	reader.click("me-page")
	reader.there("person-posts")
	reader.until("it says that there is nothing yet", func() bool {
		return reader.evaluate("document.querySelector('[data-testid=person-posts] .empty') !== null") == "true"
	})
}
