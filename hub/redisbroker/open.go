package redisbroker

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
)

// Open is New for the server at a redis://, rediss:// or unix:// address, and
// NewCluster for the servers at redis+cluster://user:password@a:6379,b:6379,
// with TLS rediss+cluster://.
func Open(address, prefix string, logger *slog.Logger) (*Broker, error) {
	scheme, rest, _ := strings.Cut(address, "://")
	scheme, clustered := strings.CutSuffix(scheme, "+cluster")
	user, hosts := "", []string{rest}
	if clustered {
		at := strings.LastIndex(rest, "@") + 1
		user, hosts = rest[:at], strings.Split(rest[at:], ",")
	}
	var first *redis.Options
	var addrs []string
	for _, host := range hosts {
		options, err := redis.ParseURL(scheme + "://" + user + host)
		if err != nil {
			return nil, fmt.Errorf("read the address of Redis: %w", withoutAddress(err))
		}
		if first == nil {
			first = options
		}
		addrs = append(addrs, options.Addr)
	}
	logging.Disable() // of the library, which would write a line for every attempt; we say once that Redis is away
	if clustered {
		return NewCluster(first, addrs, prefix, logger), nil
	}
	return New(first, prefix, logger), nil
}

// withoutAddress takes the address, which may hold a password, out of an error of net/url.
func withoutAddress(err error) error {
	var bad *url.Error
	if errors.As(err, &bad) {
		return bad.Err
	}
	return err
}
