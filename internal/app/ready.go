package app

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/httpapi"
)

const pingTimeout = 2 * time.Second // for a part to say that it is well

// readiness knows whether requests should come here.
type readiness struct {
	pool     *pgxpool.Pool
	redis    func() error // nil: none is used
	draining atomic.Bool
}

// check is what /readyz answers: it stays ready, degraded, without Redis.
func (r *readiness) check(ctx context.Context) httpapi.Readiness {
	state := httpapi.Readiness{Status: httpapi.StateOK, Checks: map[string]string{"postgres": httpapi.StateOK}, RetryAfter: time.Second}
	if r.draining.Load() {
		state.Status = httpapi.StateDraining
		return state
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if r.redis != nil {
		state.Checks["redis"] = httpapi.StateOK
		if err := r.redis(); err != nil {
			state.Status, state.Checks["redis"] = httpapi.StateDegraded, "unreachable"
		}
	}
	if err := r.pool.Ping(ctx); err != nil {
		state.Status, state.Checks["postgres"] = httpapi.StateUnavailable, "unreachable"
	}
	return state
}
