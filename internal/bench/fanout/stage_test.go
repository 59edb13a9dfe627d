package fanout

import (
	"slices"
	"testing"

	"lifecircle/hub/hubtest/redisserver"
)

// comparison returns the roles to measure: the floor first.
func (z size) comparison(floor string, withRedis bool) []string {
	roles := []string{floor, "hub"}
	if withRedis && z.redis {
		roles = append(roles, "redis")
	}
	return roles
}

// stage is what the turns of one benchmark share.
type stage struct {
	testing.TB
	processors processors
	raw        bool                // the floor writes past Go's scheduler
	redis      *redisserver.Server // nil until it is needed
}

func newStage(tb testing.TB, z size) *stage {
	tb.Helper()
	st := &stage{TB: tb, raw: z.raw}
	if err := raiseFiles(); err != nil {
		tb.Fatal(err)
	}
	if err := st.processors.read(); err != nil {
		tb.Fatal(err)
	}
	st.processors.pinClients(tb)
	return st
}

// start starts a server.
func (st *stage) start(role string) *server {
	st.Helper()
	switch {
	case role == "floor" && st.raw:
		role = "floor raw"
	case role == "redis":
		if st.redis == nil {
			st.redis = redisserver.Start(st)
		}
		role += " " + st.redis.URL()
	}
	return startServer(st, role)
}

// inTurn measures each role once a round.
func inTurn[T any](st *stage, rounds int, roles []string, measure func(role string) T) map[string][]T {
	found := make(map[string][]T)
	for range rounds {
		for _, role := range roles {
			m := measure(role)
			st.Logf("%s: %+v", role, m)
			found[role] = append(found[role], m)
		}
	}
	return found
}

// figure is one of what a measurement found.
type figure[T any] struct {
	unit  string
	of    func(T) float64
	ratio string // the unit of its ratio to that of the floor; empty for none
}

// reportEach reports the medians of each role, as a benchmark of its own.
func reportEach[T any](b *testing.B, roles []string, found map[string][]T, figures ...figure[T]) {
	b.Helper()
	for _, role := range roles {
		b.Run(role, func(b *testing.B) {
			for b.Loop() { // it is measured already
			}
			b.ReportMetric(0, "ns/op")
			for _, f := range figures {
				m := median(found[role], f.of)
				if m == 0 {
					continue // it has none
				}
				b.ReportMetric(m, f.unit)
				if floor := median(found[roles[0]], f.of); f.ratio != "" && floor > 0 && role != roles[0] {
					b.ReportMetric(m/floor, f.ratio)
				}
			}
		})
	}
}

func median[T any](of []T, value func(T) float64) float64 {
	values := make([]float64, len(of))
	for i, v := range of {
		values[i] = value(v)
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
