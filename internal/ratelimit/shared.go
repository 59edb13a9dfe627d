package ratelimit

import (
	"fmt"
	"log/slog"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
)

// Shared is a Redis limiter with a client of its own.
type Shared struct {
	*Redis
	client redis.UniversalClient
}

// Open returns a limiter over the Redis server at a redis:// address, or the
// Cluster at a redis+cluster:// one. It does not wait for the server: while that
// is away, the fallback decides. The caller must Close it.
func Open(address string, fallback *Memory, log *slog.Logger) (*Shared, error) {
	client, err := newClient(address)
	if err != nil {
		return nil, err
	}
	logging.Disable() // of the library, which would write a line for every attempt; we say once that Redis is away
	return &Shared{Redis: NewRedis(client, fallback, log), client: client}, nil
}

// Close closes the connections.
func (s *Shared) Close() error {
	if err := s.client.Close(); err != nil {
		return fmt.Errorf("close the connections to Redis: %w", err)
	}
	return nil
}
