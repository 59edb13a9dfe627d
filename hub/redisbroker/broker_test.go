package redisbroker_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/hubtest/redisserver"
	"lifecircle/hub/redisbroker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newBroker(s *redisserver.Server) *redisbroker.Broker {
	return redisbroker.New(&redis.Options{Network: "unix", Addr: s.Socket()}, "", slog.New(slog.DiscardHandler))
}

func deadline(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestSuite(t *testing.T) {
	t.Parallel()
	hubtest.RunBrokerSuite(t, func(t *testing.T) func() hub.Broker {
		t.Helper()
		s := redisserver.Start(t)
		return func() hub.Broker { return newBroker(s) }
	})
}

// Whatever happens to Redis, the broker says that it may have missed something
// and receives again.
func TestComesBack(t *testing.T) {
	t.Parallel()
	accidents := map[string]func(*redisserver.Server){
		"killed":            func(s *redisserver.Server) { s.Restart() },
		"connections reset": func(s *redisserver.Server) { s.Do("CLIENT", "KILL", "TYPE", "pubsub") },
	}
	for name, accident := range accidents {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := deadline(t, 20*time.Second)
			s := redisserver.Start(t)
			b := newBroker(s)
			sink := hubtest.RunBroker(t, b)
			for i := range 10 {
				if err := b.Subscribe(ctx, fmt.Sprint("c", i)); err != nil {
					t.Fatal(err)
				}
			}
			for round := range 3 {
				lost := 0
				if err := sink.Await(ctx, func(_ map[string][]hub.Publication, n int) bool { lost = n; return n > round }); err != nil {
					t.Fatal(err)
				}
				if err := b.Health(); err != nil {
					t.Error(err)
				}
				for i := range 10 {
					if err := b.Publish(ctx, fmt.Sprint("c", i), hub.Publication{Data: []byte(fmt.Sprint(round))}); err != nil {
						t.Fatal(err)
					}
				}
				if err := sink.Await(ctx, func(pubs map[string][]hub.Publication, _ int) bool { return count(pubs, fmt.Sprint(round)) == 10 }); err != nil {
					t.Fatalf("round %d, lost %d times: %v", round, lost, err)
				}
				accident(s)
			}
		})
	}
}

func count(pubs map[string][]hub.Publication, data string) (n int) {
	for _, ps := range pubs {
		for _, p := range ps {
			if string(p.Data) == data {
				n++
			}
		}
	}
	return n
}

// While Redis is down nobody waits, and what was wanted meanwhile is received afterwards.
func TestDown(t *testing.T) {
	t.Parallel()
	ctx := deadline(t, 20*time.Second)
	s := redisserver.Start(t)
	s.Kill()
	b := newBroker(s)
	sink := hubtest.RunBroker(t, b)
	began := time.Now()
	for i := range 100 {
		if err := b.Subscribe(ctx, fmt.Sprint("c", i)); err != nil {
			t.Fatal(err)
		}
	}
	for range 10_000 {
		if err := b.Publish(ctx, "c0", hub.Publication{Data: []byte(`"early"`)}); err != nil {
			t.Fatal(err)
		}
	}
	if d := time.Since(began); d > time.Second {
		t.Errorf("held up for %v", d)
	}
	if b.Health() == nil {
		t.Error("healthy without redis")
	}
	if b.Stats().Dropped == 0 {
		t.Error("10,000 publications were queued")
	}
	s.Restart()
	if err := sink.Await(ctx, func(_ map[string][]hub.Publication, lost int) bool { return lost > 0 }); err != nil {
		t.Fatal(err)
	}
	for arrived := false; !arrived; { // the sender, too, has to find out that it is back; until then it drops
		if err := b.Publish(ctx, "c99", hub.Publication{Data: []byte(`"late"`)}); err != nil {
			t.Fatal(err)
		}
		soon, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
		arrived = sink.Await(soon, func(pubs map[string][]hub.Publication, _ int) bool { return len(pubs["c99"]) > 0 }) == nil
		cancel()
		if ctx.Err() != nil {
			t.Fatal("nothing arrives after the return of redis")
		}
	}
}

// A Redis that takes commands and does not answer holds a subscriber up for a second, not more.
func TestHangs(t *testing.T) {
	t.Parallel()
	ctx := deadline(t, 20*time.Second)
	s := redisserver.Start(t)
	b := newBroker(s)
	sink := hubtest.RunBroker(t, b)
	if err := sink.Await(ctx, func(_ map[string][]hub.Publication, lost int) bool { return lost > 0 }); err != nil {
		t.Fatal(err)
	}
	s.Do("CLIENT", "PAUSE", "2000", "ALL")
	began := time.Now()
	if err := b.Subscribe(ctx, "c"); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(began); d > 1500*time.Millisecond {
		t.Errorf("held up for %v", d)
	}
	if err := sink.Await(ctx, func(_ map[string][]hub.Publication, lost int) bool { return lost > 1 }); err != nil {
		t.Errorf("the late confirmation was not told: %v", err)
	}
}
