package app

import (
	"fmt"
	"testing"

	"lifecircle/hub/hubtest/redisserver"
	"lifecircle/hub/wire"
	"lifecircle/internal/config"
	"lifecircle/internal/httpapi"
	"lifecircle/internal/pgtest"
)

// Two nodes share a Redis Cluster as they do one server, and go on when most of
// its masters are away.
func TestTwoNodesOverACluster(t *testing.T) {
	t.Parallel()
	cluster, database := redisserver.StartCluster(t), pgtest.URL(t)
	var nodes [2]*server
	for i := range nodes {
		c := settings(t, database)
		c.Server.RedisURL = config.Secret(cluster.URL())
		nodes[i] = start(t, c)
	}
	is := func(n *server, status string) func() bool {
		return func() bool { return n.ready.check(t.Context()).Status == status }
	}
	for _, n := range nodes {
		n.until(t, is(n, httpapi.StateOK))
	}
	author := nodes[0].users(t, 1)[0]
	const circles = 8 // that all are on one master happens once in 10,000 times
	tell := func(text string) {
		t.Helper()
		for range circles {
			circle := nodes[0].circle(t, author)
			viewer, _ := nodes[1].socket(t, "", circle.ID, wire.JSON)
			nodes[0].post(t, author, circle.ID, text)
			if e := await(t, viewer, "post.created"); e.Post.Text != text {
				t.Errorf("event: %+v", e)
			}
		}
	}
	tell("whole")
	cluster.Kill(1)
	cluster.Kill(2)
	nodes[1].until(t, is(nodes[1], httpapi.StateDegraded))
	tell("without two of three")
	cluster.Restart(1)
	cluster.Restart(2)
	for i, n := range nodes {
		n.until(t, is(n, httpapi.StateOK))
		tell(fmt.Sprint("whole again, seen by ", i))
	}
}
