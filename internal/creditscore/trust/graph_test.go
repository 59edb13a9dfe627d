package trust_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"lifecircle/internal/creditscore/trust"
)

func TestBuild(t *testing.T) {
	t.Parallel()
	g, err := trust.Build(5, []trust.Link{
		{A: 3, B: 1, Kind: trust.AcceptedContact},
		{A: 1, B: 3, Kind: trust.Vouch},
		{A: 3, B: 1, Kind: trust.AnsweredComment},
		{A: 2, B: 2, Kind: trust.AcceptedContact},
		{A: 0, B: 1, Kind: trust.TwoWayTransaction},
	})
	if err != nil {
		t.Fatal(err)
	}
	if g.Len() != 5 || g.Links() != 2 || !slices.Equal(g.Neighbours(1), []trust.Node{0, 3}) || g.Degree(2) != 0 || g.Degree(4) != 0 {
		t.Errorf("%d people, %d links, 1 knows %v", g.Len(), g.Links(), g.Neighbours(1))
	}
	// 1 gives a quarter to 0 and three quarters to 3, which vouched: in one
	// round from 1 all five units of trust arrive there, per unit of degree.
	if got := trust.Propagate(g, trust.Even([]trust.Node{1}), 1); !near(got, []float32{1.25, 0, 0, 1.25, 0}) {
		t.Errorf("after a round: %v", got)
	}
	for _, bad := range []trust.Link{{A: 0, B: 5, Kind: trust.Vouch}, {A: 7, B: 1, Kind: trust.Vouch}, {A: 0, B: 1}, {A: 0, B: 1, Kind: trust.Vouch + 1}} {
		if _, err := trust.Build(5, []trust.Link{bad}); err == nil {
			t.Errorf("%+v is a link", bad)
		}
	}
	if empty, err := trust.Build(0, nil); err != nil || len(trust.Propagate(empty, nil, 3)) != 0 {
		t.Error("nobody")
	}
}

func near(got, want []float32) bool {
	return slices.EqualFunc(got, want, func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-5 })
}

func TestRounds(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{0: 0, 1: 0, 2: 1, 3: 2, 4: 2, 5: 3, 1024: 10, 1025: 11, 22_000: 15, 1_000_000: 20} {
		if got := trust.Rounds(n); got != want {
			t.Errorf("%d people: %d rounds, want %d", n, got, want)
		}
	}
}

// The order of links, their direction and their repetition change no bit; what
// nobody is tied to has nothing; and no trust is made or lost on the way.
func TestPropagationIsDeterministicAndKeepsTrust(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 40).Draw(t, "people")
		node := rapid.Custom(func(t *rapid.T) trust.Node { return trust.Node(rapid.IntRange(0, n-1).Draw(t, "node")) })
		links := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) trust.Link {
			return trust.Link{A: node.Draw(t, "a"), B: node.Draw(t, "b"), Kind: trust.Kind(rapid.IntRange(1, 4).Draw(t, "kind"))}
		}), 0, 120).Draw(t, "links")
		g, err := trust.Build(n, links)
		if err != nil {
			t.Fatal(err)
		}
		var seeds []trust.Node
		for v := range trust.Node(n) { //nolint:gosec // few
			if g.Degree(v) > 0 && len(seeds) < 3 {
				seeds = append(seeds, v)
			}
		}
		want := trust.Propagate(g, trust.Even(seeds), trust.Rounds(n))
		mixed := slices.Clone(links)
		rand.New(rand.NewPCG(2, rapid.Uint64().Draw(t, "shuffle"))).Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		for i := range mixed {
			mixed[i].A, mixed[i].B = mixed[i].B, mixed[i].A
		}
		other, _ := trust.Build(n, append(mixed, links...))
		if got := trust.Propagate(other, trust.Even(seeds), trust.Rounds(n)); !slices.Equal(got, want) {
			t.Fatalf("%v, then %v", want, got)
		}
		total := 0.0
		for v, share := range want {
			if g.Degree(trust.Node(v)) == 0 && share != 0 { //nolint:gosec // few
				t.Fatalf("%d knows nobody and has %v", v, share)
			}
			total += float64(share) * float64(weight(links, trust.Node(v))) //nolint:gosec // few
		}
		if len(seeds) > 0 && math.Abs(total-float64(n)) > 1e-3 {
			t.Fatalf("%v of %d units are left", total, n)
		}
	})
}

// weight is the weight of v's links, counted plainly.
func weight(links []trust.Link, v trust.Node) (sum int) {
	best := map[trust.Node]int{}
	for _, l := range links {
		w := 1
		if l.Kind == trust.Vouch {
			w = 3
		}
		switch {
		case l.A == l.B:
		case l.A == v:
			best[l.B] = max(best[l.B], w)
		case l.B == v:
			best[l.A] = max(best[l.A], w)
		}
	}
	for _, w := range best {
		sum += w
	}
	return sum
}

func TestScale(t *testing.T) {
	t.Parallel()
	values := []float32{0}
	var reference []trust.Node
	for i := 1; i <= 100; i++ {
		values = append(values, float32(i))
		reference = append(reference, trust.Node(i))
	}
	reference = append(reference, 0, 0, 0, 0, 0, 0, 0, 0) // without links: left out
	s := trust.Calibrate(values, reference)
	if s.Median != 50 || s.Threshold != 5 || s.Near != 10 || trust.Threshold(values, reference) != 5 {
		t.Errorf("%+v", s)
	}
	threshold, near := s.Relative()
	for v, want := range map[float32]trust.Margin{0: trust.Low, 4.99: trust.Low, 5: trust.Near, 9.99: trust.Near, 10: trust.OK, 60: trust.OK} {
		if got := trust.MarginOf(s.Share(v), threshold, near); got != want {
			t.Errorf("%v is %s, want %s", v, got, want)
		}
	}
	none := trust.Calibrate(values, []trust.Node{0})
	threshold, near = none.Relative()
	if got := trust.MarginOf(none.Share(100), threshold, near); got != trust.Low || trust.MarginOf(math.NaN(), 0.5, 0.6) != trust.Low {
		t.Errorf("without a reference the gate stands open: %s", got)
	}
}

func TestSeedsRotate(t *testing.T) {
	t.Parallel()
	var links []trust.Link
	var candidates []trust.Candidate
	for i := range trust.Node(100) {
		candidates = append(candidates, trust.Candidate{Node: i, Community: int32(i / 40)}) //nolint:gosec // few
		links = append(links, trust.Link{A: i, B: (i + 1) % 100, Kind: trust.AcceptedContact})
		if i < 40 {
			links = append(links, trust.Link{A: 0, B: i, Kind: trust.AcceptedContact}) // a hub
		}
	}
	g, err := trust.Build(100, links)
	if err != nil {
		t.Fatal(err)
	}
	may := trust.Rotate(g, candidates, []byte("key"), 5, 10)
	counts, weights := map[int32]int{}, map[int32]float32{}
	for _, s := range may {
		counts[candidates[s.Node].Community]++
		weights[candidates[s.Node].Community] += s.Weight
	}
	if counts[0] != 4 || counts[1] != 4 || counts[2] != 2 {
		t.Errorf("seeds by community: %v", counts)
	}
	if !near([]float32{weights[0], weights[1], weights[2]}, []float32{156, 80, 40}) {
		t.Errorf("weights by community: %v, want as many as there are links", weights)
	}
	for month := range 100 {
		if trust.Rotate(g, candidates, []byte("key"), month, 10)[0].Node == 0 {
			t.Fatal("the hub is a seed")
		}
	}
	alone := []trust.Candidate{{Node: 0}}
	if got := trust.Rotate(g, alone, []byte("key"), 5, 10); len(got) != 1 || got[0].Node != 0 {
		t.Errorf("where there is nobody else: %v", got)
	}
	slices.Reverse(candidates)
	if !slices.Equal(may, trust.Rotate(g, candidates, []byte("key"), 5, 10)) {
		t.Error("the order of candidates chooses")
	}
	if slices.Equal(may, trust.Rotate(g, candidates, []byte("key"), 6, 10)) || slices.Equal(may, trust.Rotate(g, candidates, []byte("other"), 5, 10)) {
		t.Error("another month or key has the same seeds")
	}
}
