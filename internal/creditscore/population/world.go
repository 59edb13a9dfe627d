package population

import (
	"fmt"
	"math/rand/v2"
	"time"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/creditscore/trust"
	"lifecircle/internal/id"
)

// World is a number of people, numbered from 0, and their links.
type World struct {
	Network   Network
	Seed      uint64
	AsOf      time.Time // until when their histories go
	People    []Person
	Community []int32
	Links     []trust.Link

	contacts [][]int32
}

// New makes up people who know each other as the network has it.
func New(seed uint64, people int, network Network, asOf time.Time) *World {
	r := rand.New(rand.NewPCG(seed, uint64(network))) //nolint:gosec // made up, not secret
	w := &World{Network: network, Seed: seed, AsOf: asOf, Community: network.communities(people, r)}
	w.Links = network.links(w.Community, r)
	w.contacts = make([][]int32, people)
	for _, l := range w.Links {
		if l.Kind == trust.AcceptedContact {
			w.contacts[l.A] = append(w.contacts[l.A], int32(l.B)) //nolint:gosec // a person's number
			w.contacts[l.B] = append(w.contacts[l.B], int32(l.A)) //nolint:gosec // a person's number
		}
	}
	for i := range people {
		w.People = append(w.People, newPerson(w.person(i, 0)))
	}
	return w
}

// person returns the luck of a person, the same every time.
func (w *World) person(i int, stream uint64) *rand.Rand {
	return rand.New(rand.NewPCG(mix(w.Seed<<32+uint64(i)), mix(stream))) //nolint:gosec // made up, not secret
}

// mix scatters neighbouring numbers (splitmix64), so that neighbours share no luck.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// firstID is the ID of person 0.
const firstID id.ID = 1 << 40

// ID returns the id of a person.
func ID(person int) id.ID { return firstID + id.ID(person) }

// Number returns the person of an id, and whether it is one of n people.
func Number(of id.ID, n int) (int, bool) {
	i := int(of - firstID)
	return i, i >= 0 && i < n
}

// Inputs folds a person's history.
func (w *World) Inputs(i int) model.Inputs { return model.Fold(Events(w.History(i)), w.AsOf) }

// Seeds returns this month's seeds: a fifth of the hand-checked, who are one in
// ten of level 3, and two at least in each community.
func (w *World) Seeds(g *trust.Graph) []trust.Seed {
	seen := map[int32]int{}
	var candidates []trust.Candidate
	for i, p := range w.People {
		v := trust.Node(i) //nolint:gosec // a person's number
		if p.Level < model.LevelBank || g.Degree(v) < 3 {
			continue
		}
		c := w.Community[i]
		if seen[c]++; seen[c] <= 4 || seen[c]%10 == 0 {
			candidates = append(candidates, trust.Candidate{Node: v, Community: c})
		}
	}
	return trust.Rotate(g, candidates, []byte("made up"), int(w.AsOf.Month()), 2)
}

// Reference returns the hand-checked reference: one in ten of those whose
// document is verified.
func (w *World) Reference() (people []trust.Node) {
	for i, p := range w.People {
		if p.Level >= model.LevelDocument && i%10 == 0 {
			people = append(people, trust.Node(i)) //nolint:gosec // a person's number
		}
	}
	return people
}

// Trust propagates trust over the links, and what an attack adds to them, and
// returns what a score looks up.
func (w *World) Trust(attack Attack) (model.Trust, []float32, error) {
	n := len(w.People) + attack.Fakes
	g, err := trust.Build(n, append(w.Links[:len(w.Links):len(w.Links)], attack.links(w)...))
	if err != nil {
		return model.Trust{}, nil, err
	}
	values := trust.Propagate(g, w.Seeds(g), trust.Rounds(n))
	return Lookup(values, trust.Calibrate(values, w.Reference())), values, nil
}

// Lookup is what a score looks up in these values.
func Lookup(values []float32, scale trust.Scale) model.Trust {
	threshold, near := scale.Relative()
	return model.Trust{Run: fmt.Sprintf("made up of %d", len(values)), Threshold: threshold, Near: near, Of: func(of id.ID) float64 {
		if i, ok := Number(of, len(values)); ok {
			return scale.Share(values[i])
		}
		return 0
	}}
}
