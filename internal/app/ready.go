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
	redis    func() error  // nil: none is used
	canary   func() string // the state of the last round
	draining atomic.Bool
}

// check is what /readyz answers: it stays ready, degraded, without Redis, and
// when the canary's message does not come back.
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
	if state.Checks["canary"] = r.canary(); state.Checks["canary"] == canaryFails {
		state.Status = httpapi.StateDegraded
	}
	if err := r.pool.Ping(ctx); err != nil {
		state.Status, state.Checks["postgres"] = httpapi.StateUnavailable, "unreachable"
	}
	return state
}
