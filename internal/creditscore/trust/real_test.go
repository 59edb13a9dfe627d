package trust_test

import (
	"bufio"
	"cmp"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lifecircle/internal/creditscore/trust"
)

// pair is a line of a data set: a rated or knows b.
type pair struct {
	a, b   int
	rating int
}

// read returns the lines of a file of real links and the number of people.
func read(t *testing.T, name, separator string) (pairs []pair, people int) {
	t.Helper()
	dir := os.Getenv("TESTDATA_DIR")
	if dir == "" {
		t.Skip("TESTDATA_DIR is not set: there is no graph of real people")
	}
	f, err := os.Open(filepath.Join(dir, "social", name))
	if err != nil {
		t.Skipf("there is no graph of real people: %v", err)
	}
	defer func() { _ = f.Close() }()
	numbers := map[string]int{}
	number := func(text string) int {
		if _, known := numbers[text]; !known {
			numbers[text] = len(numbers)
		}
		return numbers[text]
	}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		columns := strings.Split(lines.Text(), separator)
		if _, err := strconv.Atoi(columns[0]); err != nil {
			continue // the header
		}
		p := pair{a: number(columns[0]), b: number(columns[1]), rating: 1}
		if len(columns) > 2 {
			p.rating, _ = strconv.Atoi(columns[2])
		}
		pairs = append(pairs, p)
	}
	return pairs, len(numbers)
}

// crowd is a real graph with fakes attached.
type crowd struct {
	honest, fakes int
	mutual        []trust.Link // acts of both sides
	oneWay        []trust.Link // what one side did alone: no links, but others would count them
}

func link(a, b int) trust.Link {
	return trust.Link{A: trust.Node(a), B: trust.Node(b), Kind: trust.AcceptedContact}
}

// attach adds a ring of fakes of degree 12, so many links each that the honest
// accepted, and so many one-way acts of each towards the honest.
func (c *crowd) attach(fakes, accepted, oneWay int, r *rand.Rand) {
	c.fakes = fakes
	for f := range fakes {
		for range 6 {
			c.mutual = append(c.mutual, link(c.honest+f, c.honest+r.IntN(fakes)))
		}
		for range accepted {
			c.mutual = append(c.mutual, link(c.honest+f, r.IntN(c.honest)))
		}
		for range oneWay {
			c.oneWay = append(c.oneWay, link(c.honest+f, r.IntN(c.honest)))
		}
	}
}

// auc is the chance that an honest person is above a fake; half for a tie.
// Honest people without any link are left out of it: nobody can tell them.
func (c *crowd) auc(g *trust.Graph, value func(v int) float64) float64 {
	type one struct {
		value float64
		fake  bool
	}
	var all []one
	for v := range c.honest + c.fakes {
		if v >= c.honest || g.Degree(trust.Node(v)) > 0 {
			all = append(all, one{value(v), v >= c.honest})
		}
	}
	slices.SortFunc(all, func(a, b one) int { return cmp.Compare(a.value, b.value) })
	wins, below, honest := 0.0, 0, 0
	for start := 0; start < len(all); {
		end, fakes := start, 0
		for ; end < len(all) && all[end].value == all[start].value; end++ {
			if all[end].fake {
				fakes++
			}
		}
		good := end - start - fakes
		wins += float64(good) * (float64(below) + float64(fakes)/2)
		below, honest, start = below+fakes, honest+good, end
	}
	return wins / float64(below) / float64(honest)
}

// judge prints how well three ways tell the honest from the fakes: the number
// of links, SybilRank over all acts from seeds drawn from everybody, and ours,
// over mutual acts from seeds in every community.
func (c *crowd) judge(t *testing.T, name string, r *rand.Rand) (degree, plain, ours float64) {
	t.Helper()
	n := c.honest + c.fakes
	build := func(links []trust.Link) *trust.Graph {
		g, err := trust.Build(n, links)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	mutual, all := build(c.mutual), build(slices.Concat(c.mutual, c.oneWay))
	communities := communities(mutual, r)
	var candidates []trust.Candidate
	var anybody []trust.Node
	for v := range trust.Node(c.honest) {
		if mutual.Degree(v) > 1 && r.IntN(10) == 0 { // one in ten was checked by hand
			candidates = append(candidates, trust.Candidate{Node: v, Community: communities[v]})
			anybody = append(anybody, v)
		}
	}
	seeds := trust.Rotate(mutual, candidates, []byte("test"), 11, 3)
	r.Shuffle(len(anybody), func(i, j int) { anybody[i], anybody[j] = anybody[j], anybody[i] })
	simple := trust.Propagate(all, trust.Even(anybody[:min(len(seeds), len(anybody))]), trust.Rounds(n))
	trusted := trust.Propagate(mutual, seeds, trust.Rounds(n))
	degree = c.auc(mutual, func(v int) float64 { return float64(all.Degree(trust.Node(v))) })
	plain = c.auc(mutual, func(v int) float64 { return float64(simple[v]) })
	ours = c.auc(mutual, func(v int) float64 { return float64(trusted[v]) })
	t.Logf("%-44s %d honest, %d fakes, %d seeds: AUC of degree %.3f, plain SybilRank %.3f, ours %.3f", name, c.honest, c.fakes, len(seeds), degree, plain, ours)
	return degree, plain, ours
}

// communities are found by everybody joining what most of his links are in.
func communities(g *trust.Graph, r *rand.Rand) []int32 {
	label := make([]int32, g.Len())
	for v := range label {
		label[v] = int32(v)
	}
	order := r.Perm(g.Len())
	for range 8 {
		for _, v := range order {
			votes := map[int32]int{}
			for _, u := range g.Neighbours(trust.Node(v)) {
				votes[label[u]]++
			}
			best := votes[label[v]]
			for _, u := range g.Neighbours(trust.Node(v)) {
				if l := label[u]; votes[l] > best || votes[l] == best && l < label[v] {
					label[v], best = l, votes[l]
				}
			}
		}
	}
	return label
}

// Trust tells fakes from the people of a real friendship graph, as long as the
// honest accept one or two links of each: at four it is as good as a guess.
func TestFriendshipGraph(t *testing.T) {
	t.Parallel()
	pairs, people := read(t, "facebook_combined.txt", " ")
	for _, accepted := range []int{1, 2, 4} {
		r := rand.New(rand.NewPCG(8, uint64(accepted)))
		c := crowd{honest: people}
		for _, p := range pairs {
			c.mutual = append(c.mutual, link(p.a, p.b))
		}
		c.attach(people/10, accepted, 5, r)
		_, plain, ours := c.judge(t, "friendships, accepted links per fake: "+strconv.Itoa(accepted), r)
		if floor := map[int]float64{1: 0.85, 2: 0.65, 4: 0.4}[accepted]; ours < floor || ours < plain {
			t.Errorf("%d accepted links: AUC %.3f, plain %.3f, the floor is %.2f", accepted, ours, plain, floor)
		}
	}
}

// So it does among traders who rated each other: only ratings above zero that
// were returned are links.
func TestRatingGraph(t *testing.T) {
	t.Parallel()
	pairs, people := read(t, "soc-sign-bitcoinalpha.csv", ",")
	good := map[[2]int]bool{}
	for _, p := range pairs {
		if p.rating > 0 {
			good[[2]int{p.a, p.b}] = true
		}
	}
	for _, accepted := range []int{1, 2, 4} {
		r := rand.New(rand.NewPCG(9, uint64(accepted)))
		c := crowd{honest: people}
		for _, p := range pairs {
			switch {
			case p.rating > 0 && good[[2]int{p.b, p.a}]:
				c.mutual = append(c.mutual, link(p.a, p.b))
			case p.rating > 0:
				c.oneWay = append(c.oneWay, link(p.a, p.b))
			}
		}
		c.attach(people/10, accepted, 5, r)
		_, plain, ours := c.judge(t, "ratings, accepted links per fake: "+strconv.Itoa(accepted), r)
		if floor := map[int]float64{1: 0.93, 2: 0.9, 4: 0.85}[accepted]; ours < floor || ours < plain {
			t.Errorf("%d accepted links: AUC %.3f, plain %.3f, the floor is %.2f", accepted, ours, plain, floor)
		}
	}
}
