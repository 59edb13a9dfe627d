package redisserver_test

import (
	"testing"
	"time"

	"lifecircle/hub/hubtest/redisserver"
)

func TestCluster(t *testing.T) {
	t.Parallel()
	began := time.Now()
	c := redisserver.StartCluster(t)
	t.Logf("started in %v", time.Since(began))
	c.MoveSlots(2, 0, 1, 5000)
	if got := c.Do(2, "SPUBLISH", "{s0}", "x"); got == "" {
		t.Error("no answer")
	}
	c.Kill(1)
	c.Restart(1)
	began = time.Now()
	c.AwaitOK()
	t.Logf("whole again after %v", time.Since(began))
}
