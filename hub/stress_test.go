package hub_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/wire"
)

// Clients that join, recover, leave, abort, stall and go on at random, while
// events, hints and large bursts are published: each sees every event of the
// log once and in order, from where it was, whatever became of it; and when all
// are gone nothing is left of them.
func TestClientsComeAndGo(t *testing.T) { //nolint:paralleltest // it counts goroutines and files
	const seed, players, lasts = 7, 40, 2 * time.Second
	files, goroutines := openFiles(t), runtime.NumGoroutine()
	var fanouts atomic.Int64
	log := hubtest.NewLog("e")
	n, err := hub.New(hub.Options{
		Handler: hubtest.Open{}, Log: log, SocketBuffer: 8 << 10, Compression: true, QueueBytes: 256 << 10,
		WriteTimeout: 300 * time.Millisecond, HeadInterval: 50 * time.Millisecond,
		Observe: func(hub.Fanout) { fanouts.Add(1) },
	})
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error, 1)
	runCtx, stop := context.WithCancel(deadline(t))
	go func() { ran <- n.Run(runCtx) }()
	srv := httptest.NewServer(n)

	ctx, end := context.WithTimeout(deadline(t), lasts)
	defer end()
	var all sync.WaitGroup
	for i := range players {
		all.Go(func() {
			p := &player{rand: rand.New(rand.NewPCG(seed, uint64(i))), url: srv.URL} //nolint:gosec // a test
			if err := p.play(ctx); err != nil {
				t.Errorf("player %d: %v", i, err)
			}
		})
	}
	all.Go(func() { publishAtRandom(ctx, t, n, log, rand.New(rand.NewPCG(seed, players))) }) //nolint:gosec // a test
	all.Wait()
	if fanouts.Load() == 0 {
		t.Error("nothing was fanned out")
	}
	stop()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	srv.Close()
	t.Logf("%+v", n.Stats())
	if s := n.Stats(); s.Clients != 0 || s.Subscriptions != 0 || s.QueueBytes != 0 || s.Connecting != 0 || s.Addresses != 0 {
		t.Errorf("left: %+v", s)
	}
	await := deadline(t)
	for openFiles(t) > files || runtime.NumGoroutine() > goroutines {
		if await.Err() != nil {
			t.Fatalf("%d files and %d goroutines, %d and %d before", openFiles(t), runtime.NumGoroutine(), files, goroutines)
		}
		gosched()
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("files cannot be counted here")
	}
	return len(all)
}

// publishAtRandom writes into the log, loses some of it on the way, and sends hints.
func publishAtRandom(ctx context.Context, t *testing.T, n *hub.Node, log *hubtest.Log, r *rand.Rand) {
	t.Helper()
	for i := 0; ctx.Err() == nil; i++ {
		channel := fmt.Sprint("c", r.IntN(3))
		events, size := 1+r.IntN(2)*r.IntN(12), 400
		if r.IntN(60) == 0 {
			events, size = 60, 8<<10 // a burst
		}
		for range events {
			p := log.Append(channel, fmt.Sprintf("%q", noise(i, r.IntN(size))))
			if r.IntN(50) == 0 {
				continue // lost: the log mends it
			}
			if err := n.Publish(ctx, channel, p); err != nil {
				t.Error(err)
			}
		}
		_ = n.Publish(ctx, channel, hub.Publication{Data: []byte(`"hint"`), Key: "k"})
		pauseFor(ctx, time.Duration(r.IntN(8))*time.Millisecond)
	}
}

func pauseFor(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// player is one client with all its connections.
type player struct {
	rand *rand.Rand
	url  string
	seen [3]uint64 // of each channel; the position to go on from
}

func (p *player) play(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := p.live(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// live is one connection's life. Its end, whatever it is, is no error.
func (p *player) live(ctx context.Context) error {
	var conn net.Conn
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		var err error
		conn, err = new(net.Dialer).DialContext(ctx, network, addr)
		if err == nil {
			_ = conn.(*net.TCPConn).SetReadBuffer(16 << 10) //nolint:forcetypeassert // dialled with tcp
		}
		return conn, err
	}}
	defer transport.CloseIdleConnections()
	o := hubtest.DialOptions{HTTP: &http.Client{Transport: transport}, Compress: p.rand.IntN(2) == 0}
	if p.rand.IntN(2) == 0 {
		o.Protocol = wire.Protobuf
	}
	c, err := hubtest.Dial(ctx, p.url, o)
	if err != nil {
		return err
	}
	defer c.Close()
	if p.rand.IntN(2) == 0 { // else it goes with a FIN, or with a reset if anything is unread
		defer func() { _ = conn.(*net.TCPConn).SetLinger(0) }() //nolint:forcetypeassert // dialled with tcp
	}
	if p.rand.IntN(20) == 0 {
		return nil // without a word
	}
	if _, err := c.Connect(ctx, ""); err != nil {
		return ended(err)
	}
	channel := p.rand.IntN(3)
	for range 1 + p.rand.IntN(4) {
		if err := p.watch(ctx, c, channel); err != nil {
			return ended(err)
		}
		channel = (channel + 1) % 3
	}
	return nil
}

// ended is nil if err says that the connection is gone.
func ended(err error) error {
	if hubtest.ErrorCode(err) != 0 || strings.Contains(err.Error(), "wrong") {
		return err
	}
	return nil
}

// watch follows a channel for a while, and leaves it or not.
func (p *player) watch(ctx context.Context, c *hubtest.Client, channel int) error {
	name, seen := fmt.Sprint("c", channel), &p.seen[channel]
	r, err := c.Recover(ctx, name, *seen, "e")
	if err != nil {
		return err
	}
	if !r.Recovered {
		*seen = r.Offset
	}
	for _, pub := range r.Publications {
		if pub.Offset != *seen+1 {
			return fmt.Errorf("wrong: recovered %d after %d", pub.Offset, *seen)
		}
		*seen = pub.Offset
	}
	for i := p.rand.IntN(40); i >= 0; i-- {
		if p.rand.IntN(100) == 0 {
			pauseFor(ctx, time.Duration(p.rand.IntN(100))*time.Millisecond)
		}
		if p.rand.IntN(100) == 0 {
			pauseFor(ctx, 700*time.Millisecond) // slow
		}
		push, err := c.Push(ctx)
		if err != nil {
			return err
		}
		if over, err := see(push, name, seen); over || err != nil {
			return err
		}
	}
	return leave(ctx, c, name, seen)
}

// see takes one push. over means that the server ended the subscription.
func see(push *wire.Push, name string, seen *uint64) (over bool, err error) {
	switch {
	case push.Unsubscribe != nil:
		return true, nil
	case push.Pub == nil:
		return false, nil // a disconnect
	case push.Channel != name:
		return false, fmt.Errorf("wrong: an event of %s after it was left", push.Channel)
	case push.Pub.Offset == 0:
		return false, nil
	case push.Pub.Offset != *seen+1:
		return false, fmt.Errorf("wrong: %d after %d", push.Pub.Offset, *seen)
	}
	*seen++
	return false, nil
}

// leave unsubscribes, and takes what comes before the answer.
func leave(ctx context.Context, c *hubtest.Client, name string, seen *uint64) error {
	if err := c.Send(ctx, &wire.Command{ID: 1 << 20, Unsubscribe: &wire.UnsubscribeRequest{Channel: name}}); err != nil {
		return fmt.Errorf("unsubscribe: %w", err)
	}
	for {
		m, err := c.Next(ctx)
		if err != nil {
			return fmt.Errorf("await the answer: %w", err)
		}
		if m.Reply != nil {
			return nil
		}
		if _, err := see(m.Push, name, seen); err != nil {
			return err
		}
	}
}
