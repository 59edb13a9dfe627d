package ratelimit

import (
	"context"
	"crypto/sha256"
	_ "embed" // for gcra.lua
	"encoding/hex"
	"hash/crc32"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	redisTimeout = 100 * time.Millisecond // one decision; then the node decides alone
	redisPause   = time.Second            // after a failure; then one event tries again
	keyPrefix    = "lifecircle:rate:"
	maxKeyBytes  = 64 // a longer key is hashed
	clusterGates = 64 // hash tags that the keys of a Cluster are spread over
)

//go:embed gcra.lua
var gcraLua string

// Redis limits the events of all nodes that share one Redis or one Redis
// Cluster, by its clock. It is safe for concurrent use and owns no goroutine.
type Redis struct {
	client   redis.Scripter
	script   *redis.Script
	fallback *Memory
	log      *slog.Logger
	patience time.Duration // with one decision
	gates    []gate        // one, or with a Cluster one for each hash tag
	away     atomic.Int32  // gates that are away; the log has been told
}

// gate stands before the keys that fail together: those of one server. With a
// Cluster it is those of one slot, so that a master that is away leaves the
// limits of the others as they are.
type gate struct {
	tag     string       // begins its keys; empty if there is one gate
	away    atomic.Bool  // Redis failed last
	retryAt atomic.Int64 // while away: when to try again, Unix µs
}

// NewRedis returns a limiter over the client, which the caller closes and must
// have made with ContextTimeoutEnabled: without it a hanging Redis holds one
// caller for the client's own timeouts, several times 3 s.
// The fallback decides, by its own clock, while Redis does not answer.
func NewRedis(client redis.Scripter, fallback *Memory, log *slog.Logger) *Redis {
	l := &Redis{client: client, script: redis.NewScript(gcraLua), fallback: fallback, log: log, patience: redisTimeout, gates: make([]gate, 1)}
	if _, clustered := client.(*redis.ClusterClient); clustered {
		l.gates = make([]gate, clusterGates)
		for i := range l.gates {
			l.gates[i].tag = "{r" + strconv.Itoa(i) + "}:"
		}
	}
	return l
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
	g := l.gate(key)
	if !l.mayTry(g) {
		return l.fallback.Allow(ctx, key, r)
	}
	wait, err := l.ask(ctx, g.tag, key, p)
	if ctx.Err() != nil {
		return Decision{}, ctx.Err() // says nothing about Redis
	}
	if err != nil {
		l.failed(g, err)
		return l.fallback.Allow(ctx, key, r)
	}
	if g.away.CompareAndSwap(true, false) && l.away.Add(-1) == 0 {
		l.log.Info("rate limits are shared again")
	}
	return decide(wait), nil
}

func (l *Redis) gate(key string) *gate {
	return &l.gates[crc32.ChecksumIEEE([]byte(key))%uint32(len(l.gates))] //nolint:gosec // 1 or clusterGates
}

func (l *Redis) ask(ctx context.Context, tag, key string, p pace) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, l.patience)
	defer cancel()
	return l.script.Run(ctx, l.client, []string{redisKey(tag, key)}, p.interval, p.span).Int64()
}

// mayTry lets one caller in a pause through while Redis is away, so that the
// others do not wait for it.
func (l *Redis) mayTry(g *gate) bool {
	if !g.away.Load() {
		return true
	}
	now, at := l.fallback.now().UnixMicro(), g.retryAt.Load()
	return now >= at && g.retryAt.CompareAndSwap(at, now+redisPause.Microseconds())
}

func (l *Redis) failed(g *gate, err error) {
	g.retryAt.Store(l.fallback.now().Add(redisPause).UnixMicro())
	if g.away.CompareAndSwap(false, true) && l.away.Add(1) == 1 {
		l.log.Warn("redis does not answer: each node limits rates alone", "error", err)
	}
}

func redisKey(tag, key string) string {
	if len(key) > maxKeyBytes {
		sum := sha256.Sum256([]byte(key))
		key = hex.EncodeToString(sum[:])
	}
	return keyPrefix + tag + key
}
