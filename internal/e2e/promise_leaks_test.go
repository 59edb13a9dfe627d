package e2e

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/coder/websocket"

	"lifecircle/cmd/circleload/player"
)

// leakSize are the figures of connections that come and go.
type leakSize struct{ batches, viewers, circles int }

// What a server has when everybody has gone is what it had before they came,
// however many there were and however they left.
func TestPromiseLeaks(t *testing.T) {
	aside(t)
	size := sized(leakSize{batches: 2, viewers: 1_000, circles: 10}, leakSize{batches: 50, viewers: 2_000, circles: 100})
	s := newStage(t, 100, size.circles, start(t, settings{}))
	n := s.nodes[0]
	s.visit(size, -1) // what is made once and kept
	before := n.awaitRest(holdings{})
	for i := range size.batches {
		s.visit(size, i)
	}
	after := n.awaitRest(before)
	t.Logf("before %s, after %d connects %s", before, size.batches*size.viewers, after)
	if after.more(before) {
		t.Errorf("before there were %s; after %d connects there are %s", before, size.batches*size.viewers, after)
	}
}

// visit lets a crowd come, see a few posts and go: by a close, by a cut, and
// some without ever having said who they are.
func (s *stage) visit(size leakSize, batch int) {
	s.t.Helper()
	crowd, err := player.NewCrowd(player.CrowdOptions{Seed: s.seed + uint64(batch+1), Reconnect: player.Backoff{Min: time.Hour, Max: time.Hour}})
	if err != nil {
		s.t.Fatal(err)
	}
	v := player.Viewers{Count: size.viewers / 2, URLs: s.sockets(), Channels: s.world.Channels(), Each: 2}
	guests := v
	v.Tokens = s.world.Tokens(0)
	for _, group := range []player.Viewers{guests, v} {
		if err := crowd.Join(group); err != nil {
			s.t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	err = crowd.Ready(ctx)
	for i := range 3 {
		s.insist(1_000*(batch+1) + i)
		s.silentVisit(ctx, i)
	}
	crowd.Cut(size.viewers / 2)
	r := crowd.Close(nil)
	if err != nil || r.Terminated > 0 || r.Lost+r.Doubled+r.Disordered > 0 {
		s.t.Errorf("batch %d: %v, %+v", batch, err, r)
	}
}

// silentVisit is a socket that says nothing, or nothing sensible.
func (s *stage) silentVisit(ctx context.Context, i int) {
	conn, _, err := websocket.Dial(ctx, s.nodes[0].socketURL(), nil) //nolint:bodyclose // the library closes it
	if err != nil {
		s.t.Error(err)
		return
	}
	if i == 1 {
		_ = conn.Write(ctx, websocket.MessageText, []byte("hello"))
		_, _, _ = conn.Read(ctx) // until it is closed
	}
	_ = conn.CloseNow()
}

// holdings are what a process must give back.
type holdings struct {
	goroutines, files int
	heap              float64 // bytes that are reachable
}

// Some more is no leak: idle connections to Postgres and of HTTP, maps that keep
// their buckets.
const (
	moreGoroutines = 20
	moreFiles      = 30
	moreHeap       = 3 << 20
)

func (h holdings) more(than holdings) bool {
	return h.goroutines > than.goroutines+moreGoroutines || h.files > than.files+moreFiles || h.heap > than.heap+moreHeap
}

func (h holdings) String() string {
	return fmt.Sprintf("%d goroutines, %d files, %.1f MiB", h.goroutines, h.files, h.heap/(1<<20))
}

// awaitRest waits until the server has no clients, and holds no more than
// before, if that is set; what it holds in the end is returned.
func (s *server) awaitRest(before holdings) (h holdings) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	for {
		clients, err := s.metric(ctx, "lifecircle_clients")
		if err == nil {
			var left float64
			left, err = s.metric(ctx, "lifecircle_channels")
			clients += left
		}
		if err == nil {
			h, err = s.holds(ctx)
		}
		if ctx.Err() != nil {
			s.t.Logf("in the end %.0f clients and channels are left", clients)
			return h
		}
		if err != nil {
			s.t.Fatal(err)
		}
		if clients == 0 && (before == holdings{} || !h.more(before)) {
			return h
		}
		time.Sleep(pollEvery)
	}
}

// holds asks the server's operators' listener, after a garbage collection.
func (s *server) holds(ctx context.Context) (h holdings, err error) {
	web.CloseIdleConnections()
	if _, err = s.operators(ctx, "/debug/pprof/heap?gc=1"); err != nil {
		return h, err
	}
	if h.heap, err = s.metric(ctx, "go_memstats_heap_alloc_bytes"); err != nil {
		return h, err
	}
	list, err := s.operators(ctx, "/debug/pprof/goroutine?debug=1")
	if err != nil {
		return h, err
	}
	if _, err = fmt.Fscanf(bytes.NewReader(list), "goroutine profile: total %d", &h.goroutines); err != nil {
		return h, err
	}
	h.files = s.files()
	return h, nil
}
