package ratelimit

import (
	"context"
	"crypto/sha256"
	_ "embed" // for gcra.lua
	"encoding/hex"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	redisTimeout = 100 * time.Millisecond // one decision; then the node decides alone
	redisPause   = time.Second            // after a failure; then one event tries again
	keyPrefix    = "lifecircle:rate:"
	maxKeyBytes  = 64 // a longer key is hashed
)

//go:embed gcra.lua
var gcraLua string

// Redis limits the events of all nodes that share one Redis, by its clock.
// It is safe for concurrent use and owns no goroutine.
type Redis struct {
	client   redis.Scripter
	script   *redis.Script
	fallback *Memory
	log      *slog.Logger
	away     atomic.Bool  // Redis failed last; the log has been told
	retryAt  atomic.Int64 // while away: when to try again, Unix µs
}

// NewRedis returns a limiter over the client, which the caller closes and must
// have made with ContextTimeoutEnabled: without it a hanging Redis holds one
// caller for the client's own timeouts, several times 3 s.
// The fallback decides, by its own clock, while Redis does not answer.
func NewRedis(client redis.Scripter, fallback *Memory, log *slog.Logger) *Redis {
	return &Redis{client: client, script: redis.NewScript(gcraLua), fallback: fallback, log: log}
}

// Allow implements Limiter.
func (l *Redis) Allow(ctx context.Context, key string, r Rate) (Decision, error) {
	if r.unlimited() {
		return Decision{Allowed: true}, nil
	}
	p, err := r.pace()
	if err != nil {
		return Decision{}, err
	}
	if !l.mayTry() {
		return l.fallback.Allow(ctx, key, r)
	}
	wait, err := l.ask(ctx, key, p)
	if ctx.Err() != nil {
		return Decision{}, ctx.Err() // says nothing about Redis
	}
	if err != nil {
		l.failed(err)
		return l.fallback.Allow(ctx, key, r)
	}
	if l.away.CompareAndSwap(true, false) {
		l.log.Info("rate limits are shared again")
	}
	return decide(wait), nil
}

func (l *Redis) ask(ctx context.Context, key string, p pace) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	return l.script.Run(ctx, l.client, []string{redisKey(key)}, p.interval, p.span).Int64()
}

// mayTry lets one caller in a pause through while Redis is away, so that the
// others do not wait for it.
func (l *Redis) mayTry() bool {
	if !l.away.Load() {
		return true
	}
	now, at := l.fallback.now().UnixMicro(), l.retryAt.Load()
	return now >= at && l.retryAt.CompareAndSwap(at, now+redisPause.Microseconds())
}

func (l *Redis) failed(err error) {
	l.retryAt.Store(l.fallback.now().Add(redisPause).UnixMicro())
	if l.away.CompareAndSwap(false, true) {
		l.log.Warn("redis does not answer: each node limits rates alone", "error", err)
	}
}

func redisKey(key string) string {
	if len(key) > maxKeyBytes {
		sum := sha256.Sum256([]byte(key))
		key = hex.EncodeToString(sum[:])
	}
	return keyPrefix + key
}
