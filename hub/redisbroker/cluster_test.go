package redisbroker_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/hubtest/redisserver"
	"lifecircle/hub/redisbroker"
)

func clusterBroker(c *redisserver.Cluster, prefix string) *redisbroker.Broker {
	return redisbroker.NewCluster(&redis.Options{}, c.Addrs(), prefix, slog.New(slog.DiscardHandler))
}

func TestSuiteOfCluster(t *testing.T) {
	t.Parallel()
	c := redisserver.StartCluster(t)
	hubtest.RunBrokerSuite(t, func(t *testing.T) func() hub.Broker {
		t.Helper()
		return func() hub.Broker { return clusterBroker(c, t.Name()) }
	})
}

var _ = io.EOF
var _ = strings.Cut
var _ = context.Canceled
var _ = fmt.Sprint
var _ = time.Second
