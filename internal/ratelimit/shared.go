package ratelimit

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
)

// Shared is a Redis limiter with a client of its own.
type Shared struct {
	*Redis
	client *redis.Client
}

// Open returns a limiter over the Redis server at a redis:// address. It does
// not wait for the server: while that is away, the fallback decides. The
// caller must Close it.
func Open(address string, fallback *Memory, log *slog.Logger) (*Shared, error) {
	o, err := redis.ParseURL(address)
	if err != nil {
		return nil, fmt.Errorf("read the address of Redis: %w", withoutAddress(err))
	}
	logging.Disable() // of the library, which would write a line for every attempt; we say once that Redis is away
	o.ContextTimeoutEnabled = true
	client := redis.NewClient(o)
	return &Shared{Redis: NewRedis(client, fallback, log), client: client}, nil
}

// Close closes the connections.
func (s *Shared) Close() error {
	if err := s.client.Close(); err != nil {
		return fmt.Errorf("close the connections to Redis: %w", err)
	}
	return nil
}

// withoutAddress takes the address, which may hold a password, out of an error of net/url.
func withoutAddress(err error) error {
	var bad *url.Error
	if errors.As(err, &bad) {
		return bad.Err
	}
	return err
}
