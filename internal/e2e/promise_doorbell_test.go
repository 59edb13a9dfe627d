package e2e

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lifecircle/hub/hubtest/redisserver"
)

// doorbellSize are the figures of what Redis goes through while people write.
type doorbellSize struct {
	viewers, circles int
	events           float64       // a second, in all
	calm             time.Duration // before, between and after the troubles
	gone             time.Duration // without Redis
	drop             int64         // one in so many messages
	latest           bool          // judge the latest event; else nine in ten, for a machine that runs many tests stops now and then
}

const late = 2 * time.Second // nothing may be later

var (
	smallDoorbell = doorbellSize{viewers: 100, circles: 10, events: 40, calm: 1500 * time.Millisecond, gone: 3 * time.Second, drop: 20}
	fullDoorbell  = doorbellSize{viewers: 1_000, circles: 50, events: 100, calm: 10 * time.Second, gone: time.Minute, drop: 100, latest: true}
)

// Redis is only a doorbell: flushed, killed, gone, forgetting some of what it is
// told, and writes and delivery go on, nothing late, lost or doubled.
func TestPromiseDoorbell(t *testing.T) {
	aside(t)
	size := sized(smallDoorbell, fullDoorbell)
	r := startRedis(t)
	r.dropMessages(size.drop)
	s := newStage(t, actors, size.circles, startNodes(t, 2, settings{redisURL: r.URL()})...)
	s.awaitReadiness("ok")
	s.trouble(size, 4*size.calm+size.gone, func() {
		pass(size.calm)
		r.Do("FLUSHALL")
		pass(size.calm)
		r.Kill() // and at once
		r.Restart()
		pass(size.calm)
		r.Kill()
		s.awaitReadiness("degraded")
		pass(size.gone)
		r.Restart()
		s.awaitReadiness("ok")
	})
	if r.dropped.Load() == 0 {
		t.Errorf("none of %d messages was dropped", r.seen.Load())
	}
	t.Logf("%d of %d messages were dropped", r.dropped.Load(), r.seen.Load())
}

// The same of a Cluster: slots move, a master dies and comes back.
func TestPromiseDoorbellOfACluster(t *testing.T) {
	aside(t)
	size := sized(smallDoorbell, fullDoorbell)
	size.calm = sized(time.Second, size.calm)
	size.circles = max(size.circles, 25) // so that every master has some of them
	needTool(t, "redis-server")
	c := redisserver.StartCluster(t)
	s := newStage(t, actors, size.circles, startNodes(t, 2, settings{redisURL: c.URL()})...)
	s.awaitReadiness("ok")
	s.trouble(size, 4*size.calm+size.gone, func() {
		pass(size.calm)
		moved := slotsInUse(c, 0)
		if len(moved) == 0 {
			t.Error("nobody listens to the first master")
		}
		t.Logf("slots %v move", moved)
		c.MoveSlots(1, moved...)
		pass(size.calm)
		c.Kill(2)
		s.awaitReadiness("degraded")
		pass(size.gone)
		c.Restart(2)
		c.AwaitOK()
		s.awaitReadiness("ok")
		pass(size.calm)
		c.MoveSlots(0, moved...)
	})
}

// trouble has people write on one node and look on at the other while Redis
// goes through something.
func (s *stage) trouble(size doorbellSize, lasts time.Duration, harm func()) {
	s.t.Helper()
	p := s.plan(size.viewers, size.events, lasts)
	p.Actors.URLs, p.Viewers[0].URLs = p.Actors.URLs[:1], p.Actors.URLs[1:]
	r := s.play(p, harm)
	s.wantAllDelivered(r)
	if r.Reconnects > 0 || r.Unrecovered > 0 {
		s.t.Errorf("viewers noticed: %d reconnected, %d subscriptions began anew", r.Reconnects, r.Unrecovered)
	}
	took := r.Delivery.P90
	if size.latest {
		took = r.Delivery.Max
	}
	if took > float64(late.Milliseconds()) {
		s.t.Errorf("events came %.0f ms late", took)
	}
}

// pass lets time go by: how long something lasts is the point.
func pass(d time.Duration) { <-time.After(d) }

// awaitReadiness waits until all nodes say that they are in this state.
func (s *stage) awaitReadiness(state string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	for _, n := range s.nodes {
		for {
			is, err := n.state(ctx)
			if err == nil && is.Status == state {
				break
			}
			select {
			case <-ctx.Done():
				s.t.Errorf("readiness is %+v, %v; want %s", is, err, state)
				return
			case <-time.After(pollEvery):
			}
		}
	}
}

// nodeState is what /readyz says.
type nodeState struct {
	Status string
	Checks map[string]string
}

// state asks a node that may not be ready.
func (s *server) state(ctx context.Context) (is nodeState, err error) {
	return is, s.try(ctx, request{method: "GET", path: "/readyz"}, &is)
}

// slotsInUse are those of a master that somebody listens to.
func slotsInUse(c *redisserver.Cluster, master int) (slots []int) {
	const list = `return table.concat(redis.call('PUBSUB', 'SHARDCHANNELS'), ' ')`
	for _, channel := range strings.Fields(c.Do(master, "EVAL", list, "0")) {
		slot, err := strconv.Atoi(strings.TrimPrefix(c.Do(master, "CLUSTER", "KEYSLOT", channel), ":"))
		if err == nil && !slices.Contains(slots, slot) {
			slots = append(slots, slot)
		}
	}
	return slots
}
