package population

import (
	"math"
	"math/rand/v2"

	"lifecircle/internal/creditscore/trust"
)

// Network is how people know each other.
type Network uint8

// The networks. In all of them about 6 % know nobody and people have 11 links
// on average, a few of them very many.
const (
	Mixed   Network = iota // anybody knows anybody: trust spreads fast
	Towns                  // 1 in 500 people makes a community; 80 % of links stay inside
	Circles                // small ones of about 120, 85 % inside, where friends of friends are friends
)

// Networks are all of them.
func Networks() []Network { return []Network{Mixed, Towns, Circles} }

// String names it.
func (n Network) String() string { return [...]string{"mixed", "towns", "circles"}[n] }

const meanDegree = 11

// inside is the share of links that stay in a community.
func (n Network) inside() float64 { return [...]float64{0, 0.80, 0.85}[n] }

// communities tells everybody's community. Sizes differ as towns do.
func (n Network) communities(people int, r *rand.Rand) []int32 {
	size := map[Network]int{Mixed: people, Towns: 500, Circles: 120}[n]
	groups := max(1, people/size)
	weights := make([]float64, groups)
	for i := range weights {
		weights[i] = math.Exp(0.5 * r.NormFloat64())
	}
	choose := newUrn(weights)
	out := make([]int32, people)
	for i := range out {
		out[i] = int32(choose.draw(r)) //nolint:gosec // fewer than people
	}
	return out
}

// links draws who knows whom.
func (n Network) links(community []int32, r *rand.Rand) []trust.Link {
	sociable := make([]float64, len(community)) // how many links somebody is good for
	members := map[int32][]int{}
	for i, c := range community {
		sociable[i] = math.Exp(1.0 * r.NormFloat64())
		members[c] = append(members[c], i)
	}
	all := newUrn(sociable)
	urns := map[int32]urn{}
	for c, people := range members {
		weights := make([]float64, len(people))
		for j, i := range people {
			weights[j] = sociable[i]
		}
		urns[c] = newUrn(weights)
	}
	friends := make([][]int32, len(community))
	var links []trust.Link
	for range len(community) * meanDegree / 2 {
		a := all.draw(r)
		b := all.draw(r)
		switch c := community[a]; {
		case r.Float64() >= n.inside():
		case n == Circles && len(friends[a]) > 0 && r.Float64() < 0.4: // a friend's friend
			f := friends[a][r.IntN(len(friends[a]))]
			b = int(friends[f][r.IntN(len(friends[f]))])
		default:
			b = members[c][urns[c].draw(r)]
		}
		if a == b {
			continue
		}
		friends[a] = append(friends[a], int32(b))                                            //nolint:gosec // a person's number
		friends[b] = append(friends[b], int32(a))                                            //nolint:gosec // a person's number
		links = append(links, trust.Link{A: trust.Node(a), B: trust.Node(b), Kind: kind(r)}) //nolint:gosec // a person's number
	}
	return links
}

func kind(r *rand.Rand) trust.Kind {
	switch p := r.Float64(); {
	case p < 0.6:
		return trust.AcceptedContact
	case p < 0.8:
		return trust.AnsweredComment
	case p < 0.99:
		return trust.TwoWayTransaction
	default:
		return trust.Vouch
	}
}

// urn draws numbers by weight.
type urn struct{ sums []float64 }

func newUrn(weights []float64) urn {
	u := urn{sums: make([]float64, len(weights))}
	total := 0.0
	for i, w := range weights {
		total += w
		u.sums[i] = total
	}
	return u
}

func (u urn) draw(r *rand.Rand) int {
	x := r.Float64() * u.sums[len(u.sums)-1]
	low, high := 0, len(u.sums)-1
	for low < high {
		if m := (low + high) / 2; u.sums[m] > x {
			high = m
		} else {
			low = m + 1
		}
	}
	return low
}
