package e2e

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// twoNodes are two servers with one database and one Redis, and a viewer on
// the second: what is written on the first reaches him by Redis or from the log.
type twoNodes struct {
	redis  *redis
	a, b   *server
	viewer *sdkClient
	person person
	circle circle
}

func startTwoNodes(t *testing.T) *twoNodes {
	t.Helper()
	n := &twoNodes{redis: startRedis(t)}
	c := settings{databaseURL: startDatabase(t), redisURL: n.redis.URL()}
	n.a, n.b = start(t, c), start(t, c)
	n.person = n.a.person()
	n.circle = n.a.circle(n.person)
	n.viewer = startSDK(t).connected(opening{url: n.b.socketURL()})
	n.viewer.subscribe(n.circle.channel())
	return n
}

// delays posts on the first node and returns how long each post took to the
// viewer on the second.
func (n *twoNodes) delays(about string, posts int) []time.Duration {
	n.a.t.Helper()
	all := make([]time.Duration, posts)
	for i := range all {
		text := fmt.Sprintf("%s %d", about, i)
		n.a.post(n.person, n.circle, text)
		answered := time.Now()
		all[i] = max(0, n.viewer.awaitPost(text).at.Sub(answered))
	}
	return all
}

// median says how late news usually is. The slowest is logged, not judged: a
// machine that runs many tests stops now and then.
func median(t testing.TB, about string, all []time.Duration) time.Duration {
	t.Helper()
	slices.Sort(all)
	t.Logf("%s: median %s, slowest %s", about, all[len(all)/2], all[len(all)-1])
	return all[len(all)/2]
}

const (
	byRedis = time.Second     // usually milliseconds
	byLog   = 3 * time.Second // two are promised
)

func TestTwoNodesSeeEachOther(t *testing.T) {
	t.Parallel()
	n := startTwoNodes(t)
	if m := median(t, "by Redis", n.delays("by Redis", 5)); m > byRedis {
		t.Errorf("news takes %s with Redis", m)
	}
	p := n.b.post(n.person, n.circle, "like me on both")
	n.viewer.awaitPost(p.Text)
	fans := n.a.people(40)
	var storm sync.WaitGroup
	for i, node := range []*server{n.a, n.b} {
		storm.Go(func() {
			for k := i; k < len(fans); k += 2 {
				node.like(fans[k], p)
			}
		})
	}
	storm.Wait()
	end := time.Now()
	late := n.viewer.awaitLikes(p, int64(len(fans))).at.Sub(end)
	t.Logf("likes on both nodes: exact %s after the last", late)
	if late > byLog {
		t.Errorf("the last counts came %s late", late)
	}
	n.wantWholeLog()
}

// wantWholeLog fails unless the viewer got every post of the circle, in order.
func (n *twoNodes) wantWholeLog() {
	n.a.t.Helper()
	n.viewer.wantPosts(logOf(n.a, n.circle))
}

// Redis is only a doorbell: whatever happens to it, events arrive.
func TestNewsArrivesWithoutRedis(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]struct {
		do   func(r *redis)
		late time.Duration
	}{
		"killed":           {func(r *redis) { r.Kill() }, byLog},
		"messages dropped": {func(r *redis) { r.dropMessages(1) }, byLog},
		"hangs":            {func(r *redis) { r.network.carry(hang); r.network.cut() }, byLog},
		"flushed":          {func(r *redis) { r.Do("FLUSHALL") }, byRedis},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := startTwoNodes(t)
			n.delays("before", 1)
			p := n.a.post(n.person, n.circle, "liked meanwhile")
			harm.do(n.redis)
			n.a.like(n.person, p)
			if m := median(t, name, n.delays("harmed", 5)); m > harm.late {
				t.Errorf("news takes %s", m)
			}
			n.redis.network.carry(nil)
			n.redis.network.cut()
			n.redis.Restart()
			n.viewer.mustLearnLikes(p, 1)
			n.awaitRedis()
			n.wantWholeLog()
		})
	}
}

// awaitRedis waits until news comes by Redis again.
func (n *twoNodes) awaitRedis() {
	n.a.t.Helper()
	var took time.Duration
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if took = n.delays(fmt.Sprintf("again at %s", time.Now()), 1)[0]; took < 100*time.Millisecond {
			return
		}
	}
	n.a.t.Errorf("news does not come by Redis again: the last took %s", took)
}
