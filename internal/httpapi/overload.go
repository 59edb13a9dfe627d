package httpapi

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"lifecircle/internal/problem"
)

// Reads share the connections to Postgres with commits. Few at a time are as
// fast as many; those that cannot begin soon are told to come again.
const (
	readsAtOnce  = 64
	readsWaiting = 512
	readWait     = 250 * time.Millisecond

	// writesAtOnce bounds the memory of those that wait for a commit or for a
	// password's hash, which have short queues of their own.
	writesAtOnce = 4096

	// streamsAtOnce bounds the bodies that arrive piece by piece, at a piece of
	// memory each (media keeps 256 KiB).
	streamsAtOnce  = 256
	userStreams    = 12 // of one user: a post's photos, and some that have died unnoticed
	streamsWaiting = 0

	// filesAtOnce bounds the files of photos that are on their way to somebody,
	// at a file descriptor or a connection to the store each.
	filesAtOnce  = 256
	filesWaiting = 1024
	fileWait     = 5 * time.Second

	comeAgain = time.Second
)

// gate lets a bounded number of handlers work at once, and a bounded number of
// others wait for a bounded time. Beyond that it refuses.
type gate struct {
	places     chan struct{} // taken by those at work
	waiting    atomic.Int64
	maxWaiting int64
	maxWait    time.Duration
}

func newGate(places, waiting int, wait time.Duration) *gate {
	return &gate{places: make(chan struct{}, places), maxWaiting: int64(waiting), maxWait: wait}
}

// gateOf is what stands before the handler of a route; nil: nothing, operators
// get their answer from a busy node, too.
func (s *server) gateOf(rt route) *gate {
	switch {
	case rt.ops:
		return nil
	case rt.stream:
		return s.streams
	case rt.method == http.MethodGet:
		return s.reads
	default:
		return s.writes
	}
}

// crowded tells whether somebody who came now would be refused. Asking costs
// next to nothing, so that refusing does.
func (g *gate) crowded() bool {
	return g != nil && len(g.places) == cap(g.places) && g.waiting.Load() >= g.maxWaiting
}

// enter takes a place, which leave gives back. Both do nothing on a nil gate.
func (g *gate) enter(ctx context.Context) error {
	if g == nil {
		return nil
	}
	select {
	case g.places <- struct{}{}:
		return nil
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > g.maxWaiting {
		return errCrowded
	}
	patience := time.NewTimer(g.maxWait)
	defer patience.Stop()
	select {
	case g.places <- struct{}{}:
		return nil
	case <-patience.C:
		return errCrowded
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (g *gate) leave() {
	if g != nil {
		<-g.places
	}
}

var errCrowded = &problem.Problem{Code: problem.Overloaded, Detail: "Too many people are here just now.", RetryAfter: comeAgain}

// crowdedFor tells whether r asks for a change while none would be accepted.
// Signing in is none, nor are the doors of tests.
func (s *server) crowdedFor(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	path := r.URL.Path
	if !strings.HasPrefix(path, "/v1/") || strings.HasPrefix(path, "/v1/auth/") || devPath(path) {
		return false
	}
	return s.Crowded != nil && s.Crowded() || s.PaymentsCrowded != nil && movesMoney(path) && s.PaymentsCrowded()
}

// movesMoney tells the paths where a change waits for a commit of payments.
func movesMoney(path string) bool {
	for _, area := range []string{walletPath, "/v1/tips/", WebhooksPath} {
		if strings.HasPrefix(path, area) {
			return true
		}
	}
	return strings.HasSuffix(path, "/tips")
}

// refuseUnseen answers before routes, tokens and bodies are looked at: what is
// refused under overload must cost little.
func (s *server) refuseUnseen(w http.ResponseWriter, r *http.Request) {
	d := document(errCrowded)
	writeProblem(w, d)
	if s.Observe != nil {
		s.Observe(Observation{Method: r.Method, Status: d.Status})
	}
}
