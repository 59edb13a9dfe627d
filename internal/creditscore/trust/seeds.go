package trust

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// SeedsPerCommunity is the lowest number of seeds a community has (section 4):
// one with none would look like a ring of fakes to all others.
const SeedsPerCommunity = 2

// hubLimit is how many times the mean links of his community's candidates make
// somebody a hub. Hubs become seeds only where there is nobody else.
const hubLimit = 3

// Candidate is a human of identity level 3 who was checked by hand.
type Candidate struct {
	Node      Node
	Community int32
}

// Seed is where trust starts, in proportion to Weight.
type Seed struct {
	Node   Node
	Weight float32
}

// Even gives the same weight to all.
func Even(nodes []Node) []Seed {
	seeds := make([]Seed, len(nodes))
	for i, v := range nodes {
		seeds[i] = Seed{v, 1}
	}
	return seeds
}

// Rotate chooses the seeds of a month: one in every share candidates of each
// community, and SeedsPerCommunity at least if it has them. Who they are
// follows from the secret key and cannot be told without it; months are
// counted from anywhere. The answer is in rising order.
//
// A community's seeds share as much trust as its candidates have links: trust
// is per link in the end, and stopped early it is not far from where it began,
// so a dense community would be worth less for being dense. It is candidates
// who are counted, since fakes cannot become one, and all of them, since a
// seed's own links can be pumped up. On a real friendship graph this is most of
// what tells fakes apart; see TestFriendshipGraph.
func Rotate(g *Graph, candidates []Candidate, key []byte, month, share int) []Seed {
	all := draw(candidates, key, month)
	var seeds []Seed
	for start := 0; start < len(all); {
		end, links := start, uint32(0)
		for ; end < len(all) && all[end].Community == all[start].Community; end++ {
			links += g.weight(int(all[end].Node))
		}
		few := max(SeedsPerCommunity, (end-start)/max(1, share))
		chosen := usual(g, all[start:end], links)
		chosen = chosen[:min(len(chosen), few)]
		seeds = append(seeds, weighed(g, chosen, links, end-start)...)
		start = end
	}
	slices.SortFunc(seeds, func(a, b Seed) int { return cmp.Compare(a.Node, b.Node) })
	return seeds
}

// usual returns a community's candidates, the hubs last: everybody wants to be
// linked to them, fakes too.
func usual(g *Graph, all []drawn, links uint32) []drawn {
	var most, hubs []drawn
	for _, d := range all {
		if int(g.weight(int(d.Node)))*len(all) > hubLimit*int(links) {
			hubs = append(hubs, d)
		} else {
			most = append(most, d)
		}
	}
	return append(most, hubs...)
}

// weighed shares out what a community's candidates have in links among those
// chosen, by their own links, of which no more than the mean count.
func weighed(g *Graph, chosen []drawn, links uint32, candidates int) []Seed {
	most := float32(links) / float32(candidates)
	seeds, total := make([]Seed, len(chosen)), float32(0)
	for i, d := range chosen {
		seeds[i] = Seed{d.Node, min(most, float32(g.weight(int(d.Node))))}
		total += seeds[i].Weight
	}
	for i := range seeds {
		if total > 0 {
			seeds[i].Weight *= float32(links) / total
		}
	}
	return seeds
}

type drawn struct {
	Candidate
	lot [sha256.Size]byte
}

// draw orders candidates by community, and in each by lots that the key draws.
func draw(candidates []Candidate, key []byte, month int) []drawn {
	all := make([]drawn, 0, len(candidates))
	for _, c := range candidates {
		mac := hmac.New(sha256.New, key)
		_ = binary.Write(mac, binary.BigEndian, [2]int64{int64(month), int64(c.Node)})
		d := drawn{Candidate: c}
		mac.Sum(d.lot[:0])
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b drawn) int {
		return cmp.Or(cmp.Compare(a.Community, b.Community), bytes.Compare(a.lot[:], b.lot[:]))
	})
	return all
}
