package e2e

import (
	"encoding/json"
	"sync"
	"testing"
	"time"
)

// countsOf reads the numbers of a post from a message of counts.
func countsOf(e sdkEvent, p post) (counts, bool) {
	var msg struct {
		Type  string
		Posts []struct {
			ID string `json:"id"`
			counts
		}
	}
	if e.Event != "sub.publication" || json.Unmarshal(e.Data, &msg) != nil || msg.Type != "counts" {
		return counts{}, false
	}
	for _, each := range msg.Posts {
		if each.ID == p.ID {
			return each.counts, true
		}
	}
	return counts{}, false
}

// awaitLikes waits until counts say that p has so many likes.
func (c *sdkClient) awaitLikes(p post, likes int64) sdkEvent {
	c.d.t.Helper()
	return c.awaitWhere("the last counts", hasLikes(p, likes))
}

// mustLearnLikes is awaitLikes for numbers that may have come already.
func (c *sdkClient) mustLearnLikes(p post, likes int64) {
	c.d.t.Helper()
	if is := hasLikes(p, likes); len(c.told(is)) == 0 {
		c.awaitWhere("counts", is)
	}
}

func hasLikes(p post, likes int64) func(sdkEvent) bool {
	return func(e sdkEvent) bool {
		n, ok := countsOf(e, p)
		return ok && n.Likes == likes
	}
}

func (s *server) like(p person, to post)   { s.liking("PUT", p, to) }
func (s *server) unlike(p person, to post) { s.liking("DELETE", p, to) }

func (s *server) liking(method string, p person, to post) {
	if err := s.try(s.t.Context(), request{method: method, path: "/v1/posts/" + to.ID + "/like", token: p.Token}, nil); err != nil {
		s.t.Error(err)
	}
}

// However many likes arrive, a viewer gets few messages, and the last one is exact.
func TestAStormOfLikes(t *testing.T) {
	t.Parallel()
	const likes, storms = 300, 30
	const perSecond = 4
	const stormTime = 3 * time.Second
	s, d := shared.get(t), startSDK(t)
	people := s.people(likes)
	c := s.circle(people[0])
	p := s.post(people[0], c, "like this")
	client := d.connected(opening{url: s.socketURL()})
	client.subscribe(c.channel())
	var storm sync.WaitGroup
	begin := time.Now()
	for i := range storms {
		storm.Go(func() {
			for n := i; n < likes; n += storms {
				s.like(people[n], p)
				s.like(people[n], p) // twice is once
			}
			for time.Since(begin) < stormTime { // on and off, and on in the end
				s.unlike(people[i], p)
				s.like(people[i], p)
			}
		})
	}
	storm.Wait()
	end := time.Now()
	took := client.awaitLikes(p, likes).at.Sub(end)
	t.Logf("exact %s after the last like", took)
	if took > 3*time.Second {
		t.Errorf("the last counts came %s late", took)
	}
	messages := client.told(func(e sdkEvent) bool { return e.kind() == "counts" })
	var version int64
	for i, e := range messages {
		if n, ok := countsOf(e, p); ok && n.Version <= version {
			t.Errorf("version %d follows %d", n.Version, version)
		} else if ok {
			version = n.Version
		}
		if e.Offset != 0 {
			t.Errorf("counts have offset %d", e.Offset)
		}
		// The sender keeps its distance; the road may make two arrive together.
		if far := i + 2*perSecond + 1; far < len(messages) && messages[far].at.Sub(e.at) < 2*time.Second-200*time.Millisecond {
			t.Errorf("%d messages of counts within %s", 2*perSecond+2, messages[far].at.Sub(e.at))
		}
	}
	t.Logf("%d messages in %s of likes", len(messages), end.Sub(begin))
}
