package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

const awayTime = 20 * time.Second // as long as a train is in a tunnel

// Two people at two machines, one of which loses its network.
func TestTwoPages(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	founder := s.person()
	c := s.circle(founder)
	network := startProxy(t, "tcp", s.address)
	b := startBrowser(t)
	handle := founder.Handle[len(founder.Handle)-9:] // not used before
	ann := b.open("Ann", s.url(), nil)
	bob := b.open("Bob", "http://"+network.address(), call{"width": 390, "height": 844}) // a phone
	for name, p := range map[string]*page{"ann_": ann, "bob_": bob} {
		p.signUp(name+handle, p.name)
	}
	ann.must("goto", call{"url": s.url() + "/circles/" + c.ID})
	bob.must("goto", call{"url": "http://" + network.address() + "/circles/" + c.ID})
	for _, p := range []*page{ann, bob} {
		p.there("composer-text")
		p.until("it is connected", func() bool { return p.link() == "connected" })
	}

	ann.write("hello Bob")
	bob.until("Ann's post appears", func() bool { return bob.find("hello Bob") != nil })
	bob.like(*bob.find("hello Bob"))
	ann.until("Bob's like appears", func() bool { return ann.find("hello Bob").Likes == 1 })
	html := `<img src=x onerror="alert(1)"><b>bold</b> & </script>`
	bob.write(html)
	ann.until("the HTML is shown as text", func() bool { return ann.find(html) != nil })
	if shown := ann.find(html); shown.Elements != 0 {
		t.Errorf("the text of a post has %d elements", shown.Elements)
	}

	lose(bob, network, true)
	bob.until("it says that it is offline", func() bool { return bob.link() == "offline" })
	back := time.After(awayTime)
	for i := range 5 {
		ann.write(fmt.Sprintf("while Bob is away %d", i))
	}
	ann.like(*ann.find(html))
	s.post(founder, c, "from elsewhere")
	s.do(request{method: "POST", path: "/v1/posts/" + ann.find("hello Bob").ID + "/comments", token: founder.Token, body: call{"text": "hello both"}}, nil)
	<-back
	if bob.link() != "offline" || bob.find("from elsewhere") != nil {
		t.Errorf("Bob was not away: %s, %v", bob.link(), bob.posts())
	}
	lose(bob, network, false)
	bob.until("it says that it is back", func() bool { return bob.link() == "connected" })
	defer func() {
		if t.Failed() {
			t.Logf("in the end Ann saw %v", ann.posts())
		}
	}()
	bob.until("both pages show the same", func() bool {
		ann.showNews()
		bob.showNews()
		mine, his := ann.posts(), bob.posts()
		return len(mine) == 8 && slices.Equal(mine, his)
	})
	if p := ann.find("hello Bob"); p.Comments != 1 {
		t.Errorf("Ann sees %v", p)
	}
}

// lose takes a page's network away or gives it back. Going offline alone would
// leave an open socket as it is.
func lose(p *page, network *proxy, away bool) {
	p.offline = p.offline || away
	network.setAway(away)
	p.must("offline", call{"away": away})
}
