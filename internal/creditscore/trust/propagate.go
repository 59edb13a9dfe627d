package trust

import "math/bits"

// Rounds returns how many rounds n people take: ceil(log2 n), after which
// trust has spread among the honest and hardly beyond. Fewer were tried and
// are worse.
func Rounds(n int) int {
	if n < 2 {
		return 0
	}
	return bits.Len(uint(n - 1))
}

// Propagate gives the seeds trust by their weight, n in all, lets everybody
// hand all of his to his links by theirs, so many rounds long, and returns what
// each person then has for each unit of his degree. Somebody without links has
// none. The values say something only in relation to each other: see Scale.
//
// It keeps three float32 a person. They are as good as float64 here: see
// BenchmarkPropagate and TestSinglePrecisionOrdersTheSame.
func Propagate(g *Graph, seeds []Seed, rounds int) []float32 {
	return propagate[float32](g, seeds, rounds)
}

func propagate[F float32 | float64](g *Graph, seeds []Seed, rounds int) []F {
	share := make([]F, g.Len()) // what a person gives for each unit of weight
	inverse := make([]F, g.Len())
	for v := range inverse {
		if w := g.weight(v); w > 0 {
			inverse[v] = 1 / F(w)
		}
	}
	total := F(0)
	for _, s := range seeds {
		total += F(s.Weight)
	}
	for _, s := range seeds {
		if total == 0 {
			break // nobody among them is tied to anybody
		}
		share[s.Node] += F(g.Len()) * (F(s.Weight) / total) * inverse[s.Node]
	}
	next := make([]F, g.Len())
	for range rounds {
		for v := range next {
			next[v] = gather(g.row(v), share) * inverse[v]
		}
		share, next = next, share
	}
	return share
}

// weight is the sum of the weights of v's links.
func (g *Graph) weight(v int) (sum uint32) {
	for _, end := range g.row(v) {
		sum += end & weightMask
	}
	return sum
}

// gather is what a row's people give to it. The conversion keeps the compiler
// from fusing product and sum, which would round differently elsewhere.
func gather[F float32 | float64](row []uint32, share []F) (sum F) {
	for _, end := range row {
		sum += F(F(end&weightMask) * share[end>>weightBits])
	}
	return sum
}
