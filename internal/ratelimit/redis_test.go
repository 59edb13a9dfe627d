package ratelimit

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a Redis of this test alone, on a Unix socket.
type server struct {
	socket string
	cmd    *exec.Cmd
}

func startServer(t *testing.T) *server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatal("redis-server is not on PATH; make tools installs it")
	}
	dir, err := os.MkdirTemp("", "rate") // short: a socket's path has 107 bytes at most
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &server{socket: filepath.Join(dir, "s")}
	s.start(t)
	t.Cleanup(func() { s.kill() })
	return s
}

func (s *server) start(t *testing.T) {
	t.Helper()
	s.cmd = exec.CommandContext(t.Context(), "redis-server", "--port", "0", "--unixsocket", s.socket, //nolint:gosec // our own path
		"--save", "", "--appendonly", "no", "--dir", filepath.Dir(s.socket), "--daemonize", "no")
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := s.client(t)
	for deadline := time.Now().Add(10 * time.Second); c.Ping(t.Context()).Err() != nil; {
		if time.Now().After(deadline) {
			t.Fatal("redis-server does not answer")
		}
	}
}

func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

func (s *server) client(t *testing.T) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Network: "unix", Addr: s.socket, ContextTimeoutEnabled: true})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// logbook is a log that tests may read while it is written.
type logbook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logbook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logbook) count(s string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Count(b.buf.String(), s)
}

func newRedis(t *testing.T, s *server, c *clock) (*Redis, *logbook) {
	t.Helper()
	book := &logbook{}
	l := NewRedis(s.client(t), NewMemory(1000, c.now), slog.New(slog.NewTextHandler(book, nil)))
	l.patience = testPatience
	return l, book
}

// testPatience is long enough for a Redis on a busy machine.
const testPatience = 5 * time.Second

func TestRedisIsShared(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	a, bookA := newRedis(t, s, newClock())
	b, bookB := newRedis(t, s, newClock())
	slow := Rate{Burst: 37, Count: 1, Per: time.Hour}
	for _, key := range []string{"short", strings.Repeat("long", 1000), "with\x00bytes {and} braces"} {
		if n := storm(t, []Limiter{a, b}, key, slow); n != 37 {
			t.Errorf("%d allowed of a burst of 37", n)
		}
	}
	client := s.client(t)
	if ttl := client.PTTL(t.Context(), redisKey("", "short")).Val(); ttl <= 36*time.Hour || ttl > 37*time.Hour {
		t.Errorf("the key lives for %s", ttl)
	}
	if err := client.ScriptFlush(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	d, err := b.Allow(t.Context(), "short", slow)
	if err != nil || d.Allowed || d.RetryAfter > time.Hour || d.RetryAfter < 59*time.Minute {
		t.Errorf("after the scripts were flushed: %+v, %v", d, err)
	}
	if bookA.count("WARN")+bookB.count("WARN") != 0 {
		t.Error("a working Redis was given up")
	}
}

// The script and the Go function decide alike, for any time.
func TestScriptIsTheAlgorithm(t *testing.T) {
	t.Parallel()
	client := startServer(t).client(t)
	timed := strings.Replace(gcraLua, "redis.call('TIME')", "{ARGV[3], ARGV[4]}", 1)
	// The key must outlive the test's own times: Redis would let it go by the
	// real clock, a millisecond later.
	lasting := strings.Replace(timed, ", 'PX', math.ceil((due - now) / 1000)", "", 1)
	if timed == gcraLua || lasting == timed {
		t.Fatal("the script has changed: give it its time, and no end, in another way")
	}
	script := redis.NewScript(lasting)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		p, now := drawPace(rt)
		run++
		key, next := fmt.Sprint("k", run), int64(0)
		for range 20 {
			now += rapid.Int64Range(-p.interval, 2*p.interval).Draw(rt, "passed")
			var want int64
			next, want = p.advance(next, now)
			got, err := script.Run(t.Context(), client, []string{key}, p.interval, p.span, now/1e6, now%1e6).Int64()
			if err != nil || got != want {
				rt.Fatalf("script says %d, %v; want %d", got, err, want)
			}
		}
	})
}

func TestRedisAwayAndBack(t *testing.T) {
	t.Parallel()
	s, c := startServer(t), newClock()
	l, book := newRedis(t, s, c)
	slow := Rate{Burst: 3, Count: 1, Per: time.Hour}
	if n := allowed(t, l, "k", slow, 5); n != 3 {
		t.Fatalf("%d allowed", n)
	}
	s.kill()
	if n := allowed(t, l, "k", slow, 5); n != 3 {
		t.Errorf("the node alone allows %d", n)
	}
	c.advance(redisPause)
	allowed(t, l, "other", slow, 5)
	if n := book.count("redis does not answer"); n != 1 {
		t.Errorf("%d lines about it in the log", n)
	}
	s.start(t)
	if n := allowed(t, l, "fresh", slow, 1); n != 1 || book.count("shared again") != 0 {
		t.Error("tried again before the pause was over")
	}
	c.advance(redisPause)
	if n := allowed(t, l, "k", slow, 5); n != 3 || book.count("shared again") != 1 {
		t.Errorf("back: %d allowed, log %d", n, book.count("shared again"))
	}
}

// A Redis that hangs costs one caller in a pause its timeout, not everybody.
func TestRedisHangs(t *testing.T) {
	t.Parallel()
	s, c := startServer(t), newClock()
	l, _ := newRedis(t, s, c)
	allowed(t, l, "k", threeThenOneASecond, 1)
	l.patience = redisTimeout
	if err := s.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if n := allowed(t, l, "k", Rate{Burst: 50, Count: 1, Per: time.Second}, 100); n != 50 {
		t.Errorf("%d allowed", n)
	}
	if took := time.Since(start); took > 20*redisTimeout {
		t.Errorf("100 decisions took %s", took)
	}
}
