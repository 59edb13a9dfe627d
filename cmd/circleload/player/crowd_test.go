package player

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lifecircle/hub"
	"lifecircle/hub/wire"
)

// Viewers who are cut again and again miss nothing on a server that keeps its promises.
func TestAnHonestServer(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, p wire.Protocol) {
		const viewers, rounds, posts = 120, 3, 20 // posts of a round in each channel
		ctx := deadline(t)
		h := newHonest(t, nil)
		c := newCrowd(t, CrowdOptions{Dial: Dial{Protocol: p}, Reconnect: Backoff{Min: 10 * time.Millisecond, Max: 50 * time.Millisecond, Immediate: p == wire.JSON}})
		channels := []string{"circle:a", "circle:b", "circle:c"}
		must(t, c.Join(Viewers{Count: viewers, URLs: []string{h.url, h.url + "?2"}, Channels: channels, Each: 2}))
		must(t, c.Ready(ctx))
		if s := c.Snapshot(); s.Open != viewers || s.Subscribed != 2*viewers || s.Viewers != viewers {
			t.Errorf("all have come: %+v", s)
		}
		var heads map[string]Head
		for range rounds {
			for i := range posts {
				for _, ch := range channels {
					must(t, h.publish(ctx, ch, fmt.Sprintf(`{"text":%q}`, appendMarker(nil, time.Now(), uint64(i), 200))))
				}
				if i == posts/2 && c.Cut(viewers/2) != viewers/2 {
					t.Error("there were too few to cut")
				}
			}
			var err error
			heads, err = c.Heads(ctx)
			must(t, err)
			must(t, c.Settle(ctx, heads))
		}
		for _, ch := range channels {
			if heads[ch] != (Head{rounds * posts, "e"}) {
				t.Errorf("the head of %s is %+v", ch, heads[ch])
			}
		}
		r := c.Close(heads)
		if r.Faults() != 0 || r.Unrecovered != 0 {
			t.Errorf("%d faults: %q; %+v", r.Faults(), r.Examples, r)
		}
		if all := r.Deliveries + r.Replayed; all != 2*viewers*rounds*posts {
			t.Errorf("%d deliveries, %d of them replayed", all, r.Replayed)
		}
		if r.Cuts != rounds*viewers/2 || r.Recovered < 2*r.Cuts || r.Reconnects < r.Cuts || r.Recovery.Count < r.Cuts || r.Connect.Count != viewers {
			t.Errorf("cuts: %+v", r)
		}
		if r.Delivery.Count != r.Deliveries || r.Delivery.P50 <= 0 || r.Delivery.Max > testTime.Seconds()*1000 {
			t.Errorf("latency: %+v of %d: %+v", r.Delivery, r.Deliveries, r)
		}
	})
}

// Each way to break the promise is seen as what it is.
func TestBrokenServersAreCaught(t *testing.T) {
	t.Parallel()
	fresh := &wire.SubscribeResult{Positioned: true, Recoverable: true, Epoch: "e"}
	for name, c := range map[string]struct {
		offsets []uint64
		head    uint64
		resumed *wire.SubscribeResult // the answer after a cut, if there is one
		want    Result
	}{
		"sound":        {[]uint64{1, 2, 3}, 3, nil, Result{}},
		"lost":         {[]uint64{1, 4}, 4, nil, Result{Lost: 2}},
		"lost at last": {[]uint64{1, 2}, 5, nil, Result{Lost: 3}},
		"doubled":      {[]uint64{1, 2, 2, 1, 3}, 3, nil, Result{Doubled: 2}},
		"disordered":   {[]uint64{1, 3, 2, 4}, 4, nil, Result{Disordered: 1}},
		"all of it":    {[]uint64{2, 2, 1, 5}, 6, nil, Result{Lost: 3, Doubled: 1, Disordered: 1}},
		"recovered": {
			[]uint64{1},
			3,
			&wire.SubscribeResult{Positioned: true, Epoch: "e", Offset: 1, Recovered: true, WasRecovering: true, Publications: []*wire.Publication{{Offset: 2}, {Offset: 3}}},
			Result{Recovered: 1},
		},
		"a part is replayed": {
			[]uint64{1},
			3,
			&wire.SubscribeResult{Positioned: true, Epoch: "e", Offset: 3, Recovered: true, Publications: []*wire.Publication{{Offset: 2}}},
			Result{Recovered: 1, Lost: 1},
		},
		"replayed twice": {
			[]uint64{1},
			2,
			&wire.SubscribeResult{Positioned: true, Epoch: "e", Recovered: true, Publications: []*wire.Publication{{Offset: 1}, {Offset: 2}}},
			Result{Recovered: 1, Doubled: 1},
		},
		"declined": {[]uint64{1}, 9, &wire.SubscribeResult{Positioned: true, Epoch: "e", Offset: 9}, Result{Unrecovered: 1, Skipped: 8}},
		"another":  {[]uint64{1}, 9, &wire.SubscribeResult{Positioned: true, Epoch: "f", Offset: 4}, Result{Unrecovered: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := deadline(t)
			f := newFake(t, func(r *wire.SubscribeRequest) *wire.SubscribeResult {
				if r.Recover {
					return c.resumed
				}
				return fresh
			})
			crowd := newCrowd(t, CrowdOptions{})
			must(t, crowd.Join(Viewers{Count: 1, URLs: []string{f.url}, Channels: []string{"c"}}))
			must(t, crowd.Ready(ctx))
			<-f.joined
			for _, offset := range c.offsets {
				f.say(ctx, t, offset)
			}
			must(t, await(ctx, func() bool { return crowd.Snapshot().TotalDeliveries == int64(len(c.offsets)) }))
			if c.resumed != nil {
				crowd.Cut(1)
				for again := range f.joined {
					if again.Recover && (again.Offset != 1 || again.Epoch != "e") {
						t.Errorf("it came back with %+v", again)
					}
					if again.Recover {
						break
					}
				}
				must(t, await(ctx, func() bool { return crowd.Snapshot().Subscribed == 1 }))
			}
			r := crowd.Close(map[string]Head{"c": {c.head, "e"}})
			got := Result{Lost: r.Lost, Doubled: r.Doubled, Disordered: r.Disordered, Stranded: r.Stranded, Recovered: r.Recovered, Unrecovered: r.Unrecovered, Skipped: r.Skipped}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got %+v\nwant %+v\n%q", got, c.want, r.Examples)
			}
			if faults := c.want.Lost + c.want.Doubled + c.want.Disordered; int64(r.Faults()) != faults || faults > 0 && len(r.Examples) == 0 {
				t.Errorf("%d faults, %q", r.Faults(), r.Examples)
			}
		})
	}
}

// What a server says decides whether a viewer comes back.
func TestClosesAndUnsubscribes(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	h := newHonest(t, nil)
	c := newCrowd(t, CrowdOptions{})
	must(t, c.Join(Viewers{Count: 3, URLs: []string{h.url}, Channels: []string{"circle:a"}, Tokens: names}))
	must(t, c.Ready(ctx))

	h.Unsubscribe("usera", "circle:a", hub.InsufficientState, "x")
	must(t, await(ctx, func() bool { return c.rec.recovered.Load() == 1 }))
	h.Unsubscribe("usera", "circle:a", hub.UnsubscribedByServer, "x")
	must(t, await(ctx, func() bool { return c.rec.terminated.Load() == 1 }))
	h.UserDisconnect("userb", *hub.DisconnectForceReconnect)
	must(t, await(ctx, func() bool { return c.rec.recovered.Load() == 2 }))
	h.UserDisconnect("userc", *hub.DisconnectForce)
	must(t, await(ctx, func() bool { return c.rec.terminated.Load() == 2 }))

	must(t, h.publish(ctx, "circle:a", `{}`))
	heads, err := c.Heads(ctx)
	must(t, err)
	must(t, c.Settle(ctx, heads))
	r := c.Close(heads)
	want := map[string]int64{"unsubscribed 2500": 1, "unsubscribed 2000": 1, "3011": 1, "3503": 1}
	if r.Faults() != 0 || fmt.Sprint(r.Closes) != fmt.Sprint(want) || r.Reconnects != 1 || r.Deliveries != 1 {
		t.Errorf("%+v", r)
	}
}

// Who is sent away at once arrives too, in a way; who is not let in is stranded.
func TestNoWayIn(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	f := newFake(t, nil)
	c := newCrowd(t, CrowdOptions{})
	must(t, c.Join(Viewers{Count: 2, URLs: []string{f.url}, Channels: []string{"c"}}))
	must(t, c.Ready(ctx))
	if r := c.Close(nil); r.Terminated != 2 || r.Faults() != 0 || r.Errors["connect 107"] != 2 {
		t.Errorf("%+v", r)
	}
	c = newCrowd(t, CrowdOptions{})
	must(t, c.Join(Viewers{Count: 2, URLs: []string{"ws://127.0.0.1:1/"}, Channels: []string{"c"}}))
	must(t, await(ctx, func() bool {
		c.rec.mu.Lock()
		defer c.rec.mu.Unlock()
		return c.rec.dialErrors["connection refused"] > 3 // they try again
	}))
	if r := c.Close(nil); r.Stranded != 2 {
		t.Errorf("%+v", r)
	}
}

// A token is refreshed in time, and a new one fetched for the next connection.
func TestTokensAreRefreshed(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	h := newHonest(t, nil)
	var asked atomic.Int64
	c := newCrowd(t, CrowdOptions{})
	must(t, c.Join(Viewers{Count: 1, URLs: []string{h.url}, Channels: []string{"circle:a"}, Tokens: func(context.Context, int) (string, error) {
		if asked.Add(1) == 1 {
			return "ann/-1", nil // expired: error 109
		}
		return "ann/1", nil
	}}))
	must(t, await(ctx, func() bool { return c.rec.refreshed.Load() == 2 }))
	if r := c.Close(nil); asked.Load() < 4 || r.Errors["connect 109"] != 1 || len(r.Closes) != 0 {
		t.Errorf("asked %d times; %+v", asked.Load(), r)
	}
}

// Those who do not read are cut by the server; the others do not notice.
func TestSlowViewers(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	h := newHonest(t, func(o *hub.Options) { o.QueueBytes = 64 << 10 })
	c := newCrowd(t, CrowdOptions{})
	must(t, c.Join(Viewers{Count: 5, URLs: []string{h.url}, Channels: []string{"circle:a"}}))
	must(t, c.Join(Viewers{Count: 2, URLs: []string{h.url}, Channels: []string{"circle:a"}, Slow: true}))
	must(t, c.Join(Viewers{Count: 1, URLs: []string{h.url}, Channels: []string{"circle:a"}, Slow: true, BytesPerSecond: 2000}))
	must(t, c.Ready(ctx))
	big := fmt.Sprintf(`{"text":%q}`, strings.Repeat("circle ", 4000))
	for n := int64(1); h.Stats().SlowDisconnects < 3; n++ { // beyond what the kernel takes
		must(t, h.publish(ctx, "circle:a", big))
		must(t, await(ctx, func() bool { return c.Snapshot().TotalDeliveries == 5*n }))
	}
	heads, err := c.Heads(ctx)
	must(t, err)
	must(t, c.Settle(ctx, heads))
	r := c.Close(heads)
	if r.Faults() != 0 || r.Viewers != 8 || uint64(r.Deliveries) != 5*heads["circle:a"].Offset || r.Cuts != 0 {
		t.Errorf("%+v of %+v", r, heads)
	}
}

// The head is asked for by somebody who counts nowhere.
func TestHeadsCountNobody(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	h := newHonest(t, nil)
	c := newCrowd(t, CrowdOptions{})
	var channels []string
	for i := range 150 { // more than one auditor asks for
		channels = append(channels, fmt.Sprintf("circle:%d", i))
	}
	channels = append(channels, "hint:x")
	must(t, c.Join(Viewers{Count: 2, URLs: []string{h.url}, Channels: channels, Each: 100}))
	must(t, c.Ready(ctx))
	heads, err := c.Heads(ctx)
	must(t, err)
	if len(heads) != 150 {
		t.Errorf("%d heads", len(heads))
	}
	if r := c.Close(heads); r.Viewers != 2 || r.Subscriptions != 200 || r.Unpositioned != 1 || r.Connect.Count != 2 || r.Faults() != 0 {
		t.Errorf("%+v", r)
	}
}
