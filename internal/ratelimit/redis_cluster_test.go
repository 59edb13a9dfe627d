package ratelimit

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"lifecircle/hub/hubtest/redisserver"
)

func openCluster(t *testing.T, c *redisserver.Cluster, now *clock) (*Shared, *logbook) {
	t.Helper()
	book := &logbook{}
	l, err := Open(c.URL(), NewMemory(1000, now.now), slog.New(slog.NewTextHandler(book, nil)))
	if err != nil {
		t.Fatal(err)
	}
	l.patience = testPatience
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l, book
}

// Every master has its share of the keys, and one that is away leaves the
// limits of the others shared.
func TestRedisCluster(t *testing.T) {
	t.Parallel()
	c, now := redisserver.StartCluster(t), newClock()
	a, book := openCluster(t, c, now)
	b, _ := openCluster(t, c, now)
	slow := Rate{Burst: 7, Count: 1, Per: time.Hour}
	keys := []string{strings.Repeat("long", 100), "with {braces}"}
	for i := range 20 {
		keys = append(keys, fmt.Sprint("user", i))
	}
	for _, key := range keys {
		if n := storm(t, []Limiter{a, b}, key, slow); n != 7 {
			t.Errorf("%d allowed of a burst of 7", n)
		}
	}
	for i := range c.Addrs() {
		if size := c.Do(i, "DBSIZE"); size == ":0" {
			t.Errorf("master %d has no key", i)
		}
	}
	c.Kill(1)
	alone, shared := 0, 0
	for _, key := range keys {
		if n := allowed(t, a, key, slow, 1); n > 0 {
			alone++
		} else {
			shared++
		}
	}
	now.advance(redisPause)
	if alone == 0 || shared <= alone {
		t.Errorf("%d keys are limited by the node alone, %d by the cluster", alone, shared)
	}
	if n := book.count("redis does not answer"); n != 1 {
		t.Errorf("%d lines about it in the log", n)
	}
	c.Restart(1)
	c.AwaitOK()
	for _, key := range keys { // finds out that it is back
		allowed(t, a, key, slow, 1)
	}
	if n := book.count("shared again"); n != 1 {
		t.Errorf("%d lines about its return in the log", n)
	}
}

// All servers are asked for a certificate of the first one's name, as the
// broker does with the same address; the user is the same everywhere, too.
func TestRedisClusterOverTLS(t *testing.T) {
	t.Parallel()
	client, err := newClient("rediss+cluster://me:secret@first:6379,10.0.0.2:6380")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	o := client.(*redis.ClusterClient).Options() //nolint:errcheck,forcetypeassert // that is what is tested
	if o.TLSConfig == nil || o.TLSConfig.ServerName != "first" || o.Username != "me" || o.Password != "secret" || len(o.Addrs) != 2 {
		t.Errorf("%v, user %q, %+v", o.Addrs, o.Username, o.TLSConfig)
	}
}
