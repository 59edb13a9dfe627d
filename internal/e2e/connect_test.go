package e2e

import (
	"encoding/json"
	"testing"
	"time"
)

// eachProtocol runs a test in both encodings.
func eachProtocol(t *testing.T, test func(t *testing.T, protocol string)) {
	for _, protocol := range []string{jsonProtocol, protobuf} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			test(t, protocol)
		})
	}
}

func TestGuestsAndPeopleConnect(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, protocol string) {
		s, d := shared.get(t), startSDK(t)
		owner := s.person()
		c := s.circle(owner)

		guest := d.connected(opening{url: s.socketURL(), protocol: protocol})
		sub := guest.subscribe(c.channel())
		if !sub.Recoverable || !sub.Positioned || sub.StreamPosition == nil || sub.StreamPosition.Epoch == "" {
			t.Errorf("subscribed: %s", sub)
		}
		var state struct {
			Circle  circle
			Can     map[string]struct{ Allowed bool }
			Viewers *int
		}
		if err := json.Unmarshal(sub.Data, &state); err != nil || state.Circle.ID != c.ID || state.Viewers == nil || len(state.Can) == 0 || state.Can["post"].Allowed {
			t.Errorf("the reply's data: %s, %v", sub.Data, err)
		}

		member := d.connected(opening{url: s.socketURL(), protocol: protocol, token: owner.Token})
		member.awaitServerSide(owner)
		if err := json.Unmarshal(member.subscribe(c.channel()).Data, &state); err != nil || !state.Can["post"].Allowed {
			t.Errorf("the owner's can: %+v, %v", state.Can, err)
		}
		member.awaitWhere("the number of viewers", func(e sdkEvent) bool { return e.Event == "sub.publication" && e.kind() == "viewers" })
		guest.awaitWhere("the number of viewers", func(e sdkEvent) bool { return e.Event == "sub.publication" && e.kind() == "viewers" })
		if own := member.told(func(e sdkEvent) bool { return e.Event == "server.publication" }); len(own) > 0 {
			t.Errorf("told on the own channel: %s", own)
		}
	})
}

// awaitServerSide waits for the server-side subscription to p's own channel,
// which the SDK tells right after connected.
func (c *sdkClient) awaitServerSide(p person) {
	c.d.t.Helper()
	if e := c.await("server.subscribed"); e.Channel != "user:"+p.ID || e.Recoverable {
		c.d.t.Errorf("server-side subscription: %s", e)
	}
}

func TestABadTokenIsFinal(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, protocol string) {
		s, d := shared.get(t), startSDK(t)
		good := s.person().Token
		for _, bad := range []string{"x", good[:len(good)-4] + "AAAA", good + "."} {
			c := d.open(opening{url: s.socketURL(), protocol: protocol, token: bad, getToken: true})
			c.must("connect", nil)
			if e := c.await("disconnected"); e.Code != 3500 {
				t.Errorf("token %.10s...: %d %s, want 3500", bad, e.Code, e.Reason)
			}
		}
	})
}

func TestAnExpiredTokenIsReplaced(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, protocol string) {
		s, d := shared.get(t), startSDK(t)
		p := s.person()
		short := s.token(p, time.Second)
		<-time.After(2 * time.Second) // that is what it is about: times in a token are whole seconds
		c := d.open(opening{url: s.socketURL(), protocol: protocol, token: short, getToken: true})
		c.must("connect", nil)
		if e := c.awaitWhere("error 109", func(e sdkEvent) bool { return e.Event == "error" || e.Event == "getToken" }); e.Event == "error" && e.Code != 109 {
			t.Errorf("refused with %d %s, want 109", e.Code, e.Reason)
		}
		c.await("getToken")
		c.giveToken(p.Token)
		c.await("connected")
		if gone := c.told(func(e sdkEvent) bool { return e.Event == "disconnected" }); len(gone) > 0 {
			t.Errorf("it gave up: %+v", gone)
		}
	})
}

func TestATokenIsRefreshedWithoutACut(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, protocol string) {
		s, d := shared.get(t), startSDK(t)
		p := s.person()
		c := s.circle(p)
		short := s.token(p, 3*time.Second)
		client := d.connected(opening{url: s.socketURL(), protocol: protocol, token: short, getToken: true})
		client.subscribe(c.channel())
		client.await("getToken") // before the old one ends
		client.giveToken(s.token(p, 4*time.Second))
		client.await("getToken") // so the first refresh was taken
		client.giveToken(p.Token)
		s.post(p, c, "after the refresh")
		client.awaitPost("after the refresh")
		if n := len(client.told(func(e sdkEvent) bool { return e.Event == "connecting" || e.Event == "disconnected" })); n != 1 {
			t.Errorf("the connection did not live through the refreshes: %s", client.story())
		}
	})
}

func TestWhatSocketsRefuse(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, protocol string) {
		s, d := shared.get(t), startSDK(t)
		people := s.people(2)
		c := s.circle(people[0])
		client := d.connected(opening{url: s.socketURL(), protocol: protocol, token: people[0].Token})
		client.subscribe(c.channel())
		for channel, code := range map[string]int{
			"circle:nobody": 102, "circle:" + people[0].ID: 102, "news": 102, "user:" + people[1].ID: 103,
		} {
			client.must("subscribe", map[string]any{"channel": channel})
			if e := client.await("sub.unsubscribed"); e.Channel != channel || e.Code != code {
				t.Errorf("subscribe %s: %s %d %s, want %d", channel, e.Channel, e.Code, e.Reason, code)
			}
		}
		client.refused(103, "", "publish", map[string]any{"channel": c.channel(), "data": map[string]any{"type": "post.created"}})
		client.refused(108, "", "presence", map[string]any{"channel": c.channel()})
		client.refused(108, "", "presenceStats", map[string]any{"channel": c.channel()})
		client.refused(102, "", "history", map[string]any{"channel": "news", "options": map[string]any{"limit": 1}})
		client.refused(112, "", "history", map[string]any{
			"channel": c.channel(), "options": map[string]any{"limit": 1, "since": position{Offset: 1, Epoch: "another"}},
		})
		s.post(people[0], c, "still here")
		client.awaitPost("still here")
	})
}
