package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	mostDrawn = 40  // cards that a page may hold at once, however long the list
	mostHeld  = 240 // posts that it may keep of a circle it only reads the top of
)

// placed is a post on screen and where it begins, in px below the upper edge.
type placed struct {
	ID  string
	Top float64
}

func (p *page) onScreen() (all []placed) {
	p.b.t.Helper()
	if err := json.Unmarshal(p.must("onScreen", nil), &all); err != nil {
		p.b.t.Fatal(err)
	}
	return all
}

// number reads a number that an attribute tells; 0 where the element is not there.
func (p *page) number(testid, name string) int {
	p.b.t.Helper()
	if p.count(testid) == 0 {
		return 0
	}
	n, err := strconv.Atoi(p.attribute(testid, name))
	if err != nil {
		p.b.t.Fatalf("%s of %s: %v", name, testid, err)
	}
	return n
}

// scrollBy turns the wheel and waits until the page stands elsewhere.
func (p *page) scrollBy(px int) {
	p.b.t.Helper()
	before := string(p.must("scrolledTo", nil))
	p.must("wheel", call{"by": px})
	p.until("it is scrolled", func() bool { return string(p.must("scrolledTo", nil)) != before })
}

// stays fails unless the post begins where it did.
func (p *page) stays(was placed, after string) {
	p.b.t.Helper()
	for _, now := range p.onScreen() {
		if now.ID == was.ID {
			if math.Abs(now.Top-was.Top) > 1.5 {
				p.b.t.Errorf("%s moved what is read by %.1f px", after, now.Top-was.Top)
			}
			return
		}
	}
	p.b.t.Errorf("%s took what is read off the screen", after)
}

// reader opens a circle as somebody who has just signed up.
func (b *browser) reader(s *server, c circle, name string, arguments call) *page {
	b.t.Helper()
	p := b.open(name, s.url(), arguments)
	p.signUp(strings.ToLower(name)+s.person().Handle[len("e2e"):], name)
	p.must("goto", call{"url": s.url() + "/circles/" + c.ID})
	p.until("it is connected and shows posts", func() bool { return p.link() == "connected" && len(p.posts()) > 0 })
	return p
}

func (s *server) change(method, path string, p person, body any) {
	s.t.Helper()
	s.do(request{method: method, path: path, token: p.Token, body: body}, nil)
}

// What comes, goes or grows above the reader moves nothing that is read.
func TestNewsDoesNotMoveTheReader(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	founder := s.person()
	c := s.circle(founder)
	var written []post
	for i := range 60 {
		written = append(written, s.post(founder, c, fmt.Sprintf("post %d. %s", i, strings.Repeat("Some words more. ", i%9))))
	}
	b := startBrowser(t)
	p := b.reader(s, c, "Ann", nil)
	for range 4 {
		p.scrollBy(600)
	}
	p.until("there is something to read", func() bool { return len(p.onScreen()) > 1 })
	read := p.onScreen()[0]

	for i := range 3 {
		s.post(founder, c, fmt.Sprintf("news %d", i))
	}
	p.shows("new-posts-pill", "data-count", "3")
	p.stays(read, "news")
	above := written[len(written)-2] // near the top of the list
	s.change("DELETE", "/v1/posts/"+above.ID, founder, nil)
	s.change("PATCH", "/v1/posts/"+written[len(written)-3].ID, founder, call{"text": strings.Repeat("It grew and grew. ", 60)})
	s.post(founder, c, "news 3") // comes behind both
	p.shows("new-posts-pill", "data-count", "4")
	p.stays(read, "a deletion and an edit above")

	// One of those on screen goes: the others close up under the first.
	if next := p.onScreen()[1]; next.ID != read.ID {
		s.change("DELETE", "/v1/posts/"+next.ID, founder, nil)
		p.until("it has gone", func() bool {
			return !slices.ContainsFunc(p.onScreen(), func(each placed) bool { return each.ID == next.ID })
		})
		p.stays(read, "a deletion below")
	}
	p.click("new-posts-pill")
	p.until("the news is at the top", func() bool { return len(p.onScreen()) > 0 && p.find("news 3") != nil })
	if p.count("new-posts-pill") != 0 {
		t.Error("the pill stays although everything is shown")
	}
	// A grown post that is scrolled back to stands without a jump.
	p.scrollBy(500)
	held := p.onScreen()[0]
	s.post(founder, c, "news 4")
	p.shows("new-posts-pill", "data-count", "1")
	p.stays(held, "news after scrolling back")
}

// However many posts there are, and however fast they come, few are drawn and
// a bounded number is held; what was let go is there when it is scrolled to.
func TestABusyCircleIsHeldInPart(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	founder := s.person()
	c := s.circle(founder)
	for i := range 20 {
		s.post(founder, c, fmt.Sprintf("early %d", i))
	}
	b := startBrowser(t)
	p := b.reader(s, c, "Ann", nil)
	const busy = 320
	for i := range busy {
		s.post(founder, c, fmt.Sprintf("busy %d", i))
	}
	p.until("the last one is shown", func() bool { return p.find(fmt.Sprintf("busy %d", busy-1)) != nil })
	if n := p.count("post"); n > mostDrawn {
		t.Errorf("%d cards are drawn", n)
	}
	if n := p.number("feed", "data-held"); n > mostHeld {
		t.Errorf("%d posts are held", n)
	}
	for p.find("early 0") == nil {
		before := p.posts()[len(p.posts())-1].ID
		p.must("wheel", call{"by": 3000})
		p.until("it goes on", func() bool { all := p.posts(); return all[len(all)-1].ID != before || p.find("early 0") != nil })
		if n := p.count("post"); n > mostDrawn {
			t.Fatalf("%d cards are drawn on the way down", n)
		}
	}
}

// j and k go through the posts, l likes, c comments, n writes, ? tells.
func TestTheFeedByKeys(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	founder := s.person()
	c := s.circle(founder)
	var written []post
	for i := range 30 {
		written = append(written, s.post(founder, c, fmt.Sprintf("post %d", i)))
	}
	slices.Reverse(written)
	b := startBrowser(t)
	p := b.reader(s, c, "Ann", nil)
	key := func(k string) { p.must("key", call{"key": k}) }
	at := func() (id string) {
		if err := json.Unmarshal(p.must("focusedPost", nil), &id); err != nil {
			t.Fatal(err)
		}
		return id
	}
	for i := range 20 { // beyond what was drawn at first
		key("j")
		p.until(fmt.Sprintf("post %d has the focus", i), func() bool { return at() == written[i].ID })
	}
	key("k")
	p.until("the one before has the focus", func() bool { return at() == written[18].ID })
	key("l")
	p.until("it is liked", func() bool { return p.find(written[18].Text).Likes == 1 })
	key("c")
	p.until("its comment is written", func() bool { return p.focus() == "comment-text" && at() == written[18].ID })
	key("j") // is a letter here
	if p.must("value", call{"testid": "comment-text"}); at() != written[18].ID {
		t.Error("a letter in a comment moved on")
	}
	p.must("key", call{"key": "Escape"})
	p.must("blur", nil)
	key("?")
	p.there("keys-sheet")
	key("Escape")
	p.until("the sheet is closed", func() bool { return p.count("keys-sheet") == 0 })
	key("n")
	p.until("a post is written", func() bool { return p.focus() == "composer-text" })
}

// The large view of photos by keys: its place in the history, the focus in
// it, and what is sensitive.
func TestPhotosByKeys(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	founder := s.person()
	c := s.circle(founder)
	s.post(founder, c, "five photos")
	b := startBrowser(t)
	p := b.open("Ann", s.url(), nil)
	p.must("withPhotos", call{"photos": 5, "sensitive": 1})
	p.must("goto", call{"url": s.url() + "/circles/" + c.ID})
	p.shows("photos", "data-count", "5")
	p.must("press", call{"testid": "photo", "key": "Enter"})
	p.there("lightbox-photo")
	seen := func(count string) {
		t.Helper()
		p.until("it shows "+count, func() bool { return p.text("lightbox-count") == count })
	}
	seen("1 / 5")
	for _, step := range []struct{ key, count string }{{"ArrowLeft", "1 / 5"}, {"ArrowRight", "2 / 5"}, {"ArrowRight", "3 / 5"}, {"ArrowLeft", "2 / 5"}, {"End", "5 / 5"}, {"ArrowRight", "5 / 5"}} {
		p.must("key", call{"key": step.key})
		seen(step.count)
	}
	if p.count("lightbox-photo") != 0 {
		t.Error("a sensitive photo is shown without being asked for")
	}
	p.click("lightbox-show")
	p.there("lightbox-photo")
	for range 8 {
		p.must("key", call{"key": "Tab"})
		if at := p.focus(); at != "" && !strings.HasPrefix(at, "lightbox") { // "": in the bars of the browser
			t.Errorf("the focus left the large view for %q", at)
		}
	}
	p.must("key", call{"key": "Escape"})
	p.until("Escape closes it", func() bool { return p.count("lightbox") == 0 })
	p.until("the focus is back", func() bool { return p.focus() == "photo" })
	p.must("press", call{"testid": "photo", "key": "Enter"})
	p.there("lightbox")
	p.must("back", nil)
	p.until("the back button closes it, and no more", func() bool { return p.count("lightbox") == 0 && p.count("photos") == 1 })
}
