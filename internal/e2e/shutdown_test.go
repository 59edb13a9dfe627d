package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// farewell is how and when a socket was closed.
type farewell struct {
	code websocket.StatusCode
	at   time.Time
	err  error
}

// socket connects as a guest by hand, and returns its farewell later.
func (s *server) socket(ctx context.Context) (func() farewell, error) {
	conn, _, err := websocket.Dial(ctx, s.socketURL(), nil) //nolint:bodyclose // the library closes it
	if err != nil {
		return nil, err
	}
	if err := conn.Write(ctx, websocket.MessageText, []byte(`{"id":1,"connect":{}}`)); err != nil {
		return nil, errors.Join(err, conn.CloseNow())
	}
	if _, reply, err := conn.Read(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("connect: %q: %w", reply, err), conn.CloseNow())
	}
	return func() farewell {
		defer func() { _ = conn.CloseNow() }()
		for {
			if _, _, err := conn.Read(ctx); err != nil {
				return farewell{websocket.CloseStatus(err), time.Now(), err}
			}
		}
	}, nil
}

// SIGTERM: not ready, sockets leave with 3001 spread over the drain time,
// requests under way are answered, exit status 0, nothing left behind.
func TestItEndsInGoodOrder(t *testing.T) {
	t.Parallel()
	const sockets = 50
	const drain = 2 * time.Second
	s := start(t, settings{drain: drain})
	p := s.person()
	c := s.circle(p)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	farewells := make([]farewell, sockets)
	var open sync.WaitGroup
	for i := range farewells {
		wait, err := s.socket(ctx)
		if err != nil {
			t.Fatal(err)
		}
		open.Go(func() { farewells[i] = wait() })
	}
	made := s.post(p, c, "written before the end")

	told := time.Now()
	if err := s.process.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.awaitDraining(ctx)
	open.Wait()
	if err := s.awaitEnd(); err != nil {
		t.Fatal(err)
	}
	s.wantSpread(farewells, told, drain)
	s.wantNothingLeft()

	if err := s.run(); err != nil {
		t.Fatal(err)
	}
	if page := s.posts(c); len(page.Items) != 1 || page.Items[0].ID != made.ID {
		t.Errorf("after a new start: %+v", page)
	}
}

// awaitDraining waits until the server says that it is not ready, or is gone.
func (s *server) awaitDraining(ctx context.Context) {
	s.t.Helper()
	for ctx.Err() == nil {
		if status, err := s.readiness(ctx); err != nil || status == http.StatusServiceUnavailable {
			if err != nil {
				s.t.Errorf("it took no more requests while it still had sockets: %v", err)
			}
			return
		}
		time.Sleep(pollEvery)
	}
	s.t.Error("it stays ready")
}

func (s *server) wantSpread(farewells []farewell, told time.Time, drain time.Duration) {
	s.t.Helper()
	for _, f := range farewells {
		if f.code != 3001 {
			s.t.Errorf("a socket ended with %d: %v", f.code, f.err)
		}
	}
	slices.SortFunc(farewells, func(a, b farewell) int { return a.at.Compare(b.at) })
	first, middle, last := farewells[0].at.Sub(told), farewells[len(farewells)/2].at.Sub(told), farewells[len(farewells)-1].at.Sub(told)
	s.t.Logf("sockets left %s to %s after the signal, half of them after %s", first, last, middle)
	if middle < drain/4 || last-first < drain/2 {
		s.t.Errorf("the sockets did not leave spread over %s", drain)
	}
}

// wantNothingLeft looks for a Postgres and files that show a running server.
func (s *server) wantNothingLeft() {
	s.t.Helper()
	for _, file := range []string{"data/postmaster.pid", "ops-address"} {
		if _, err := os.Stat(filepath.Join(s.dataDir, file)); !errors.Is(err, os.ErrNotExist) {
			s.t.Errorf("%s is left: %v", file, err)
		}
	}
}
