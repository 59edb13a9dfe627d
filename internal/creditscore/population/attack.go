package population

import (
	"math/rand/v2"
	"slices"
	"time"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/creditscore/trust"
	"lifecircle/internal/id"
)

// Attack is a ring of fakes with everything that can be farmed (section 6).
// The fakes have the numbers after the people.
type Attack struct {
	Fakes    int
	Accepted float64 // links per fake that honest people accepted
	Rented   float64 // share of fakes with a rented identity of level 3
	OneWay   int     // tips per fake to the best connected, wrongly counted as links
}

// Attacks are the rows of section 6 that the defence holds against.
func Attacks(fakes int) []Attack {
	return []Attack{
		{Fakes: fakes, Accepted: 0.1, Rented: 0.05},
		{Fakes: fakes, Accepted: 1, Rented: 0.05},
		{Fakes: fakes, Accepted: 1, Rented: 0.90},
		{Fakes: fakes, Accepted: 2, Rented: 0.90},
		{Fakes: fakes, OneWay: 5, Rented: 0.90},
	}
}

const (
	ringDegree = 12
	topShare   = 200 // one in so many is tipped: 100 of 20,000
)

// links are the ring, what honest people accepted, and tips counted as links.
func (a Attack) links(w *World) (links []trust.Link) {
	if a.Fakes == 0 {
		return nil
	}
	r := rand.New(rand.NewPCG(w.Seed, 77)) //nolint:gosec // made up, not secret
	first := len(w.People)
	link := func(x, y int) {
		links = append(links, trust.Link{A: trust.Node(x), B: trust.Node(y), Kind: trust.AcceptedContact}) //nolint:gosec // people's numbers
	}
	top := w.bestConnected(max(1, first/topShare))
	for f := range a.Fakes {
		for range ringDegree / 2 {
			link(first+f, first+r.IntN(a.Fakes))
		}
		accepted := int(a.Accepted)
		if r.Float64() < a.Accepted-float64(accepted) {
			accepted++
		}
		for range accepted {
			link(first+f, r.IntN(first))
		}
		for range a.OneWay {
			link(first+f, top[r.IntN(len(top))])
		}
	}
	return links
}

func (w *World) bestConnected(n int) []int {
	degree := make([]int, len(w.People))
	people := make([]int, len(w.People))
	for _, l := range w.Links {
		degree[l.A]++
		degree[l.B]++
	}
	for i := range people {
		people[i] = i
	}
	slices.SortStableFunc(people, func(x, y int) int { return degree[y] - degree[x] })
	return people[:min(n, len(people))]
}

// Farmed returns the inputs of a fake: 24 clean months, 200 counterparties of
// the ring, 200 kept obligations, appreciation by 150 people a month and no
// report.
func (a Attack) Farmed(w *World, fake int) model.Inputs {
	n := len(w.People)
	in := model.Inputs{
		User: ID(n + fake), Joined: w.AsOf.AddDate(0, -farmedMonths, 0), CleanMonths: farmedMonths, Transactions: 600, Kept: 200, Items: 400,
	}
	forever := w.AsOf.AddDate(100, 0, 0)
	in.Levels[model.LevelPhone-1] = forever
	if float64(fake) < a.Rented*float64(a.Fakes) {
		in.Levels = [model.LevelBank]time.Time{forever, forever, forever}
	}
	in.Attributes[model.Student] = forever
	for i := 1; i <= 200; i++ {
		other := ID(n + (fake+i)%a.Fakes)
		in.Counterparties = append(in.Counterparties, other)
		if i <= 150 {
			in.Appreciations = append(in.Appreciations, model.Crowd{Person: other, Months: 12})
		}
		if i <= ringDegree {
			in.Contacts = append(in.Contacts, other)
		}
	}
	slices.Sort(in.Counterparties)
	in.Counterparties = slices.Compact(in.Counterparties)
	return in
}

// Above returns the share of fakes above a score. Naive
// is without any gate, and everybody counts as one person.
func (a Attack) Above(w *World, score int, t model.Trust, naive bool) float64 {
	if naive {
		t = model.Trust{Of: func(id.ID) float64 { return 1 }}
		a.Rented = 1
	}
	above := 0
	for f := range a.Fakes {
		if model.Points(a.Farmed(w, f), t, w.AsOf) > score {
			above++
		}
	}
	return float64(above) / float64(a.Fakes)
}
