package socketapi

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"lifecircle/feed"
	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/internal/auth"
	"lifecircle/internal/circlelog"
	"lifecircle/internal/id"
)

const (
	stormLikers  = 200
	stormEach    = 10                     // calls of each liker
	stormPace    = 150 * time.Millisecond // between two of them
	stormViewers = 20
	finalWithin  = time.Second
)

// TestALikeStormIsAFewCountsAndTheLastIsExact has people like and unlike one
// post over sockets while others watch.
func TestALikeStormIsAFewCountsAndTheLastIsExact(t *testing.T) {
	t.Parallel()
	s := newStorm(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var watching, liking sync.WaitGroup
	viewers := make([]*viewer, stormViewers)
	for i := range viewers {
		viewers[i] = s.watch(ctx)
		watching.Go(func() { viewers[i].read(ctx, s.post) })
	}
	likers := make([]*hubtest.Client, stormLikers)
	for i := range likers {
		likers[i] = s.dial(ctx, s.people[i].User.String())
	}
	for i, c := range likers {
		liking.Go(func() { s.like(ctx, c, i) })
	}
	liking.Wait()
	ended, want := time.Now(), s.counts()
	for i, v := range viewers {
		last, at := v.await(ctx, want.Version)
		if last != want || at.Sub(ended) > finalWithin {
			t.Errorf("viewer %d saw %+v %s after the last like, want %+v", i, last, at.Sub(ended), want)
		}
	}
	cancel()
	watching.Wait()
	sent := len(s.shown.times())
	for i, v := range viewers {
		if v.wrong != nil || v.messages > sent || v.messages < 4 {
			t.Errorf("viewer %d got %d messages of %d (%v)", i, v.messages, sent, v.wrong)
		}
	}
	s.atMostFourASecond()
	const odd = stormLikers / 2 // who like it in the end, with one call less
	if want.Likes != odd || s.liking() != odd || want.Version != 1+stormLikers*stormEach-odd {
		t.Errorf("counts %+v, %d like it", want, s.liking())
	}
}

// storm is a node with its feed, and one post.
type storm struct {
	*world
	circle id.ID
	post   id.Post
	server *hubtest.Server
	shown  *timedBroker
}

func newStorm(t *testing.T) *storm {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	late := &lateNode{}
	publisher := NewPublisher(late, false, quiet)
	s := &storm{world: newWorld(t, stormLikers, publisher)}
	var posts []id.Post
	s.circle, posts = s.world.circle(1)
	s.post = posts[0]
	s.shown = &timedBroker{Broker: NewBroker(hub.NewMemoryBroker(), quiet)}
	s.shown.Counter = s.feed
	n := hubtest.RunNode(t, hub.Options{
		Handler: &Handler{Feed: s.feed, Tokens: idTokens{}},
		Log:     NewLog(circlelog.NewReader(s.pool)), Broker: s.shown, Logger: quiet,
	})
	late.Node = n
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = publisher.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	s.server = hubtest.Listen(t, n)
	return s
}

// lateNode is set before the publisher runs.
type lateNode struct{ Node }

// idTokens takes an id for a token of the person with that id.
type idTokens struct{}

func (idTokens) Verify(_ context.Context, token string) (auth.Claims, error) {
	user, err := id.Parse(token)
	return auth.Claims{UserID: user, ExpiresAt: time.Now().Add(time.Hour)}, err
}

// timedBroker notes when counts are given to the hub's clients. A client's own
// clock would say when it had time to look.
type timedBroker struct {
	*Broker
	mu sync.Mutex
	at []time.Time
}

func (b *timedBroker) Run(ctx context.Context, sink hub.Sink) error {
	return b.Broker.Run(ctx, timedSink{sink, b})
}

func (b *timedBroker) times() []time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at
}

type timedSink struct {
	hub.Sink
	b *timedBroker
}

func (s timedSink) Receive(channel string, p hub.Publication) {
	s.b.mu.Lock()
	if p.Offset == 0 && p.Key != "viewers" {
		s.b.at = append(s.b.at, time.Now())
	}
	s.b.mu.Unlock()
	s.Sink.Receive(channel, p)
}

func (s *storm) atMostFourASecond() {
	s.t.Helper()
	at := s.shown.times()
	for i := 4; i < len(at); i++ {
		if took := at[i].Sub(at[i-4]); took < time.Second {
			s.t.Errorf("5 messages of counts within %s", took)
		}
	}
}

func (s *storm) dial(ctx context.Context, token string) *hubtest.Client {
	s.t.Helper()
	c := s.server.Dial(ctx, s.t.(*testing.T), hubtest.DialOptions{}) //nolint:forcetypeassert // made by newStorm
	if _, err := c.Connect(ctx, token); err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *storm) like(ctx context.Context, c *hubtest.Client, i int) {
	data := []byte(`{"post_id":"` + s.post.String() + `"}`)
	tick := time.NewTicker(stormPace)
	defer tick.Stop()
	for n := range stormEach - i%2 { // half of them like it in the end
		<-tick.C
		method := []string{"like", "unlike"}[n%2]
		if _, err := c.RPC(ctx, method, data); err != nil {
			s.t.Errorf("%s: %v", method, err)
			return
		}
	}
}

func (s *storm) counts() (c feed.Counts) {
	s.t.Helper()
	if err := s.pool.QueryRow(s.t.Context(), `SELECT version, likes FROM post_counts`).Scan(&c.Version, &c.Likes); err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *storm) liking() (n int64) {
	s.t.Helper()
	if err := s.pool.QueryRow(s.t.Context(), `SELECT count(*) FROM likes`).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// viewer is one who watches the circle.
type viewer struct {
	client *hubtest.Client
	news   chan struct{} // capacity 1: last has changed

	mu       sync.Mutex // guards the following
	messages int
	last     feed.Counts
	lastAt   time.Time
	wrong    error
}

func (s *storm) watch(ctx context.Context) *viewer {
	s.t.Helper()
	v := &viewer{client: s.dial(ctx, ""), news: make(chan struct{}, 1)}
	if _, err := v.client.Subscribe(ctx, circleChannel(s.circle)); err != nil {
		s.t.Fatal(err)
	}
	return v
}

// read takes what comes until ctx ends.
func (v *viewer) read(ctx context.Context, post id.Post) {
	for {
		pub, err := v.client.Publication(ctx)
		v.mu.Lock()
		if err == nil {
			err = v.takeLocked(pub.Data, post)
		}
		if err != nil && ctx.Err() == nil {
			v.wrong = err
		}
		v.mu.Unlock()
		if err != nil {
			return
		}
		select {
		case v.news <- struct{}{}:
		default:
		}
	}
}

func (v *viewer) takeLocked(data []byte, post id.Post) error {
	var msg countsMessage
	if err := json.Unmarshal(data, &msg); err != nil {
		return err
	}
	v.messages++
	for _, p := range msg.Posts {
		if p.ID != post || p.Version <= v.last.Version {
			return fmt.Errorf("%s after version %d", data, v.last.Version)
		}
		v.last, v.lastAt = p.Counts, time.Now()
	}
	return nil
}

// await returns the newest counts and when they came, once they are of that version.
func (v *viewer) await(ctx context.Context, version int64) (feed.Counts, time.Time) {
	for {
		v.mu.Lock()
		last, at := v.last, v.lastAt
		v.mu.Unlock()
		if last.Version >= version {
			return last, at
		}
		select {
		case <-v.news:
		case <-ctx.Done():
			return last, time.Now()
		}
	}
}
