package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestNothingIsLostOverACut(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, protocol string) {
		s, d := shared.get(t), startSDK(t)
		p := s.person()
		c := s.circle(p)
		network := startProxy(t, "tcp", s.address)
		client := d.connected(opening{url: "ws://" + network.address() + "/connection/websocket", protocol: protocol, token: p.Token})
		client.subscribe(c.channel())

		s.post(p, c, "before")
		client.awaitPost("before")
		network.setAway(true)
		client.await("connecting")
		missed := texts(40)
		for _, text := range missed {
			s.post(p, c, text)
		}
		network.setAway(false)
		if e := client.await("sub.subscribed"); !e.WasRecovering || !e.Recovered {
			t.Errorf("subscribed again: %s", e)
		}
		client.awaitPost(missed[len(missed)-1])
		s.post(p, c, "after")
		client.awaitPost("after")
		client.wantPosts(append(append([]string{"before"}, missed...), "after"))
	})
}

// wantPosts fails unless the client got just these posts, in this order, with
// offsets without holes.
func (c *sdkClient) wantPosts(want []string) {
	c.d.t.Helper()
	posts, events := c.posts()
	got := make([]string, len(posts))
	for i, p := range posts {
		got[i] = p.Text
	}
	if !slices.Equal(got, want) {
		c.d.t.Errorf("%s: got %d posts, want %d; first difference at %d", c.name, len(got), len(want), firstDifference(got, want))
	}
	for i := 1; i < len(events); i++ {
		if events[i].Offset != events[i-1].Offset+1 {
			c.d.t.Errorf("%s: offset %d follows %d", c.name, events[i].Offset, events[i-1].Offset)
		}
	}
}

func firstDifference(a, b []string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// A page read over HTTP and a subscription since its position leave nothing
// out, whatever is posted meanwhile.
func TestTheSeamBetweenPageAndSocket(t *testing.T) {
	t.Parallel()
	s, d := shared.get(t), startSDK(t)
	p := s.person()
	c := s.circle(p)
	all := texts(60)
	var writer sync.WaitGroup
	writer.Go(func() {
		for _, text := range all {
			if err := s.try(t.Context(), request{method: "POST", path: "/v1/circles/" + c.ID + "/posts", token: p.Token, body: call{"text": text}}, nil); err != nil {
				t.Error(err)
			}
		}
	})
	defer writer.Wait()
	client := d.connected(opening{url: s.socketURL()})
	page := s.posts(c)
	client.must("subscribe", call{"channel": c.channel(), "since": page.Position})
	writer.Wait() // it may have ended before the page was read
	all = append(all, "the end")
	if err := s.try(t.Context(), request{method: "POST", path: "/v1/circles/" + c.ID + "/posts", token: p.Token, body: call{"text": "the end"}}, nil); err != nil {
		t.Fatal(err)
	}
	client.awaitPost("the end")
	got := map[string]bool{}
	for _, p := range page.Items {
		got[p.Text] = true
	}
	onPage := len(got)
	posts, _ := client.posts()
	for _, p := range posts {
		got[p.Text] = true
	}
	if len(got) != len(all) {
		t.Errorf("%d posts on the page, %d on the socket, %d of %d in all", onPage, len(posts), len(got), len(all))
	}
}

// Connections end in the middle of frames and between them, all the time.
func TestOrderWhileConnectionsAreCut(t *testing.T) {
	t.Parallel()
	const posts, writers = 500, 10
	eachProtocol(t, func(t *testing.T, protocol string) {
		s, d := shared.get(t), startSDK(t)
		people := s.people(writers)
		c := s.circle(people[0])
		network := startProxy(t, "tcp", s.address)
		dice := newDice(t)
		network.cutAfter(func() int64 { return 300 + dice(60_000) })
		clients := make([]*sdkClient, 3)
		for i := range clients {
			clients[i] = d.open(opening{url: "ws://" + network.address() + "/connection/websocket", protocol: protocol, token: people[i].Token})
			clients[i].must("connect", nil)
			clients[i].must("subscribe", call{"channel": c.channel(), "since": s.posts(c).Position})
		}
		var writing sync.WaitGroup
		for _, p := range people {
			writing.Go(func() {
				for n := range posts / writers {
					body := call{"text": fmt.Sprintf("%s %d", p.Handle, n)}
					if err := s.try(t.Context(), request{method: "POST", path: "/v1/circles/" + c.ID + "/posts", token: p.Token, body: body}, nil); err != nil {
						t.Error(err)
					}
				}
			})
		}
		cutsDone := make(chan struct{})
		go func() {
			defer close(cutsDone)
			for range 20 {
				select {
				case <-time.After(time.Duration(dice(150)) * time.Millisecond): // at random moments
					network.cut()
				case <-t.Context().Done():
					return
				}
			}
		}()
		writing.Wait()
		<-cutsDone
		network.carry(nil) // a long recovery must come through in the end
		network.cut()
		last := s.post(people[0], c, "the last one")
		want := logOf(s, c)
		if len(want) != posts+1 || want[len(want)-1] != last.Text {
			t.Fatalf("the log has %d posts", len(want))
		}
		for _, client := range clients {
			client.awaitPost(last.Text)
			client.wantPosts(want)
		}
		if network.cutCount() < 20 {
			t.Errorf("only %d connections were cut", network.cutCount())
		}
		t.Logf("%d connections were cut", network.cutCount())
	})
}

// newDice returns random numbers below a bound, from a seed that is logged.
func newDice(t testing.TB) func(int64) int64 {
	t.Helper()
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(newSeed(t), 1))
	return func(below int64) int64 {
		mu.Lock()
		defer mu.Unlock()
		return random.Int64N(below)
	}
}

// logOf reads the texts of the circle's posts over HTTP, oldest first.
func logOf(s *server, c circle) []string {
	s.t.Helper()
	var all []string
	for cursor := ""; ; {
		var page postPage
		s.do(request{method: "GET", path: "/v1/circles/" + c.ID + "/posts?limit=100" + cursor}, &page)
		for _, p := range page.Items {
			all = append(all, p.Text)
		}
		if page.NextCursor == "" {
			slices.Reverse(all)
			return all
		}
		cursor = "&cursor=" + page.NextCursor
	}
}

// Who missed more than one recovery replays is told so, and pages through the
// history from where he was.
func TestTooFarBehindToRecover(t *testing.T) {
	t.Parallel()
	const tooMany = 70 // long texts, more than 512 KiB together
	s, d := shared.get(t), startSDK(t)
	p := s.person()
	c := s.circle(p)
	network := startProxy(t, "tcp", s.address)
	client := d.connected(opening{url: "ws://" + network.address() + "/connection/websocket", token: p.Token})
	was := client.subscribe(c.channel()).StreamPosition
	network.setAway(true)
	client.await("connecting")
	var missed []string
	for _, text := range texts(tooMany) {
		missed = append(missed, text+strings.Repeat(" 圈", 2400))
		s.post(p, c, missed[len(missed)-1])
	}
	network.setAway(false)
	if e := client.await("sub.subscribed"); !e.WasRecovering || e.Recovered {
		t.Fatalf("subscribed again: %s", e)
	}
	if got := client.historySince(c, *was); !slices.Equal(got, missed) {
		t.Errorf("the history has %d posts, %d were missed", len(got), len(missed))
	}
	s.post(p, c, "after")
	client.awaitPost("after")
	client.wantPosts([]string{"after"})
}

// historySince pages through a circle's history up to its top.
func (c *sdkClient) historySince(of circle, since position) (all []string) {
	c.d.t.Helper()
	for {
		var page struct {
			Publications []struct {
				Data   struct{ Post post }
				Offset uint64
			}
			position
		}
		raw := c.must("history", call{"channel": of.channel(), "options": call{"since": since, "limit": 15}})
		if err := json.Unmarshal(raw, &page); err != nil {
			c.d.t.Fatal(err)
		}
		for _, p := range page.Publications {
			if p.Offset != since.Offset+1 {
				c.d.t.Fatalf("in the history offset %d follows %d", p.Offset, since.Offset)
			}
			since.Offset = p.Offset
			all = append(all, p.Data.Post.Text)
		}
		if since.Offset == page.Offset {
			return all
		}
	}
}
