package hub_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/wire"
)

// lossyBroker drops, doubles and reorders.
type lossyBroker struct {
	*hub.MemoryBroker
	mu   sync.Mutex
	held []func()
}

func (b *lossyBroker) Publish(ctx context.Context, channel string, p hub.Publication) error {
	publish := func() { _ = b.MemoryBroker.Publish(ctx, channel, p) } // it never fails
	b.mu.Lock()
	defer b.mu.Unlock()
	switch n := rand.IntN(10); {
	case n == 0: // lost
	case n == 1:
		publish()
		publish()
	case n <= 4: // late
		b.held = append(b.held, publish)
	default:
		publish()
	}
	if len(b.held) > 3 || rand.IntN(4) == 0 {
		rand.Shuffle(len(b.held), func(i, j int) { b.held[i], b.held[j] = b.held[j], b.held[i] })
		for _, h := range b.held {
			h()
		}
		b.held = nil
	}
	return nil
}

// Whatever the broker does, every subscriber on every node, whether it stays or
// comes and goes, sees each event once and in order, at most 2 s late.
func TestLossyBroker(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	log := hubtest.NewLog("e")
	broker := &lossyBroker{MemoryBroker: hub.NewMemoryBroker()}
	nodes := make([]setup, 3)
	for i := range nodes {
		nodes[i] = start(t, func(o *hub.Options) { o.Log, o.Broker, o.Name = log, broker, fmt.Sprint("n", i) })
	}
	const events = 400
	var published [events + 1]atomic.Int64 // nanoseconds
	var all sync.WaitGroup
	for i := range 12 {
		s := nodes[1+i%2] // the first node only publishes
		v := &viewer{restless: i%3 == 0, published: published[:]}
		if err := v.join(ctx, t, s, wire.Protocol(i%2)); err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			if err := v.watch(ctx, t, s, events); err != nil {
				t.Errorf("viewer %d at %d: %v", i, v.seen, err)
			}
		})
	}
	for i := range events {
		p := log.Append("c", strconv.Itoa(i))
		published[p.Offset].Store(time.Now().UnixNano())
		if err := nodes[0].Publish(ctx, "c", p); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond)
	}
	all.Wait()
	if st := nodes[1].Stats(); st.GapsFilled == 0 || st.Resets > 0 {
		t.Errorf("%+v", st)
	}
}

// viewer is one subscriber that checks what it sees.
type viewer struct {
	client    *hubtest.Client
	protocol  wire.Protocol
	seen      uint64
	restless  bool // reconnects all the time
	published []atomic.Int64
}

func (v *viewer) join(ctx context.Context, t *testing.T, s setup, p wire.Protocol) error {
	v.protocol = p
	v.client = s.connected(ctx, t, p, "")
	r, err := v.client.Recover(ctx, "c", v.seen, "e")
	if err != nil {
		return err
	}
	if !r.Recovered {
		return fmt.Errorf("not recovered from %d", v.seen)
	}
	for _, pub := range r.Publications {
		if err := v.see(pub.Offset); err != nil {
			return err
		}
	}
	return nil
}

func (v *viewer) see(offset uint64) error {
	if offset != v.seen+1 {
		return fmt.Errorf("got %d", offset)
	}
	v.seen = offset
	if at := v.published[offset].Load(); at > 0 && time.Since(time.Unix(0, at)) > 2*time.Second {
		return fmt.Errorf("%v late", time.Since(time.Unix(0, at)))
	}
	return nil
}

func (v *viewer) watch(ctx context.Context, t *testing.T, s setup, until uint64) error {
	for v.seen < until {
		p, err := v.client.Publication(ctx)
		if err != nil {
			return err
		}
		if err := v.see(p.Offset); err != nil {
			return err
		}
		if v.restless && rand.IntN(10) == 0 {
			v.client.Close()
			if err := v.join(ctx, t, s, v.protocol); err != nil {
				return err
			}
		}
	}
	return nil
}

// With a broker that brings nothing at all the comparison of heads delivers.
func TestDeadBroker(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	s := start(t, func(o *hub.Options) { o.Broker = deadBroker{} })
	c := s.subscribed(ctx, t, wire.JSON, "c")
	for i := range 3000 {
		s.log.Append("c", strconv.Itoa(i))
	}
	began := time.Now()
	expectOffsets(ctx, t, c, 1, 3000)
	if d := time.Since(began); d > 2*time.Second {
		t.Errorf("after %v", d)
	}
	for i := range 6000 { // more than a hole may hold
		s.log.Append("c", strconv.Itoa(i))
	}
	if push, err := c.Push(ctx); err != nil || push.Unsubscribe == nil || push.Unsubscribe.Code != 2500 {
		t.Errorf("%+v, %v", push, err)
	}
}

type deadBroker struct{}

func (deadBroker) Run(ctx context.Context, _ hub.Sink) error { <-ctx.Done(); return nil }
func (deadBroker) Subscribe(context.Context, string) error   { return context.DeadlineExceeded }
func (deadBroker) Unsubscribe(context.Context, string) error { return context.DeadlineExceeded }
func (deadBroker) Publish(context.Context, string, hub.Publication) error {
	return context.DeadlineExceeded
}

// When the log is another one all subscribers subscribe again; a publication
// that merely claims so changes nothing.
func TestEpochChange(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	s := start(t, patient)
	s.append(ctx, t, "c", "1")
	clients := []*hubtest.Client{s.subscribed(ctx, t, wire.JSON, "c"), s.subscribed(ctx, t, wire.Protobuf, "c")}
	if err := s.Publish(ctx, "c", hub.Publication{Offset: 2, Epoch: "stale", Data: []byte("1")}); err != nil {
		t.Fatal(err)
	}
	s.append(ctx, t, "c", "2")
	for _, c := range clients {
		expectOffsets(ctx, t, c, 2, 2)
	}
	s.log.Restore("e2")
	if err := s.Publish(ctx, "c", s.log.Append("c", "1")); err != nil {
		t.Fatal(err)
	}
	for _, c := range clients {
		push, err := c.Push(ctx)
		if err != nil || push.Unsubscribe == nil || push.Unsubscribe.Code != 2500 {
			t.Fatalf("%+v, %v", push, err)
		}
		r, err := c.Recover(ctx, "c", 2, "e")
		if err != nil || r.Recovered || r.Epoch != "e2" || r.Offset != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	s.append(ctx, t, "c", "2")
	for _, c := range clients {
		expectOffsets(ctx, t, c, 2, 2)
	}
}

// A client that does not read is cut with 3008, and nobody else notices.
func TestSlowClient(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	s := start(t, func(o *hub.Options) { o.QueueBytes = 64 << 10; o.WriteTimeout = 10 * time.Second })
	slow := s.subscribed(ctx, t, wire.JSON, "c")
	good := s.subscribed(ctx, t, wire.Protobuf, "c")
	text := `"` + strings.Repeat("x", 1000) + `"`
	for i := range 100 {
		s.append(ctx, t, "c", text)
		if err := s.Publish(ctx, "c", hub.Publication{Data: []byte(`{"type":"counts"}`), Key: strconv.Itoa(i % 3)}); err != nil {
			t.Fatal(err)
		}
		for seen := 0; seen <= i; {
			p, err := good.Publication(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if p.Offset > 0 {
				seen = int(p.Offset)
			}
		}
	}
	if st := s.Stats(); st.SlowDisconnects != 1 || st.Clients != 2 {
		t.Errorf("%+v", st)
	}
	closedWith(ctx, t, slow, 3008) // it reads at last
}

// A write that takes too long ends the connection as well.
func TestBlockedWrite(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	n := hubtest.RunNode(t, hub.Options{Handler: hubtest.Open{}, Log: hubtest.NewLog("e"), WriteTimeout: 200 * time.Millisecond, SocketBuffer: 4 << 10})
	srv := httptest.NewServer(n)
	defer srv.Close()
	c, err := hubtest.Dial(ctx, srv.URL, hubtest.DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Connect(ctx, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Subscribe(ctx, "hint:c"); err != nil {
		t.Fatal(err)
	}
	text := []byte(`"` + strings.Repeat("x", 900<<10) + `"`)
	for n.Stats().SlowDisconnects == 0 {
		if err := n.Publish(ctx, "hint:c", hub.Publication{Data: text}); err != nil {
			t.Fatal(err)
		}
		if ctx.Err() != nil {
			t.Fatal(ctx.Err())
		}
		gosched()
	}
	for n.Stats().Clients > 0 {
		gosched()
	}
}

// Publications without offset merge while a client does not keep up.
func TestEphemeralMerge(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	s := start(t, nil)
	c := s.subscribed(ctx, t, wire.JSON, "hint:c")
	const last = 2000
	for i := range last + 1 {
		if err := s.Publish(ctx, "hint:c", hub.Publication{Data: []byte(strconv.Itoa(i)), Key: "count"}); err != nil {
			t.Fatal(err)
		}
	}
	got := 0
	for newest := -1; newest < last; got++ {
		p, err := c.Publication(ctx)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(string(p.Data))
		if err != nil || n <= newest {
			t.Fatalf("after %d came %s", newest, p.Data)
		}
		newest = n
	}
	if got > last/2 {
		t.Errorf("%d publications for a client that did not read", got)
	}
}

// Data that is not JSON is refused where it is published.
func TestPublishRefuses(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	s := start(t, nil)
	for _, p := range []hub.Publication{{Data: []byte("{")}, {}, {Offset: 1, Data: []byte("1")}, {Epoch: "e", Data: []byte("1")}} {
		if err := s.Publish(ctx, "c", p); err == nil {
			t.Errorf("%+v was published", p)
		}
	}
	if err := s.Publish(ctx, "$hub:occupancy", hub.Publication{Data: []byte("1")}); err == nil {
		t.Error("a reserved channel was published to")
	}
}

// What a node tells stays on it, and needs no broker; events of the log are
// not told.
func TestTellIsForThisNodeOnly(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	log, broker := hubtest.NewLog("e"), hub.NewMemoryBroker()
	join := func(o *hub.Options) { o.Log, o.Broker = log, broker }
	here, there := start(t, join), start(t, join)
	a, b := here.subscribed(ctx, t, wire.JSON, "c"), there.subscribed(ctx, t, wire.Protobuf, "c")
	if err := here.Tell("c", hub.Publication{Data: []byte(`"here"`)}); err != nil {
		t.Fatal(err)
	}
	if err := here.Publish(ctx, "c", hub.Publication{Data: []byte(`"everywhere"`)}); err != nil {
		t.Fatal(err)
	}
	for c, want := range map[*hubtest.Client]string{a: `"here"`, b: `"everywhere"`} {
		if p, err := c.Publication(ctx); err != nil || string(p.Data) != want {
			t.Errorf("got %v, %v, want %s", p, err, want)
		}
	}
	for _, p := range []hub.Publication{{Data: []byte("no JSON")}, {Data: []byte("1"), Offset: 1, Epoch: "e"}, {Data: []byte("1"), Epoch: "e"}} {
		if err := here.Tell("c", p); err == nil {
			t.Errorf("told %+v", p)
		}
	}
}
