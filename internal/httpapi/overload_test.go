package httpapi

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lifecircle/feed"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

// pool is a store whose reads wait for one of its connections and then take as long as take says.
type pool struct {
	Feed
	conns chan struct{}
	take  func(ctx context.Context)
}

func (p pool) User(ctx context.Context, _ id.ID) (feed.User, error) {
	select {
	case p.conns <- struct{}{}:
		defer func() { <-p.conns }()
	case <-ctx.Done():
		return feed.User{}, ctx.Err()
	}
	p.take(ctx)
	return feed.User{}, nil
}

type nobody struct{ Auth }

// surface is the API over such a store, without anything that takes real time.
func surface(t *testing.T, conns int, take func(context.Context)) http.Handler {
	t.Helper()
	s, err := build(Options{Feed: pool{conns: make(chan struct{}, conns), take: take}, Auth: nobody{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(s.serve)
}

const aRead = "/v1/users/0000000000002"

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

// Three times of what the store can do is asked for: nearly as much as it can
// is answered, quickly, and the rest is told at once or soon when to come again.
func TestOverloadOfReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const (
			conns   = 16
			each    = 20 * time.Millisecond
			rated   = int(conns * time.Second / each)
			seconds = 5
			step    = 10 * time.Millisecond
		)
		h := surface(t, conns, func(context.Context) { time.Sleep(each) })
		var (
			callers       sync.WaitGroup
			mu            sync.Mutex
			done, refused int
			slowest       time.Duration
		)
		ask := func() {
			begin := time.Now()
			w := get(h, aRead)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case w.Code == http.StatusOK:
				done++
				slowest = max(slowest, time.Since(begin))
			case w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "1" || time.Since(begin) > readWait:
				t.Errorf("refused with %d after %s, Retry-After %q", w.Code, time.Since(begin), w.Header().Get("Retry-After"))
			default:
				refused++
			}
		}
		for begin := time.Now(); time.Since(begin) < seconds*time.Second; time.Sleep(step) {
			for range 3 * rated * int(step) / int(time.Second) {
				callers.Go(ask)
			}
		}
		callers.Wait()
		if want := rated * seconds * 95 / 100; done < want {
			t.Errorf("%d were answered in %d s, want %d", done, seconds, want)
		}
		if refused < done {
			t.Errorf("only %d were refused", refused)
		}
		if limit := readWait + readsAtOnce*time.Second/time.Duration(rated) + each; slowest > limit {
			t.Errorf("the slowest took %s, want at most %s", slowest, limit)
		}
		if w := get(h, aRead); w.Code != http.StatusOK {
			t.Errorf("afterwards: %d", w.Code)
		}
	})
}

// When all places are taken, operators still get answers, and those who wait give up.
func TestCrowdedNode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		h := surface(t, readsAtOnce, func(context.Context) { <-release })
		var callers sync.WaitGroup
		codes := make(chan int, readsAtOnce+readsWaiting)
		for range cap(codes) {
			callers.Go(func() { codes <- get(h, aRead).Code })
		}
		synctest.Wait()
		begin, w := time.Now(), httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/v1/me", nil)
		r.Header.Set("Authorization", "Bearer of bad news") // nobody looks at it
		h.ServeHTTP(w, r)
		if w.Code != http.StatusTooManyRequests || time.Since(begin) > 0 || problem.Status(problem.Overloaded) != w.Code {
			t.Errorf("one too many: %d after %s", w.Code, time.Since(begin))
		}
		for _, path := range []string{"/healthz", "/readyz", "/version", "/v1/limits"} {
			if w := get(h, path); w.Code != http.StatusOK {
				t.Errorf("%s: %d", path, w.Code)
			}
		}
		time.Sleep(readWait)
		synctest.Wait()
		for range readsWaiting {
			if code := <-codes; code != http.StatusTooManyRequests {
				t.Errorf("one who waited: %d", code)
			}
		}
		close(release)
		callers.Wait()
		for range readsAtOnce {
			if code := <-codes; code != http.StatusOK {
				t.Errorf("one who had a place: %d", code)
			}
		}
		if w := get(h, aRead); w.Code != http.StatusOK {
			t.Errorf("afterwards: %d", w.Code)
		}
	})
}

// While no change would be accepted nobody's token or body is looked at. Reading, and signing in, go on.
func TestCrowdedWrites(t *testing.T) {
	t.Parallel()
	s, err := build(Options{
		Feed: pool{conns: make(chan struct{}, 1), take: func(context.Context) {}}, Auth: nobody{},
		Log: slog.New(slog.DiscardHandler), Crowded: func() bool { return true },
	})
	if err != nil {
		t.Fatal(err)
	}
	h := http.HandlerFunc(s.serve)
	for path, want := range map[string]int{"/v1/circles": http.StatusTooManyRequests, "/v1/auth/login": http.StatusBadRequest} {
		r := httptest.NewRequest(http.MethodPost, path, http.NoBody)
		r.Header.Set("Authorization", "Bearer of bad news")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if retry := w.Header().Get("Retry-After"); w.Code != want || (retry != "") != (want == http.StatusTooManyRequests) {
			t.Errorf("%s: %d, Retry-After %q", path, w.Code, retry)
		}
	}
	if w := get(h, aRead); w.Code != http.StatusOK {
		t.Errorf("a read: %d", w.Code)
	}
}

func TestGate(t *testing.T) {
	t.Parallel()
	g := newGate(1, 1, time.Hour)
	if err := g.enter(t.Context()); err != nil || g.crowded() {
		t.Fatal("the first did not find a place and one more to wait:", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	waiting := make(chan error, 1)
	go func() { waiting <- g.enter(ctx) }()
	for !g.crowded() {
		runtime.Gosched()
	}
	soon, done := context.WithTimeout(t.Context(), time.Second)
	defer done()
	if err := g.enter(soon); !errors.Is(err, errCrowded) {
		t.Errorf("the third: %v", err)
	}
	cancel()
	if err := <-waiting; !errors.Is(err, context.Canceled) || g.crowded() {
		t.Errorf("one who went away: %v", err)
	}
	g.leave()
	if err := g.enter(t.Context()); err != nil {
		t.Errorf("after the first left: %v", err)
	}
}

// one is a listener with a single connection.
type one struct {
	conn   chan net.Conn
	closed chan struct{}
}

func (l one) Accept() (net.Conn, error) {
	select {
	case c := <-l.conn:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l one) Close() error   { close(l.closed); return nil }
func (l one) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

// A handshake that is never finished is cut, however its bytes trickle in.
func TestHalfAHandshake(t *testing.T) {
	t.Parallel()
	for name, pause := range map[string]time.Duration{"then nothing": time.Hour, "a byte a second": time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := NewServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
				l := one{make(chan net.Conn, 1), make(chan struct{})}
				client, served := net.Pipe()
				l.conn <- served
				done := make(chan error, 1)
				go func() { done <- server.Serve(l) }()
				begin := time.Now()
				var sender sync.WaitGroup
				sender.Go(func() {
					_, err := client.Write([]byte("GET " + socketPath + " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nX-Slow: "))
					for ; err == nil; time.Sleep(pause) {
						_, err = client.Write([]byte("x"))
					}
				})
				_, _ = io.Copy(io.Discard, client) // until the server closes it
				if took := time.Since(begin); took != headerTime {
					t.Errorf("cut after %s, want %s", took, headerTime)
				}
				_ = client.Close()
				sender.Wait()
				_ = server.Close()
				if err := <-done; !errors.Is(err, http.ErrServerClosed) {
					t.Error(err)
				}
			})
		})
	}
}
