package e2e

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lifecircle/internal/demo"
)

var screenshot = flag.String("screenshot", "", "where TestDemoWorld leaves the picture of the README")

// What a newcomer finds: circles, people, a way in, and posts that come by themselves.
func TestDemoWorld(t *testing.T) {
	t.Parallel()
	s := start(t, settings{args: []string{"--demo"}})
	greeting, err := os.ReadFile(s.logFile())
	if err != nil {
		t.Fatal(err)
	}
	for _, said := range []string{s.url(), demo.Logins()[0], demo.Password} {
		if !strings.Contains(string(greeting), said) {
			t.Errorf("the greeting does not say %q", said)
		}
	}
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

	p := startBrowser(t).open("a visitor", s.url()+"/signin", call{"width": 1280, "height": 800})
	p.fill("handle", demo.Logins()[0])
	p.fill("password", demo.Password)
	p.click("submit")
	p.there("me-link")
	p.must("goto", call{"url": s.url() + "/circles/" + circles.Items[journal].ID})
	p.until("the circle is full of posts, and live", func() bool { return len(p.posts()) >= 10 && p.link() == "connected" })
	if *screenshot != "" {
		path, err := filepath.Abs(filepath.Join(repository, *screenshot))
		if err != nil {
			t.Fatal(err)
		}
		p.there("viewers")
		p.must("settle", nil)
		p.must("screenshot", call{"path": path})
		t.Logf("the picture is in %s", path)
	}
}
