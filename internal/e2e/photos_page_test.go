package e2e

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// progress is how much of the first photo in the tray is up, from 0 to 1.
func (p *page) progress() float64 {
	p.b.t.Helper()
	share, err := strconv.ParseFloat(p.evaluate(`document.querySelector('[data-testid="tray-photo"] progress')?.value ?? 1`), 64)
	if err != nil {
		p.b.t.Fatal(err)
	}
	return share
}

// In the middle of a photo the network goes: the page shows how far it came,
// and goes on from there when the network is back.
func TestAPhotoThatIsCutOnItsWay(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	founder := s.person()
	c := s.circle(founder)
	s.post(founder, c, "before the photo")
	b := startBrowser(t)
	network := startProxy(t, "tcp", s.address)
	file := noise(t, 1000, 700, 1)
	about, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	half, goOn := make(chan struct{}), make(chan struct{})
	arrived, open := sync.OnceFunc(func() { close(half) }), sync.OnceFunc(func() { close(goOn) })
	t.Cleanup(open)
	network.carrySent(func(dst io.Writer, src io.Reader) error {
		if _, err := io.CopyN(dst, src, about.Size()/2); err != nil {
			return err
		}
		arrived()
		<-goOn
		_, err := io.Copy(dst, src)
		return err
	})
	through := *s
	through.address = network.address()
	p := b.reader(&through, c, "Ann", nil)
	p.offline = true // in a moment
	p.must("chooseFiles", call{"paths": []string{file}})
	<-half
	p.until("a part of it is up", func() bool { return p.progress() > 0.3 })
	p.must("line", call{"offline": true})
	network.setAway(true) // what is on its way would go on
	// What the browser has handed to its network counts as sent, which may be
	// all of it; where it goes on shows that half had arrived.
	if text := p.text("tray-photo"); !strings.Contains(text, "%") {
		t.Errorf("it was cut and shows %q", text)
	}
	p.fill("composer-text", "with a photo")
	p.click("composer-send") // it waits for the photo
	p.there("composer-waits")
	open()
	network.setAway(false)
	p.must("line", nil)
	p.until("the post has its photo", func() bool { return p.find("with a photo") != nil && p.count("photos") == 1 })
	var offsets []int64
	if err := json.Unmarshal(p.must("uploadOffsets", nil), &offsets); err != nil {
		t.Fatal(err)
	}
	if last := offsets[len(offsets)-1]; len(offsets) < 2 || offsets[0] != 0 || last == 0 || last >= about.Size() {
		t.Errorf("the file of %d bytes was sent from %d on", about.Size(), offsets)
	}
}

// What phones make and browsers cannot show is refused in words that help,
// also when it comes by another name.
func TestAHEICPhotoIsRefusedInWords(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	founder := s.person()
	c := s.circle(founder)
	s.post(founder, c, "before the photo")
	b := startBrowser(t)
	p := b.reader(s, c, "Ann", call{"refused": []string{"/v1/uploads"}})
	heic := func(name string) []string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"+strings.Repeat("\x00", 400)), 0o600); err != nil {
			t.Fatal(err)
		}
		return []string{path}
	}
	p.must("chooseFiles", call{"paths": heic("IMG_0001.HEIC")})
	p.there("tray-rejected")
	for _, said := range []string{"IMG_0001.HEIC", "Save it as JPEG first", "Most Compatible"} {
		if text := p.text("tray-rejected"); !strings.Contains(text, said) {
			t.Errorf("it says %q, and not %q", text, said)
		}
	}
	if p.count("tray-photo") != 0 || strings.Contains(strings.Join(p.sent(), " "), "/v1/uploads") {
		t.Errorf("it was sent all the same: %q", p.sent())
	}
	p.must("chooseFiles", call{"paths": heic("IMG_0002.jpg")})
	p.there("tray-problem")
	if text := p.text("tray-problem"); !strings.Contains(text, "IMG_0002.jpg") || !strings.Contains(text, "Only JPEG, PNG, WebP and GIF") {
		t.Errorf("of the other it says %q", text)
	}
}

// One of two photos is called sensitive by its author: who comes by sees it
// blurred, and does not fetch it, until it is tapped. The large view then goes
// by keys and closes with the back button.
func TestASensitivePhotoIsSeenWhenItIsTapped(t *testing.T) {
	t.Parallel()
	s := shared.get(t)
	founder := s.person()
	c := s.circle(founder)
	s.post(founder, c, "before the photos")
	b := startBrowser(t)
	author := b.reader(s, c, "Ann", nil)
	viewer := b.reader(s, c, "Bob", call{"width": 360, "height": 740, "locale": "zh-CN"})
	author.must("chooseFiles", call{"paths": author.threePhotos()[:2]})
	author.click("tray-flag")
	author.shows("tray-flag", "aria-pressed", "true")
	author.write("look away")
	viewer.until("both are there", func() bool { return viewer.count("photo") == 2 })
	viewer.shows("photo", "data-hidden", "true")
	if text := viewer.text("photo"); !strings.Contains(text, "敏感") {
		t.Errorf("over the photo stands %q", text)
	}
	const first = `document.querySelector('[data-testid="photo"]')`
	if blurred := viewer.evaluate(`getComputedStyle(` + first + `.querySelector('.veil')).backdropFilter`); !strings.Contains(blurred, "blur") {
		t.Errorf("it is covered with %s", blurred)
	}
	const drawn = `[...document.querySelectorAll('[data-testid="photo"] img')].filter((i) => i.naturalWidth > 0).length`
	viewer.until("the other one is drawn", func() bool { return viewer.evaluate(drawn) == "1" })
	fetched := func() int {
		n, err := strconv.Atoi(viewer.evaluate(`performance.getEntriesByType('resource').filter((r) => r.name.includes('/media/')).length`))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := fetched(); n != 1 {
		t.Errorf("%d files of photos were fetched", n)
	}
	viewer.click("photo")
	viewer.until("it is drawn, too", func() bool { return viewer.evaluate(drawn) == "2" && fetched() == 2 })
	if hidden := string(viewer.must("attribute", call{"testid": "photo", "name": "data-hidden"})); hidden != "null" {
		t.Errorf("it is still hidden: %s", hidden)
	}
	viewer.wantNoOverflow()
	viewer.largeByKeys()
}

// largeByKeys goes through the large view of two photos.
func (p *page) largeByKeys() {
	p.b.t.Helper()
	at := p.evaluate("location.href")
	p.click("photo")
	for _, step := range []struct{ key, count string }{{"", "1 / 2"}, {"ArrowRight", "2 / 2"}, {"ArrowLeft", "1 / 2"}, {"End", "2 / 2"}} {
		p.there("lightbox-photo")
		if step.key != "" {
			p.must("key", call{"key": step.key})
		}
		p.until("it shows "+step.count, func() bool {
			return p.text("lightbox-count") == step.count && p.evaluate(`document.querySelector('[data-testid="lightbox-photo"]').naturalWidth > 0`) == "true"
		})
	}
	p.must("back", nil)
	p.gone("lightbox")
	if now := p.evaluate("location.href"); now != at {
		p.b.t.Errorf("the back button led from %s to %s", at, now)
	}
}
