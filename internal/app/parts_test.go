package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestPartsAreStoppedInOrder(t *testing.T) {
	t.Parallel()
	var (
		mu    sync.Mutex
		ended []string
	)
	ps := newParts(t.Context())
	start := func(name string, order stopOrder) {
		ps.start(t.Context(), part{name: name, stop: order, run: func(ctx context.Context) error {
			<-ctx.Done()
			mu.Lock()
			defer mu.Unlock()
			ended = append(ended, name)
			return ctx.Err()
		}})
	}
	start("hub", stopHub)
	start("feed", stopServices)
	start("demo", stopDemo)
	ps.start(t.Context(), part{name: "sockets", stop: stopSockets, end: func(context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		ended = append(ended, "sockets")
		return nil
	}})
	if err := ps.stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := []string{"demo", "sockets", "feed", "hub"}; !slices.Equal(ended, want) {
		t.Fatalf("ended %v, want %v", ended, want)
	}
}

func TestAPartThatEndsByItselfIsNoticed(t *testing.T) {
	t.Parallel()
	for _, why := range []error{nil, errors.New("broken")} {
		ps := newParts(t.Context())
		ps.start(t.Context(), part{name: "steady", run: func(ctx context.Context) error { <-ctx.Done(); return nil }})
		ps.start(t.Context(), part{name: "shaky", run: func(context.Context) error { return why }})
		<-ps.failed
		err := ps.stop(t.Context())
		if err == nil || !strings.HasPrefix(err.Error(), "shaky: ") || why != nil && !errors.Is(err, why) {
			t.Fatalf("ended with %v: %v", why, err)
		}
	}
}

func TestAConnectionAheadOfNeedDelaysNoEnd(t *testing.T) {
	t.Parallel()
	l, err := listen(t.Context(), "--listen", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &App{parts: newParts(t.Context())}
	a.serve(t.Context(), part{name: "http"}, &http.Server{Handler: &a.front}, l) //nolint:gosec // nobody attacks a test
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	resp, err := http.Get("http://" + l.Addr().String() + "/healthz") // so that the first one has been accepted
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	begin := time.Now()
	if err := a.parts.stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("ended after %s", took)
	}
}
