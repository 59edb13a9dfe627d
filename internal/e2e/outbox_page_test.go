package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// lonely is a page whose network can go.
type lonely struct {
	*page
	network *proxy
	url     string // of the circle, through that network
}

func (b *browser) lonely(s *server, c circle, name string) lonely {
	b.t.Helper()
	network := startProxy(b.t, "tcp", s.address)
	through := *s
	through.address = network.address()
	p := b.visitor(&through, name, 1_000, nil).page
	l := lonely{p, network, through.url() + "/circles/" + c.ID}
	p.must("goto", call{"url": l.url})
	p.until("it is connected and shows posts", func() bool { return p.link() == "connected" && len(p.posts()) > 0 })
	return l
}

func (l lonely) lose(away bool) {
	l.b.t.Helper()
	lose(l.page, l.network, away)
	if away {
		l.until("it says that it is offline", func() bool { return l.link() == "offline" })
	}
}

// sent are the changes that the page asked for, in order: method and path.
func (p *page) sent() (all []string) {
	p.b.t.Helper()
	if err := json.Unmarshal(p.must("sentRequests", nil), &all); err != nil {
		p.b.t.Fatal(err)
	}
	return all
}

// likeCommentAndPost does all three, without a network.
func (l lonely) likeCommentAndPost(on shownPost) {
	l.b.t.Helper()
	l.like(on)
	l.must("click", call{"testid": "comment-toggle", "post": on.ID})
	l.fill("comment-text", "said in the tunnel")
	l.click("comment-send")
	l.fill("composer-text", "written in the tunnel")
	l.click("composer-send")
	l.shows("outbox-open", "data-waiting", "3")
}

// wantOnce fails unless the server has each of the three once.
func (s *server) wantOnce(c circle, on shownPost) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); ; <-time.After(pollEvery) {
		posts := s.posts(c).Items
		n := 0
		var liked post
		for _, each := range posts {
			if each.Text == "written in the tunnel" {
				n++
			}
			if each.ID == on.ID {
				liked = each
			}
		}
		if n == 1 && liked.Counts.Likes == 1 && liked.Counts.Comments == 1 {
			return
		}
		if time.Now().After(deadline) || n > 1 || liked.Counts.Comments > 1 {
			s.t.Fatalf("the server has %d such posts, %d likes, %d comments", n, liked.Counts.Likes, liked.Counts.Comments)
		}
	}
}

// What is done without a network is shown as waiting, and sent once and in
// order when there is one.
func TestWhatIsDoneInATunnel(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	founder := s.person()
	c := s.circle(founder)
	s.post(founder, c, "before the tunnel")
	b := startBrowser(t)
	ann := b.lonely(s, c, "Ann")
	on := *ann.find("before the tunnel")
	ann.lose(true)
	ann.likeCommentAndPost(on)
	if p := ann.find("before the tunnel"); p.Likes != 1 {
		t.Errorf("the like is not shown while it waits: %v", p)
	}
	if n := ann.count("waiting"); n != 2 { // the like says so on its button
		t.Errorf("%d things are shown as waiting", n)
	}
	ann.click("outbox-open")
	ann.there("outbox-sheet")
	ann.click("outbox-sheet-close")
	before := len(ann.sent())

	ann.lose(false)
	ann.until("it is all sent", func() bool { return ann.count("outbox-open") == 0 })
	s.wantOnce(c, on)
	ann.until("the page shows what came of it", func() bool {
		p := ann.find("before the tunnel")
		return ann.find("written in the tunnel") != nil && p != nil && p.Likes == 1 && p.Comments == 1 && ann.count("waiting") == 0
	})
	var order []string
	for _, request := range ann.sent()[before:] {
		for _, kind := range []string{"/like", "/comments", "/circles/" + c.ID + "/posts"} {
			if strings.Contains(request, kind) && !slices.Contains(order, kind) {
				order = append(order, kind)
			}
		}
	}
	if !slices.Equal(order, []string{"/like", "/comments", "/circles/" + c.ID + "/posts"}) {
		t.Errorf("sent in the order %v", order)
	}
}

// The page may close in the tunnel: the next one sends what it left.
func TestAPageThatClosesInATunnel(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	founder := s.person()
	c := s.circle(founder)
	s.post(founder, c, "before the tunnel")
	b := startBrowser(t)
	ann := b.lonely(s, c, "Ann")
	on := *ann.find("before the tunnel")
	ann.lose(true)
	ann.likeCommentAndPost(on)
	ann.must("shut", nil)
	lose(ann.page, ann.network, false)
	ann.must("reopen", call{"url": ann.url})
	s.wantOnce(c, on)
	ann.until("the page shows it", func() bool { return ann.find("written in the tunnel") != nil && ann.count("outbox-open") == 0 })
}

// A refusal says why; what was written can be written better, or dropped.
func TestWhatIsRefusedAfterATunnel(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	founder := s.person()
	c := s.circle(founder)
	gone := s.post(founder, c, "before the tunnel")
	s.post(founder, c, "another")
	b := startBrowser(t)
	ann := b.lonely(s, c, "Ann")
	ann.must("refuses", call{"paths": []string{"/v1/posts/" + gone.ID}})
	ann.lose(true)
	ann.must("click", call{"testid": "comment-toggle", "post": gone.ID})
	ann.fill("comment-text", "too late")
	ann.click("comment-send")
	ann.fill("composer-text", "and a post")
	ann.click("composer-send")
	s.change("DELETE", "/v1/posts/"+gone.ID, founder, nil)
	ann.lose(false)
	ann.shows("outbox-open", "data-refused", "1")
	ann.until("the post went through all the same", func() bool { return ann.find("and a post") != nil })
	ann.click("outbox-open")
	if why := ann.text("waiting-reason"); why == "" {
		t.Error("it does not say why")
	}
	ann.click("waiting-drop")
	ann.until("nothing is left", func() bool { return ann.count("outbox-open") == 0 })
}

// Money is never sent without the person there.
func TestNoTipsInATunnel(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	founder := s.person()
	c := s.circle(founder)
	s.post(founder, c, "before the tunnel")
	b := startBrowser(t)
	ann := b.lonely(s, c, "Ann")
	ann.until("it may tip", func() bool { return ann.count("tip-button") == 1 })
	ann.click("tip-button")
	ann.there("tip-send")
	ann.lose(true)
	ann.there("tip-offline")
	ann.until("it cannot be sent", func() bool {
		return string(ann.must("attribute", call{"testid": "tip-send", "name": "disabled"})) != "null"
	})
	ann.must("press", call{"testid": "tip-amount-66", "key": "Enter"}) // as a form is sent
	ann.lose(false)
	ann.until("it can be sent again", func() bool { return ann.count("tip-offline") == 0 })
	for _, request := range ann.sent() {
		if strings.Contains(request, "/tips") {
			t.Errorf("money was sent by itself: %s", request)
		}
	}
}

// What is being written survives the page.
func TestDraftsSurviveAReload(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	founder := s.person()
	c, other := s.circle(founder), s.circle(founder)
	on := s.post(founder, c, "a post")
	s.post(founder, other, "elsewhere")
	b := startBrowser(t)
	p := b.reader(s, c, "Ann", nil)
	value := func(testid string) (v string) {
		if err := json.Unmarshal(p.must("value", call{"testid": testid}), &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	p.fill("composer-text", "half a thought")
	p.must("click", call{"testid": "comment-toggle", "post": on.ID})
	p.fill("comment-text", "half an answer")
	p.must("reload", nil)
	p.there("composer-text")
	p.until("the draft is back", func() bool { return value("composer-text") == "half a thought" })
	p.must("click", call{"testid": "comment-toggle", "post": on.ID})
	p.until("the comment's draft is back", func() bool { return value("comment-text") == "half an answer" })
	p.must("goto", call{"url": s.url() + "/circles/" + other.ID})
	p.there("composer-text")
	if v := value("composer-text"); v != "" {
		t.Errorf("another circle's composer holds %q", v)
	}
	p.must("goto", call{"url": s.url() + "/circles/" + c.ID})
	p.there("composer-text")
	p.click("composer-send")
	p.until("it is posted", func() bool { return p.find("half a thought") != nil })
	p.must("reload", nil)
	p.there("composer-text")
	if v := value("composer-text"); v != "" {
		t.Errorf("what was posted is still a draft: %q", v)
	}
}
