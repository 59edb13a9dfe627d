package trust

import (
	"fmt"
	"slices"
)

// Node is a person's place in a graph, from 0.
type Node uint32

// Kind is a mutual act that ties two people. In each of them the honest side
// has acted, which is what a made-up person cannot do for it.
type Kind uint8

// The acts that make links (section 4). There is none for what one side does alone.
const (
	AnsweredComment   Kind = iota + 1 // a comment, and the other's answer to it
	AcceptedContact                   // asked and accepted
	TwoWayTransaction                 // settled in both directions, over at least 30 days
	Vouch                             // given by somebody above 700, at most 5 a year
)

// weight is the part of a person's trust that a link of this kind carries,
// relative to his other links; 0 is no link.
func (k Kind) weight() uint32 {
	switch k {
	case AnsweredComment, AcceptedContact, TwoWayTransaction:
		return 1
	case Vouch:
		return 3
	default:
		return 0
	}
}

// Link ties A and B, in both directions.
type Link struct {
	A, B Node
	Kind Kind
}

// MaxNodes is the highest number of people in a graph.
const MaxNodes = 1 << (32 - weightBits)

const (
	weightBits = 2
	weightMask = 1<<weightBits - 1
)

// Graph is the links of all people, as compressed sparse rows. It is never
// changed once it is built; 4 bytes a person and 8 a link.
type Graph struct {
	starts []uint32 // of person v's row in ends; one more than there are people
	ends   []uint32 // the other's number and the link's weight in the lowest bits
}

// Build returns the graph of n people and their links. Links of somebody with
// himself are left out, links of the same two are one. It fails on a person
// who is not among the n, on an unknown kind and on more than MaxNodes people
// or 2^31 links.
func Build(n int, links []Link) (*Graph, error) {
	if n < 0 || n > MaxNodes || len(links) >= 1<<31 {
		return nil, fmt.Errorf("trust: %d people and %d links are too many", n, len(links))
	}
	g := &Graph{starts: make([]uint32, n+1)}
	for _, l := range links {
		if int(l.A) >= n || int(l.B) >= n || l.Kind.weight() == 0 {
			return nil, fmt.Errorf("trust: link %d-%d of kind %d among %d people", l.A, l.B, l.Kind, n)
		}
		if l.A != l.B {
			g.starts[l.A+1]++
			g.starts[l.B+1]++
		}
	}
	for v := range n {
		g.starts[v+1] += g.starts[v]
	}
	g.fill(links)
	g.compact()
	return g, nil
}

// fill puts every link into the rows of both of its people.
func (g *Graph) fill(links []Link) {
	g.ends = make([]uint32, g.starts[len(g.starts)-1])
	next := slices.Clone(g.starts)
	for _, l := range links {
		if l.A == l.B {
			continue
		}
		w := l.Kind.weight()
		g.ends[next[l.A]] = uint32(l.B)<<weightBits | w
		g.ends[next[l.B]] = uint32(l.A)<<weightBits | w
		next[l.A]++
		next[l.B]++
	}
}

// compact sorts every row, which makes sums independent of the order in which
// links came, and keeps the heaviest of links to the same person.
func (g *Graph) compact() {
	var kept uint32
	start := uint32(0)
	for v := range g.Len() {
		row := g.ends[start:g.starts[v+1]]
		start = g.starts[v+1]
		slices.Sort(row)
		g.starts[v] = kept
		for i, end := range row {
			if i+1 < len(row) && row[i+1]>>weightBits == end>>weightBits {
				continue // a heavier one, or an equal one, follows
			}
			g.ends[kept] = end
			kept++
		}
	}
	g.starts[g.Len()] = kept
	g.ends = g.ends[:kept]
}

// Len returns the number of people.
func (g *Graph) Len() int { return len(g.starts) - 1 }

// Links returns the number of links, each counted once.
func (g *Graph) Links() int { return len(g.ends) / 2 }

// Degree returns the number of people that v is tied to.
func (g *Graph) Degree(v Node) int { return int(g.starts[v+1] - g.starts[v]) }

// Neighbours returns the people that v is tied to, in rising order.
func (g *Graph) Neighbours(v Node) []Node {
	out := make([]Node, 0, g.Degree(v))
	for _, end := range g.row(int(v)) {
		out = append(out, Node(end>>weightBits))
	}
	return out
}

func (g *Graph) row(v int) []uint32 { return g.ends[g.starts[v]:g.starts[v+1]] }
