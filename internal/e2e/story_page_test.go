package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

const (
	seaside  = "three from the seaside" // what is said of the photos
	fromBob  = "written under the hill"
	whileOff = "while Bob is under the hill"
)

// evening is one circle and two people in it: Ann at her desk, in English, and
// Bob with his phone, in Chinese and in the dark.
type evening struct {
	*testing.T
	s       *server
	c       circle
	earlier post // of the founder, before both came
	ann     visitor
	bob     visitor
	network *proxy // Bob's
	made    shownPost
}

// One evening from the sign-up to the way home through a tunnel: what one does,
// the other sees without loading anything again.
func TestAnEveningInACircle(t *testing.T) {
	t.Parallel()
	e := beginEvening(t)
	e.nightIsDark()
	e.annFollows()
	e.annPostsThreePhotos()
	e.photosTellNoSecrets()
	e.bobLikes()
	e.bobMayNotComment()
	e.bobTips()
	e.bobComesThroughATunnel()
	if e.bob.evaluate("globalThis.sameEvening") != "true" || e.ann.evaluate("globalThis.sameEvening") != "true" {
		t.Error("a page was loaded again")
	}
	e.bob.wantNoOverflow()
	e.ann.must("goto", call{"url": e.s.url()})
	e.ann.until("what she follows is on her first page", func() bool { return e.ann.find(fromBob) != nil })
}

func beginEvening(t *testing.T) *evening {
	t.Helper()
	s := shared.get(t)
	founder := s.person()
	e := &evening{T: t, s: s, c: s.ruled(founder, call{"comment": "user.credit > 750"})}
	e.earlier = s.post(founder, e.c, "before both came")
	b := startBrowser(t)
	e.network = startProxy(t, "tcp", s.address)
	through := *s
	through.address = e.network.address()
	e.ann = b.visitor(s, "Ann", 0, nil)
	e.bob = b.visitor(&through, "Bob", 10_000, call{"width": 360, "height": 740, "locale": "zh-CN", "scheme": "dark"})
	s.rate(e.bob.ID, 750)
	e.ann.must("goto", call{"url": s.url() + "/circles/" + e.c.ID})
	e.bob.must("goto", call{"url": through.url() + "/circles/" + e.c.ID})
	for _, p := range []visitor{e.ann, e.bob} {
		p.until("it is connected and shows posts", func() bool { return p.link() == "connected" && len(p.posts()) == 1 })
		p.evaluate("globalThis.sameEvening = true")
	}
	return e
}

// nightIsDark: who has a dark system reads light letters on dark paper.
func (e *evening) nightIsDark() {
	const paper = `getComputedStyle(document.documentElement).backgroundColor`
	if day, night := e.ann.evaluate(paper), e.bob.evaluate(paper); day != `"rgb(238, 242, 239)"` || night != `"rgb(15, 21, 19)"` {
		e.Errorf("the page of the day is %s, that of the night %s", day, night)
	}
}

func (e *evening) annFollows() {
	e.ann.click("follow-button")
	e.ann.shows("follow-button", "aria-pressed", "true")
	e.ann.shows("followers", "data-count", "1")
}

// watchPost notes each state in which a post with a text is on the page: its
// id, and how many photos it has.
const watchPost = `(() => {
	globalThis.states = []
	new MutationObserver(() => {
		for (const post of document.querySelectorAll('[data-testid="post"]')) {
			if (post.querySelector('[data-testid="post-text"]')?.textContent !== %q) continue
			const is = post.dataset.postId + ' ' + post.querySelectorAll('[data-testid="photo"]').length
			if (globalThis.states.at(-1) !== is) globalThis.states.push(is)
		}
	}).observe(document.body, { childList: true, subtree: true })
})()`

// loadedPhotos tells the shape of those photos of a post that are there: width
// by height.
const loadedPhotos = `[...document.querySelectorAll('[data-post-id=%q] [data-testid="photo"] img')].filter((i) => i.complete && i.naturalWidth > 0).map((i) => (i.naturalWidth / i.naturalHeight).toFixed(1))`

// annPostsThreePhotos ends when Bob sees them: once, with their places from the
// start, so that nothing moves when they come.
func (e *evening) annPostsThreePhotos() {
	e.bob.evaluate(fmt.Sprintf(watchPost, seaside))
	e.bob.must("hold", call{"path": "/media/"})
	e.ann.must("chooseFiles", call{"paths": e.ann.threePhotos()})
	e.ann.until("all three are up", func() bool {
		return e.ann.evaluate(`[...document.querySelectorAll('[data-testid="tray-photo"]')].map((p) => p.dataset.state).join()`) == `"ready,ready,ready"`
	})
	e.ann.write(seaside)
	e.bob.until("Ann's post appears", func() bool { return e.bob.find(seaside) != nil })
	e.made = *e.bob.find(seaside)
	before := e.bob.top(e.earlier.ID)
	if got := e.bob.evaluate(fmt.Sprintf(loadedPhotos, e.made.ID)); got != "[]" {
		e.Errorf("the photos %s came although they are held up", got)
	}
	e.bob.must("letGo", call{"path": "/media/"})
	var shapes []string
	e.bob.until("the photos are there", func() bool {
		e.read(e.bob.evaluate(fmt.Sprintf(loadedPhotos, e.made.ID)), &shapes)
		return len(shapes) == 3
	})
	if !slices.Equal(shapes, []string{"0.6", "1.0", "2.0"}) {
		e.Errorf("Bob sees photos of the shapes %v: the first is to stand upright", shapes)
	}
	if after := e.bob.top(e.earlier.ID); after != before {
		e.Errorf("the next post went from %g to %g when the photos came", before, after)
	}
	if states, want := e.bob.evaluate("globalThis.states"), fmt.Sprintf("[%q]", e.made.ID+" 3"); states != want {
		e.Errorf("Bob saw the post as %s, want %s", states, want)
	}
	for _, p := range []visitor{e.ann, e.bob} {
		if all := p.posts(); len(all) != 2 {
			e.Errorf("%s sees %v", p.name, all)
		}
	}
}

// top is how far below the beginning of the page a post begins, in px.
func (p *page) top(post string) (px float64) {
	p.b.t.Helper()
	raw := p.evaluate(fmt.Sprintf(`document.querySelector('[data-post-id=%q]').getBoundingClientRect().top + scrollY`, post))
	if err := json.Unmarshal([]byte(raw), &px); err != nil {
		p.b.t.Fatal(err)
	}
	return px
}

func (e *evening) read(raw string, into any) {
	e.Helper()
	if err := json.Unmarshal([]byte(raw), into); err != nil {
		e.Fatal(err)
	}
}

func (e *evening) photosTellNoSecrets() {
	var made struct{ Photos []photo }
	e.s.do(request{method: "GET", path: "/v1/posts/" + e.made.ID}, &made)
	files := 0
	for n, p := range made.Photos {
		for size, path := range p.URLs {
			body := e.file(path)
			files++
			for _, secret := range []string{"Exif", "GPS", "tEXt", whereItWas[:10]} {
				if bytes.Contains(body, []byte(secret)) {
					e.Errorf("photo %d, %s: its file has %q in it", n+1, size, secret)
				}
			}
		}
	}
	if files != 9 {
		e.Errorf("%d files of %+v", files, made.Photos)
	}
}

func (e *evening) file(path string) []byte {
	e.Helper()
	res, err := web.Get(e.s.url() + path)
	if err != nil {
		e.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || len(body) == 0 {
		e.Fatalf("%s: %d, %d bytes, %v", path, res.StatusCode, len(body), err)
	}
	return body
}

// bobLikes is shown to him before the server knows, and to Ann when it does.
func (e *evening) bobLikes() {
	path := "/v1/posts/" + e.made.ID + "/like"
	e.bob.must("hold", call{"path": path})
	e.bob.like(e.made)
	e.bob.until("his like is shown at once", func() bool { return e.bob.find(seaside).Likes == 1 })
	if p := e.ann.find(seaside); p.Likes != 0 {
		e.Errorf("Ann sees a like that is held up: %v", p)
	}
	e.bob.must("letGo", call{"path": path})
	e.ann.until("Bob's like is counted", func() bool { return e.ann.find(seaside).Likes == 1 })
}

// bobMayNotComment with a score of 750 where more than 750 is asked for. News
// goes to all alike and says nothing of rights: the circle does.
func (e *evening) bobMayNotComment() {
	e.bob.must("click", call{"testid": "comment-toggle", "post": e.made.ID})
	e.bob.shows("refusal", "data-action", "comment")
	for _, said := range []string{"信用分高于 750", "还差 1 分"} {
		if text := e.bob.text("refusal"); !strings.Contains(text, said) {
			e.Errorf("Bob is told %q, and not %q", text, said)
		}
	}
	if e.bob.count("comment-text") != 0 {
		e.Error("the page offers Bob a box")
	}
	e.bob.must("click", call{"testid": "comment-toggle", "post": e.made.ID})
	e.bob.gone("refusal")
	if p := e.ann.find(seaside); p.Comments != 0 {
		e.Errorf("Ann sees a comment that was refused: %v", p)
	}
}

func (e *evening) bobTips() {
	e.bob.must("click", call{"testid": "tip-button", "post": e.made.ID})
	e.bob.must("choose", call{"testid": "tip-amount-520"})
	e.bob.click("tip-send")
	e.bob.there("tip-sent")
	e.bob.click("tip-done")
	e.bob.shows("wallet-link", "data-fen", "9480")
	for _, p := range []visitor{e.bob, e.ann} {
		p.shows("tip-total", "data-total", "520")
	}
	e.ann.shows("wallet-link", "data-fen", "468") // nine tenths are hers
}

// bobComesThroughATunnel: what he does in it is sent once and in order behind
// it, and what he missed is there.
func (e *evening) bobComesThroughATunnel() {
	lose(e.bob.page, e.network, true)
	e.bob.until("it says that it is offline", func() bool { return e.bob.link() == "offline" })
	before := len(e.bob.sent())
	e.bob.like(shownPost{ID: e.earlier.ID})
	e.bob.fill("composer-text", fromBob)
	e.bob.click("composer-send")
	e.bob.shows("outbox-open", "data-waiting", "2")
	e.ann.write(whileOff)
	lose(e.bob.page, e.network, false)
	e.bob.until("all of it is sent", func() bool { return e.bob.count("outbox-open") == 0 })
	for _, p := range []visitor{e.bob, e.ann} {
		p.until("both see both posts and the like", func() bool {
			p.showNews()
			liked := p.find(e.earlier.Text)
			return p.find(fromBob) != nil && p.find(whileOff) != nil && liked != nil && liked.Likes == 1 && len(p.posts()) == 4
		})
	}
	var order []string
	for _, request := range e.bob.sent()[before:] {
		if !slices.Contains(order, request) { // the same again has the same key
			order = append(order, request)
		}
	}
	like, made := "PUT /v1/posts/"+e.earlier.ID+"/like", "POST /v1/circles/"+e.c.ID+"/posts"
	if at := slices.IndexFunc(order, func(r string) bool { return strings.HasPrefix(r, made) }); at < 1 || !strings.HasPrefix(order[at-1], like) {
		e.Errorf("Bob's page sent %q", order)
	}
	if n := len(e.s.posts(e.c).Items); n != 4 {
		e.Errorf("the circle has %d posts", n)
	}
}
