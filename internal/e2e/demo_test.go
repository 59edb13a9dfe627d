package e2e

import (
	"strings"
	"testing"

	"lifecircle/internal/demo"
)

const news = "Free piano in room 203 until ten. Come and listen, or bring something to play."

// What a newcomer finds: circles, people, a way in, and posts that come by themselves.
func TestDemoWorld(t *testing.T) {
	t.Parallel()
	s := start(t, settings{args: []string{"--demo"}})
	var circles struct{ Items []circle }
	s.do(request{method: "GET", path: "/v1/circles?limit=100"}, &circles)
	if len(circles.Items) < 12 {
		t.Errorf("there are %d circles", len(circles.Items))
	}
	journal := -1
	for i, c := range circles.Items {
		if strings.HasPrefix(c.Name, "Campus Life Journal") {
			journal = i
		}
	}
	if journal < 0 {
		t.Fatalf("there is no Campus Life Journal in %v", circles.Items)
	}

	b, there := startBrowser(t), s.url()+"/circles/"+circles.Items[journal].ID
	visitor := b.demoLogin(s, 1)
	visitor.must("goto", call{"url": there})
	visitor.until("the circle is full of posts, and live", func() bool { return len(visitor.posts()) >= 5 && visitor.link() == "connected" })
	other := b.demoLogin(s, 0) // a student: only they post here
	other.must("goto", call{"url": there})
	other.write(news)
	visitor.until("the other's post appears", func() bool { return visitor.find(news) != nil })
	greeting := s.logTail() // which by now has been written
	for _, said := range []string{s.url(), demo.Logins()[0], demo.Password} {
		if !strings.Contains(greeting, said) {
			t.Errorf("the greeting does not say %q", said)
		}
	}
}

// demoLogin opens a page and signs in as one of the people who are offered.
func (b *browser) demoLogin(s *server, number int) *page {
	b.t.Helper()
	p := b.open(demo.Logins()[number], s.url()+"/signin", call{"width": 1280, "height": 800})
	p.fill("handle", demo.Logins()[number])
	p.fill("password", demo.Password)
	p.click("submit")
	p.there("me-link")
	return p
}
