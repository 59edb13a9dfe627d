package httpapi

import (
	"context"
	"net/http"
	"time"

	"lifecircle/internal/problem"
)

// The states of a node, as Readiness names them.
const (
	StateOK          = "ok"
	StateDegraded    = "degraded" // serves, but with less than everything, such as Redis
	StateStarting    = "starting"
	StateDraining    = "draining"
	StateUnavailable = "unavailable" // no Postgres
)

// Readiness says whether a node wants requests, and what it looked at.
type Readiness struct {
	Status string            `json:"status" enum:"ok,degraded"`
	Checks map[string]string `json:"checks" doc:"each part that was looked at, ok or what is wrong"`

	RetryAfter time.Duration `json:"-"` // when not ready
}

// Version says which program this is.
type Version struct {
	Version string `json:"version" example:"1.4.0"`
	Commit  string `json:"commit,omitempty"`
	Go      string `json:"go,omitempty"`
}

func (s *server) opsRoutes() {
	register(s, route{
		id: "get_health", method: http.MethodGet, path: "/healthz", tag: "ops", ops: true,
		summary: "Whether the process answers", about: "It looks at nothing else: see /readyz.",
	}, s.getHealth)
	register(s, route{
		id: "get_readiness", method: http.MethodGet, path: "/readyz", tag: "ops", ops: true,
		summary: "Whether the node wants requests",
		about:   "degraded is ready: the feed goes on without Redis. 503 while starting, draining or without Postgres.",
		codes:   []problem.Code{problem.Unavailable},
	}, s.getReadiness)
	register(s, route{
		id: "get_version", method: http.MethodGet, path: "/version", tag: "ops", ops: true, summary: "Which program this is",
	}, s.getVersion)
	register(s, route{
		id: "get_limits", method: http.MethodGet, path: "/v1/limits", tag: "ops", ops: true,
		summary: "Every limit that clients can meet, and the categories of circles",
	}, s.getLimits)
}

type health struct {
	Status string `json:"status" enum:"ok"`
}

func (s *server) getHealth(context.Context, *nothing) (*reply[health], error) {
	return answer(health{Status: StateOK}, nil)
}

type readiness struct {
	CacheControl string `header:"Cache-Control"`
	Body         Readiness
}

func (s *server) getReadiness(ctx context.Context, _ *nothing) (*readiness, error) {
	state := Readiness{Status: StateOK, Checks: map[string]string{}}
	if s.Ready != nil {
		state = s.Ready(ctx)
	}
	if state.Status != StateOK && state.Status != StateDegraded {
		return nil, &problem.Problem{
			Code: problem.Unavailable, Detail: "The node is " + state.Status + ".",
			Fields: faults(state.Checks), RetryAfter: state.RetryAfter,
		}
	}
	return &readiness{CacheControl: "no-store", Body: state}, nil
}

// faults lists the checks that failed, for the problem document.
func faults(checks map[string]string) []problem.Field {
	var fields []problem.Field
	for _, name := range sortedKeys(checks) {
		if checks[name] != StateOK {
			fields = append(fields, problem.Field{Location: "checks." + name, Message: checks[name]})
		}
	}
	return fields
}

func (s *server) getVersion(context.Context, *nothing) (*reply[Version], error) {
	return answer(s.Version, nil)
}

func (s *server) getLimits(context.Context, *nothing) (*reply[limitsBody], error) {
	return answer(s.limits, nil)
}
