package e2e

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"testing"
	"time"

	"lifecircle/cmd/circleload/player"
)

var (
	fullSize = flag.Bool("chaos.full", false, "test the promises at their full figures instead of small ones")
	seedFlag = flag.Uint64("chaos.seed", 0, "of everything random, to repeat a run; 0: another one each time")
)

// sized chooses the figures of a promise.
func sized[S any](small, full S) S {
	if *fullSize {
		return full
	}
	return small
}

// aside lets a promise's small size run beside other tests. Full ones have the
// machine to themselves, for they judge times.
func aside(t *testing.T) {
	t.Helper()
	if !*fullSize {
		t.Parallel()
	}
}

// apart gives a server a core of its own, and the test the others: what is
// measured must not be what the viewers cost. Small sizes share all cores.
func apart(t *testing.T) settings {
	t.Helper()
	if !*fullSize || runtime.NumCPU() < 2 {
		return settings{}
	}
	needTool(t, "taskset")
	keepTo := func(cores string) {
		if out, err := exec.Command("taskset", "-acp", cores, strconv.Itoa(os.Getpid())).CombinedOutput(); err != nil {
			t.Errorf("taskset: %v: %s", err, out)
		}
	}
	usual := debug.SetGCPercent(800) // the test has the memory, and should be quicker than the server
	t.Cleanup(func() { debug.SetGCPercent(usual) })
	last := strconv.Itoa(runtime.NumCPU() - 1)
	keepTo("1-" + last)
	t.Cleanup(func() { keepTo("0-" + last) })
	return settings{core: "0"}
}

// newSeed says where randomness begins, and logs it.
func newSeed(t testing.TB) uint64 {
	t.Helper()
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-chaos.seed=%d", seed)
	return seed
}

// stage is a world on one or more nodes, for crowds of viewers.
type stage struct {
	t     *testing.T
	nodes []*server
	world player.World
	seed  uint64
}

// newStage makes people and circles on nodes that run.
func newStage(t *testing.T, people, circles int, nodes ...*server) *stage {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	world, err := player.Setup{API: nodes[0].url(), HTTP: web, Users: people, Circles: circles}.Make(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return &stage{t: t, nodes: nodes, world: world, seed: newSeed(t)}
}

// startNodes runs servers with one database and one Redis.
func startNodes(t *testing.T, n int, c settings) []*server {
	t.Helper()
	c.databaseURL = startDatabase(t)
	nodes := make([]*server, n)
	for i := range nodes {
		nodes[i] = start(t, c)
	}
	return nodes
}

// sockets are the addresses of the nodes for viewers.
func (s *stage) sockets() []string {
	urls := make([]string, len(s.nodes))
	for i, n := range s.nodes {
		urls[i] = n.socketURL()
	}
	return urls
}

const actors = 20 // who write in most plans, over sockets of their own to all nodes

// plan is of guests who look on, spread over circles and nodes, and of people
// who post and comment, so many events a second together. In each second a
// quarter of them are comments.
func (s *stage) plan(viewers int, events float64, lasts time.Duration) player.Plan {
	return player.Plan{
		Viewers:   []player.Viewers{{Count: viewers, URLs: s.sockets(), Channels: s.world.Channels()}},
		Actors:    player.Actors{Count: actors, URLs: s.sockets(), Tokens: s.world.Tokens(0), API: s.nodes[0].url(), HTTP: web},
		Duration:  lasts,
		Reconnect: player.Backoff{Min: 50 * time.Millisecond, Max: 2 * time.Second},
		Actions: []player.Action{
			{Kind: player.Post, Rate: events * 3 / 4, Circles: s.world.Circles, Bytes: 200},
			{Kind: player.Comment, Rate: events / 4, Posts: s.world.Posts, Bytes: 100},
		},
		SettleTimeout: patience,
		Seed:          s.seed,
	}
}

// play plays the plan and does something else meanwhile, from when all viewers
// are there. It fails the test for whatever a viewer lost, got twice or in
// disorder.
func (s *stage) play(p player.Plan, meanwhile func()) player.Result {
	s.t.Helper()
	var other sync.WaitGroup
	p.OnPhase = func(phase player.Phase) {
		if phase == player.Measuring && meanwhile != nil {
			other.Go(meanwhile)
		}
	}
	r, err := player.Run(s.t.Context(), p, nil)
	other.Wait()
	if err != nil {
		s.t.Fatal(err)
	}
	s.wantNoFault(r)
	return r
}

func (s *stage) wantNoFault(r player.Result) {
	s.t.Helper()
	if r.Faults() > 0 || r.Unpositioned > 0 {
		s.t.Errorf("%d lost, %d doubled, %d disordered, %d stranded, %d without positions: %v",
			r.Lost, r.Doubled, r.Disordered, r.Stranded, r.Unpositioned, r.Examples)
	}
	s.t.Logf("%d viewers, %d deliveries, %d replayed, %d cuts, %d reconnects, %d recovered, %d unrecovered, closes %v, errors %v, dial errors %v; delivery %s",
		r.Viewers, r.Deliveries, r.Replayed, r.Cuts, r.Reconnects, r.Recovered, r.Unrecovered, r.Closes, r.Errors, r.DialErrors, shown(r.Delivery))
	for kind, c := range r.Commands {
		s.t.Logf("%s: %d planned, %d done, %d refused, %d failed %v; %s", kind, c.Planned, c.Done, c.Refused, c.Failed, c.Codes, shown(c.Latency))
	}
}

func shown(l player.Latency) string {
	return fmt.Sprintf("p50 %.0f, p99 %.0f, max %.0f ms", l.P50, l.P99, l.Max)
}

// wantAllDelivered compares what was written with what came: each event once to
// each viewer of its circle. The crowd's own judgement goes by offsets; this one
// goes by numbers.
func (s *stage) wantAllDelivered(r player.Result) {
	s.t.Helper()
	var written, failed int64
	for _, c := range r.Commands {
		written += c.Done
		failed += c.Failed + c.Refused
	}
	each := r.Viewers / int64(len(s.world.Circles))
	if got := r.Deliveries + r.Replayed; failed > 0 || got != written*each {
		s.t.Errorf("%d events to %d viewers each make %d deliveries, %d came; %d writes failed", written, each, written*each, got, failed)
	}
}
