package e2e

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"lifecircle/cmd/circleload/player"
)

// restartSize are the figures of a restart of one node after the other.
type restartSize struct {
	viewers, circles int
	events           float64 // a second
	connects         float64 // a second, in the beginning
	drain            time.Duration
	back             time.Duration // everybody, after a node was told to end; 0: not judged
}

// Nodes are restarted one after the other under a load balancer, and nobody
// misses anything: the sockets of a node leave with 3001, spread over its drain
// time, and are back in time.
func TestPromiseRestart(t *testing.T) {
	aside(t)
	size := sized(
		restartSize{viewers: 300, circles: 10, events: 30, drain: 2 * time.Second},
		restartSize{viewers: 10_000, circles: 100, events: 50, connects: 1_000, drain: 10 * time.Second, back: 30 * time.Second})
	r := startRedis(t)
	s := newStage(t, actors, size.circles, startNodes(t, 2, settings{redisURL: r.URL(), drain: size.drain})...)
	p := s.plan(size.viewers, size.events, 0)
	p.Viewers[0].Rate = size.connects
	p.Viewers[0].URLs = nil
	for _, address := range startBalancers(t, size.viewers, s.nodes...) {
		p.Viewers[0].URLs = append(p.Viewers[0].URLs, "ws://"+address+"/connection/websocket")
	}
	crowd, err := player.NewCrowd(player.CrowdOptions{Reconnect: p.Reconnect, Seed: s.seed})
	if err != nil {
		t.Fatal(err)
	}
	if err := crowd.Join(p.Viewers[0]); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if err := crowd.Ready(ctx); err != nil {
		crowd.Close(nil)
		t.Fatal(err)
	}
	stop := s.keepPosting(size.events)
	for _, n := range s.nodes {
		s.restart(n, crowd, size)
	}
	written := stop()
	heads, err := crowd.Heads(ctx)
	if err == nil {
		err = crowd.Settle(ctx, heads)
	}
	if err != nil {
		t.Error(err)
	}
	res := crowd.Close(heads)
	s.wantNoFault(res)
	if want := written * int64(size.viewers/size.circles); res.Deliveries+res.Replayed != want || res.Unrecovered > 0 {
		t.Errorf("%d events make %d deliveries, %d and %d replayed came; %d subscriptions began anew", written, want, res.Deliveries, res.Replayed, res.Unrecovered)
	}
	if left := res.Closes["3001"]; left != res.Reconnects || left < int64(size.viewers) {
		t.Errorf("%d viewers reconnected, sockets were closed with %v", res.Reconnects, res.Closes)
	}
	t.Logf("back after a close: %s", shown(res.Recovery))
}

// restart ends a node and starts it again, and waits until all viewers are back.
func (s *stage) restart(n *server, crowd *player.Crowd, size restartSize) {
	s.t.Helper()
	told := time.Now()
	if err := n.process.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	s.wantSlowLeave(n, told, size.drain)
	if err := n.awaitEnd(); err != nil {
		s.t.Fatal(err)
	}
	ended := time.Now()
	for deadline := time.After(time.Minute); ; {
		snap := crowd.Snapshot()
		if snap.Subscribed == snap.Viewers {
			break
		}
		select {
		case <-deadline:
			s.t.Errorf("%d of %d viewers are back", snap.Subscribed, snap.Viewers)
			return
		case <-time.After(pollEvery):
		}
	}
	back := time.Since(told)
	s.t.Logf("the node ended after %s, all viewers were back after %s", ended.Sub(told), back)
	if size.back > 0 && back > size.back {
		s.t.Errorf("viewers were back only after %s", back)
	}
	if err := n.run(); err != nil {
		s.t.Fatal(err)
	}
}

const crowdOfLooks = 20 // how often a draining node is looked at

// wantSlowLeave watches how many clients a node has while it drains.
func (s *stage) wantSlowLeave(n *server, told time.Time, drain time.Duration) {
	s.t.Helper()
	var clients []float64 // at equal distances
	ctx, cancel := context.WithTimeout(s.t.Context(), endTime)
	defer cancel()
	for part := drain / crowdOfLooks; ; {
		left, err := n.metric(ctx, "lifecircle_clients")
		if err != nil {
			break // it has ended
		}
		clients = append(clients, left)
		if left == 0 {
			break
		}
		<-time.After(part - time.Since(told)%part)
	}
	if len(clients) == 0 {
		s.t.Fatal("nobody could watch the node drain")
	}
	var most float64 // that left from one look to the next
	for i := range clients[1:] {
		most = max(most, clients[i]-clients[i+1])
	}
	s.t.Logf("clients while it drained: %v", clients)
	if clients[0] < 2*crowdOfLooks { // the balancer had sent nearly all to the other node, and few leave faster
		return
	}
	if len(clients) < 8 || most > clients[0]/3 {
		s.t.Errorf("the sockets did not leave spread over %s: %v", drain, clients)
	}
}

// keepPosting writes at a rate, on the other node when one is away, until stop
// is called, which returns how many events there are.
func (s *stage) keepPosting(rate float64) (stop func() int64) {
	done := make(chan struct{})
	var written int64
	var writing sync.WaitGroup
	writing.Go(func() {
		tick := time.NewTicker(time.Duration(float64(time.Second) / rate))
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			if s.insist(i) {
				written++
			}
		}
	})
	return func() int64 { close(done); writing.Wait(); return written }
}

// insist writes the i-th post, on another node if one does not take it.
func (s *stage) insist(i int) bool {
	r := request{
		method: "POST", path: "/v1/circles/" + s.world.Circles[i%len(s.world.Circles)] + "/posts",
		token: s.world.Users[0].Token, key: fmt.Sprintf("restart %d", i), body: call{"text": fmt.Sprintf("post %d", i)},
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	for try := i; ; try++ {
		a, err := s.nodes[try%len(s.nodes)].send(ctx, r)
		switch {
		case err == nil && a.status == http.StatusCreated:
			return true
		case err == nil && a.status != http.StatusServiceUnavailable, ctx.Err() != nil:
			s.t.Errorf("post %d: %d %s %v", i, a.status, a.body, err)
			return false
		}
		select {
		case <-ctx.Done():
		case <-time.After(retryPause):
		}
	}
}
