package hub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/wire"
)

// What State reads is not older than the position, and what happens meanwhile
// comes after the reply.
func TestStateAndReplyAndEvents(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	h := &stateful{}
	s := start(t, func(o *hub.Options) { o.Handler = h; patient(o) })
	other := s.subscribed(ctx, t, wire.JSON, "c")
	h.subscribe = func() { s.append(ctx, t, "c", `"before the position"`) }
	h.state = func() {
		s.append(ctx, t, "c", `"held back"`)
		s.append(ctx, t, "c", `"perhaps not yet"`)
		expectOffsets(ctx, t, other, 1, 3) // the second is with everybody when somebody has the third
	}
	c := s.connected(ctx, t, wire.JSON, "")
	if err := c.Send(ctx, &wire.Command{ID: 2, Subscribe: &wire.SubscribeRequest{Channel: "c"}}); err != nil {
		t.Fatal(err)
	}
	m, err := c.Next(ctx)
	if err != nil || m.Reply == nil || m.Reply.Subscribe == nil || m.Reply.Subscribe.Offset != 1 || string(m.Reply.Subscribe.Data) != `"state"` {
		t.Fatalf("first came %+v, %v", m, err)
	}
	expectOffsets(ctx, t, c, 2, 3)
}

type stateful struct {
	hubtest.Open
	subscribe, state func()
}

func (h *stateful) Subscribe(context.Context, *hub.Client, hub.SubscribeRequest) (hub.SubscribeReply, error) {
	if h.subscribe == nil {
		return hub.SubscribeReply{Positioned: true}, nil
	}
	h.subscribe()
	return hub.SubscribeReply{Positioned: true, State: func(context.Context) (json.RawMessage, error) {
		h.state()
		return []byte(`"state"`), nil
	}}, nil
}

// staleLog answers the next read with an old top.
type staleLog struct {
	*hubtest.Log
	stale atomic.Bool
}

func (l *staleLog) Read(ctx context.Context, channel string, q hub.ReadQuery) ([]hub.Publication, hub.Position, error) {
	pubs, top, err := l.Log.Read(ctx, channel, q)
	if l.stale.Swap(false) {
		top.Offset -= 2
	}
	return pubs, top, err
}

// A snapshot that is older than what the channel has delivered is read again.
func TestStaleSnapshot(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	log := &staleLog{Log: hubtest.NewLog("e")}
	s := start(t, func(o *hub.Options) { o.Log = log; patient(o) })
	s.log = log.Log
	first := s.subscribed(ctx, t, wire.JSON, "c")
	for range 5 {
		s.append(ctx, t, "c", "1")
	}
	expectOffsets(ctx, t, first, 1, 5)
	log.stale.Store(true)
	c := s.connected(ctx, t, wire.JSON, "")
	if r, err := c.Subscribe(ctx, "c"); err != nil || r.Offset != 5 {
		t.Fatalf("%+v, %v", r, err)
	}
	s.append(ctx, t, "c", "1")
	expectOffsets(ctx, t, c, 6, 6)
}

// A subscriber that finds another log than the others have makes them look.
func TestSubscribeAfterRestore(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	s := start(t, patient)
	s.append(ctx, t, "c", "1")
	first := s.subscribed(ctx, t, wire.JSON, "c")
	s.log.Restore("e2")
	c := s.connected(ctx, t, wire.JSON, "")
	if r, err := c.Subscribe(ctx, "c"); err != nil || r.Epoch != "e2" || r.Offset != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if push, err := first.Push(ctx); err != nil || push.Unsubscribe == nil || push.Unsubscribe.Code != 2500 {
		t.Fatalf("%+v, %v", push, err)
	}
	s.append(ctx, t, "c", "1")
	expectOffsets(ctx, t, c, 1, 1)
}

// What one subscriber learns of the log helps the others: the broker has lost an event.
func TestSubscribeNoticesHole(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	s := start(t, patient)
	first := s.subscribed(ctx, t, wire.JSON, "c")
	s.log.Append("c", "1") // nobody tells
	s.subscribed(ctx, t, wire.JSON, "c")
	expectOffsets(ctx, t, first, 1, 1)
}

// Events that overtake each other are no reason to read the log.
func TestOvertakingIsNoHole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s := start(t, patient)
		c := s.subscribed(ctx, t, wire.JSON, "c")
		reads := s.log.Reads()
		for range 20 {
			first, second := s.log.Append("c", "1"), s.log.Append("c", "2")
			for _, p := range []hub.Publication{second, first} {
				if err := s.Publish(ctx, "c", p); err != nil {
					t.Fatal(err)
				}
				if p.Offset == second.Offset {
					time.Sleep(30 * time.Millisecond)
				}
			}
			expectOffsets(ctx, t, c, first.Offset, second.Offset)
		}
		if n := s.log.Reads() - reads; n > 0 {
			t.Errorf("the log was read %d times", n)
		}
		lost := s.log.Append("c", `"lost"`)
		s.append(ctx, t, "c", "1")
		began := time.Now()
		expectOffsets(ctx, t, c, lost.Offset, lost.Offset+1)
		if d := time.Since(began); d != 50*time.Millisecond || s.log.Reads() != reads+1 {
			t.Errorf("filled after %v with %d reads", d, s.log.Reads()-reads)
		}
	})
}

// manualBroker does what the test tells it to.
type manualBroker struct {
	mu      sync.Mutex
	sink    hub.Sink
	running chan struct{}
	calls   []string
}

func (b *manualBroker) Run(ctx context.Context, sink hub.Sink) error {
	b.sink = sink
	close(b.running)
	<-ctx.Done()
	return nil
}

func (b *manualBroker) note(call string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, call)
	return nil
}

func (b *manualBroker) Subscribe(_ context.Context, channel string) error {
	return b.note("+" + channel)
}

func (b *manualBroker) Unsubscribe(_ context.Context, channel string) error {
	return b.note("-" + channel)
}

func (b *manualBroker) Publish(context.Context, string, hub.Publication) error { return nil }

// When the broker says that it lost something the heads are compared at once.
func TestLost(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	b := &manualBroker{running: make(chan struct{})}
	s := start(t, func(o *hub.Options) { o.Broker = b; patient(o) })
	c := s.subscribed(ctx, t, wire.JSON, "c")
	s.log.Append("c", "1")
	<-b.running
	b.sink.Lost()
	expectOffsets(ctx, t, c, 1, 1)
	s.append(ctx, t, "c", "1") // subscribers of the publishing node do not wait for the broker
	expectOffsets(ctx, t, c, 2, 2)
}

// The broker is told once of a channel, and that it is no longer wanted only some time after the last subscriber.
func TestBrokerIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		b := &manualBroker{running: make(chan struct{})}
		s := start(t, func(o *hub.Options) { o.Broker = b })
		for range 2 {
			a, c := s.subscribed(ctx, t, wire.JSON, "c"), s.subscribed(ctx, t, wire.JSON, "c")
			a.Close()
			c.Close()
			time.Sleep(2 * time.Second)
			d := s.subscribed(ctx, t, wire.JSON, "c")
			time.Sleep(6 * time.Second)
			if got := s.Channels(); len(got) != 1 || got[0] != "c" {
				t.Errorf("channels %v", got)
			}
			d.Close()
			time.Sleep(7 * time.Second)
			if got, st := s.Channels(), s.Stats(); len(got) != 0 || st.Channels != 0 || st.Subscriptions != 0 {
				t.Errorf("channels %v, %+v", got, st)
			}
		}
		if got := fmt.Sprint(b.calls); got != "[+c -c +c -c]" {
			t.Errorf("the broker heard %v", got)
		}
	})
}

// Subscriptions end and begin from all sides at once.
func TestSubscriptionsInDisorder(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	s := start(t, nil)
	var clients, others sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		others.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					s.Unsubscribe("", "c", hub.InsufficientState, "")
					s.append(ctx, t, "c", "1")
					gosched()
				}
			}
		})
	}
	for i := range 8 {
		c := s.connected(ctx, t, wire.Protocol(i%2), "")
		clients.Go(func() {
			for range 100 {
				if _, err := c.Subscribe(ctx, "c"); err != nil && hubtest.ErrorCode(err) != 105 {
					t.Error(err)
					return
				}
				if _, err := c.Call(ctx, &wire.Command{Unsubscribe: &wire.UnsubscribeRequest{Channel: "c"}}); err != nil {
					t.Error(err)
					return
				}
			}
			c.Close()
		})
	}
	clients.Wait()
	close(stop)
	others.Wait()
	for s.Stats().Clients > 0 {
		gosched()
	}
	if st := s.Stats(); st.Subscriptions != 0 || st.HandlerPanics != 0 {
		t.Errorf("%+v", st)
	}
}
