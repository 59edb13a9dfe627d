package fanout

import (
	"slices"
	"testing"
)

// BenchmarkIdle reports what a client with one subscription costs the server in memory.
func BenchmarkIdle(b *testing.B) {
	z := sizeOfFlags()
	st, roles := newStage(b, z), z.comparison("floor", false)
	found := inTurn(st, z.rounds, roles, func(role string) held { return st.hold(role, z.clients) })
	reportEach(b, roles, found,
		figure[held]{"KiB/client", func(h held) float64 { return h.resident }, ""},
		figure[held]{"inuse-KiB/client", func(h held) float64 { return h.inUse }, ""})
}

// held is the memory of a client in KiB: of the process, and in use by Go.
type held struct{ resident, inUse float64 }

const firstClients = 100 // they make the server load what any number of clients needs

func (st *stage) hold(role string, clients int) held {
	st.Helper()
	s := st.start(role)
	defer s.stop()
	first := newCrowd(st, s.addr, slices.Repeat([]string{"all"}, firstClients), false)
	defer first.close()
	before := s.do(order{Settle: true})
	c := newCrowd(st, s.addr, slices.Repeat([]string{"all"}, clients), false)
	defer c.close()
	after := s.do(order{Settle: true})
	each := func(before, after uint64) float64 {
		return (float64(after) - float64(before)) / 1024 / float64(clients)
	}
	return held{resident: each(before.Resident, after.Resident), inUse: each(before.InUse, after.InUse)}
}
