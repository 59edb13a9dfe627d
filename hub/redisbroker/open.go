package redisbroker

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
)

// Open is New for the server at a redis:// or rediss:// address.
func Open(address, prefix string, logger *slog.Logger) (*Broker, error) {
	opt, err := redis.ParseURL(address)
	if err != nil {
		return nil, fmt.Errorf("read the address of Redis: %w", withoutAddress(err))
	}
	logging.Disable() // of the library, which would write a line for every attempt; we say once that Redis is away
	return New(opt, prefix, logger), nil
}

// withoutAddress takes the address, which may hold a password, out of an error of net/url.
func withoutAddress(err error) error {
	var bad *url.Error
	if errors.As(err, &bad) {
		return bad.Err
	}
	return err
}
