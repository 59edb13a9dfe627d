package ratelimit

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"
)

// newClient makes a client of the server at a redis://, rediss:// or unix://
// address, or of the Cluster at redis+cluster://user:password@a:6379,b:6379.
func newClient(address string) (redis.UniversalClient, error) {
	scheme, rest, _ := strings.Cut(address, "://")
	single, clustered := strings.CutSuffix(scheme, "+cluster")
	if !clustered {
		o, err := redis.ParseURL(address)
		if err != nil {
			return nil, fmt.Errorf("read the address of Redis: %w", withoutAddress(err))
		}
		o.ContextTimeoutEnabled = true
		return redis.NewClient(o), nil
	}
	var c redis.ClusterOptions
	at := strings.LastIndex(rest, "@") + 1
	for host := range strings.SplitSeq(rest[at:], ",") {
		o, err := redis.ParseURL(single + "://" + rest[:at] + host)
		if err != nil {
			return nil, fmt.Errorf("read the address of the Redis Cluster: %w", withoutAddress(err))
		}
		if c.Addrs == nil { // one certificate's name for all servers, as in hub/redisbroker
			c.Username, c.Password, c.TLSConfig = o.Username, o.Password, o.TLSConfig
		}
		c.Addrs = append(c.Addrs, o.Addr)
	}
	c.ContextTimeoutEnabled = true
	return redis.NewClusterClient(&c), nil
}

// withoutAddress takes the address, which may hold a password, out of an error of net/url.
func withoutAddress(err error) error {
	var bad *url.Error
	if errors.As(err, &bad) {
		return bad.Err
	}
	return err
}
