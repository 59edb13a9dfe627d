package socketapi

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed"
	"lifecircle/feed/policy"
	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/wire"
	"lifecircle/internal/circlelog"
	"lifecircle/internal/id"
	"lifecircle/internal/notify"
)

// rightsOf is what is known of people.
type rightsOf struct {
	mu    sync.Mutex
	known map[id.ID]policy.Subject
}

func (r *rightsOf) Queue(*pgx.Batch, []id.ID) func(id.ID, time.Time) policy.Subject {
	return func(user id.ID, _ time.Time) policy.Subject {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.known[user]
	}
}

func (r *rightsOf) set(a feed.Actor, s policy.Subject) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[a.User] = s
}

// guarded is a node with a gate, over a feed whose people have rights.
type guarded struct {
	*world
	known  *rightsOf
	node   *hub.Node
	server *hubtest.Server
}

func newGuarded(t *testing.T, people int) *guarded {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	late := &lateNode{}
	g := &guarded{world: newWorld(t, people, nil), known: &rightsOf{known: map[id.ID]policy.Subject{}}}
	news := NewPublisher(late, false, quiet)
	var err error
	if g.feed, err = feed.New(t.Context(), g.pool, feed.Options{Audience: news, Rights: g.known}); err != nil {
		t.Fatal(err)
	}
	n := hubtest.RunNode(t, hub.Options{
		Handler: &Handler{Feed: g.feed, Tokens: idTokens{}},
		Log:     NewLog(circlelog.NewReader(g.pool)), Broker: hub.NewMemoryBroker(), Logger: quiet,
	})
	late.Node, g.node = n, n
	gate := &Gate{Audience: n, Feed: g.feed, Log: quiet}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, run := range []func(context.Context) error{g.feed.Run, news.Run, gate.Run} {
		running.Go(func() { _ = run(ctx) })
	}
	t.Cleanup(func() { stop(); running.Wait() })
	g.server = hubtest.Listen(t, n)
	return g
}

func (g *guarded) dial(ctx context.Context, t *testing.T, a feed.Actor) *hubtest.Client {
	t.Helper()
	token := ""
	if !a.Guest() {
		token = a.User.String()
	}
	c := g.server.Dial(ctx, t, hubtest.DialOptions{})
	if _, err := c.Connect(ctx, token); err != nil {
		t.Fatal(err)
	}
	return c
}

func (g *guarded) setRules(circle id.ID, rules map[policy.Action]string) {
	g.t.Helper()
	if _, err := g.feed.SetRules(g.t.Context(), g.people[0], circle, feed.NewRules{Rules: rules}, ""); err != nil {
		g.t.Fatal(err)
	}
}

// ended waits for the end of a subscription.
func ended(ctx context.Context, t *testing.T, c *hubtest.Client) *wire.Unsubscribe {
	t.Helper()
	for {
		push, err := c.Push(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if push.Unsubscribe != nil {
			return push.Unsubscribe
		}
	}
}

var adults = map[policy.Action]string{policy.View: "user.age >= 18"}

// TestTheGateEndsWhatIsClosed: whoever may not look any more is unsubscribed
// within a second, by rules or by his own rights, and the others are not.
func TestTheGateEndsWhatIsClosed(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, 3)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	circle, _ := g.circle(1)
	channel := circleChannel(circle)
	adult, minor := g.people[1], g.people[2]
	g.known.set(adult, policy.Subject{Age: 18})
	g.known.set(minor, policy.Subject{Age: 17})
	sockets := map[feed.Actor]*hubtest.Client{}
	for _, a := range []feed.Actor{adult, minor} {
		sockets[a] = g.dial(ctx, t, a)
		if _, err := sockets[a].Subscribe(ctx, channel); err != nil {
			t.Fatal(err)
		}
	}
	g.setRules(circle, adults)
	began := time.Now()
	if end := ended(ctx, t, sockets[minor]); end.Code != viewClosed || time.Since(began) > time.Second {
		t.Errorf("%+v after %s", end, time.Since(began))
	}
	if _, err := sockets[minor].Subscribe(ctx, channel); hubtest.ErrorCode(err) != hub.ErrUnknownChannel.Code {
		t.Errorf("subscribed again: %v", err)
	}
	for a, want := range map[feed.Actor]uint32{minor: hub.ErrUnknownChannel.Code, adult: 0} {
		r, err := sockets[a].Call(ctx, &wire.Command{History: &wire.HistoryRequest{Channel: channel, Limit: 10}})
		if err != nil || (r.Error == nil) != (want == 0) || r.Error != nil && r.Error.Code != want {
			t.Errorf("history for %v: %+v, %v", a, r, err)
		}
	}
	g.known.set(adult, policy.Subject{}) // nobody is told
	began = time.Now()
	if end := ended(ctx, t, sockets[adult]); end.Code != viewClosed || time.Since(began) > time.Second {
		t.Errorf("%+v after %s", end, time.Since(began))
	}
}

// TestTheGateAndGuests: guests have no name, so all come again, and those who
// may look are let in.
func TestTheGateAndGuests(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, 2)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	circle, _ := g.circle(1)
	channel := circleChannel(circle)
	adult := g.people[1]
	g.known.set(adult, policy.Subject{Age: 18})
	for a, want := range map[feed.Actor]uint32{{}: hub.ErrUnknownChannel.Code, adult: 0} {
		g.setRules(circle, map[policy.Action]string{})
		guest, c := g.dial(ctx, t, feed.Actor{}), g.dial(ctx, t, a)
		for _, s := range []*hubtest.Client{guest, c} {
			if _, err := s.Subscribe(ctx, channel); err != nil {
				t.Fatal(err)
			}
		}
		g.setRules(circle, adults)
		if end := ended(ctx, t, c); end.Code != judgeAnew {
			t.Errorf("%+v", end)
		}
		if _, err := c.Subscribe(ctx, channel); err == nil != (want == 0) || err != nil && hubtest.ErrorCode(err) != want {
			t.Errorf("%v came again: %v", a, err)
		}
	}
}

// TestScoreAtEveryMethod: 750 is refused and 751 accepted on an open socket,
// and what one can do comes with the subscription.
func TestScoreAtEveryMethod(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, 2)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	circle, posts := g.circle(1)
	const score = "user.credit > 750"
	g.setRules(circle, map[policy.Action]string{policy.MakePost: score, policy.Comment: score + " || can.post", policy.Like: score})
	reader := g.people[1]
	c := g.dial(ctx, t, reader)
	for method, data := range map[string]string{
		"post":    `{"circle_id":"` + circle.String() + `","text":"x"}`,
		"comment": `{"post_id":"` + posts[0].String() + `","text":"x"}`,
		"like":    `{"post_id":"` + posts[0].String() + `"}`,
	} {
		g.known.set(reader, policy.Subject{Credit: 750})
		if _, err := c.RPC(ctx, method, []byte(data)); hubtest.ErrorCode(err) != 1403 {
			t.Errorf("%s at 750: %v", method, err)
		}
		g.known.set(reader, policy.Subject{Credit: 751})
		if _, err := c.RPC(ctx, method, []byte(data)); err != nil {
			t.Errorf("%s at 751: %v", method, err)
		}
	}
	g.known.set(reader, policy.Subject{Credit: 750})
	r, err := c.Subscribe(ctx, circleChannel(circle))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Circle feed.Circle
		Can    policy.Can
	}
	if err := json.Unmarshal(r.Data, &got); err != nil {
		t.Fatal(err)
	}
	if d := got.Can[policy.MakePost]; d.Allowed || d.Reason == "" || len(d.Rule) != 1 || d.Rule[0].Missing != 1 || got.Circle.Rules[policy.Like] != score || !got.Can[policy.View].Allowed {
		t.Errorf("%s", r.Data)
	}
}

// TestNewsIsToldToItsPerson on the channel that has his hints.
func TestNewsIsToldToItsPerson(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, 2)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, other := g.dial(ctx, t, g.people[1]), g.dial(ctx, t, g.people[0])
	tell := News(g.node, slog.New(slog.DiscardHandler))
	tell(g.people[1].User, notify.Score)
	tell(g.people[1].User, notify.Notification)
	tell(g.people[0].User, notify.Can)
	for of, want := range map[*hubtest.Client][]string{c: {"score.updated", "can.updated", "notification.created"}, other: {"can.updated"}} {
		for _, kind := range want {
			p, err := of.Publication(ctx)
			if err != nil || string(p.Data) != `{"type":"`+kind+`"}` {
				t.Errorf("%v, %v, want %s", p, err, kind)
			}
		}
	}
}
