package trust

import (
	"cmp"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"
)

// random links n people at random, with communities of a hundred.
func random(n, links int) []Link {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]Link, links)
	for i := range out {
		a := r.IntN(n)
		b := r.IntN(n)
		if r.IntN(4) > 0 {
			b = min(n-1, a/100*100+r.IntN(100))
		}
		out[i] = Link{A: Node(a), B: Node(b), Kind: Kind(1 + r.IntN(4))} //nolint:gosec // small
	}
	return out
}

func seedsOf(n int) (seeds []Seed) {
	for v := 0; v < n; v += max(1, n/500) {
		seeds = append(seeds, Seed{Node(v), 1}) //nolint:gosec // small
	}
	return seeds
}

// float32 is as good as float64: the values differ by less than a millionth of
// themselves or so, far less than people differ.
func TestSinglePrecisionOrdersTheSame(t *testing.T) {
	t.Parallel()
	const n = 50_000
	g, err := Build(n, random(n, 5*n))
	if err != nil {
		t.Fatal(err)
	}
	single, double := propagate[float32](g, seedsOf(n), Rounds(n)), propagate[float64](g, seedsOf(n), Rounds(n))
	worst := 0.0
	for v := range single {
		if double[v] > 0 {
			worst = max(worst, math.Abs(float64(single[v])-double[v])/double[v])
		}
	}
	order := func(trust func(i int) float64) []int {
		people := make([]int, n)
		for i := range people {
			people[i] = i
		}
		slices.SortStableFunc(people, func(a, b int) int { return cmp.Compare(trust(a), trust(b)) })
		return people
	}
	a, b := order(func(i int) float64 { return float64(single[i]) }), order(func(i int) float64 { return double[i] })
	place := make([]int, n)
	for at, v := range b {
		place[v] = at
	}
	moved := 0
	for at, v := range a {
		if d := at - place[v]; d > n/1000 || d < -n/1000 {
			moved++
		}
	}
	t.Logf("the largest difference is %.1e of the value, %d of %d people move by more than a thousandth of the ranks", worst, moved, n)
	if worst > 1e-5 || moved > 0 {
		t.Errorf("float32 differs by %.1e, %d people move", worst, moved)
	}
}

// BenchmarkPropagate: a million people and up to 5 million links in one
// process. Time is linear in people and links: cpu_ms/Mlink_round falls while
// the people still count and then stays. It is processor time, of which a busy
// machine takes none away.
func BenchmarkPropagate(b *testing.B) {
	const n = 1_000_000
	for _, links := range []int{1_250_000, 2_500_000, 5_000_000} {
		for _, precision := range []string{"float32", "float64"} {
			name := map[int]string{1_250_000: "1.25M", 2_500_000: "2.5M", 5_000_000: "5M"}[links]
			b.Run(name+"/"+precision, func(b *testing.B) {
				all := random(n, links)
				before := heap()
				g, err := Build(n, all)
				if err != nil {
					b.Fatal(err)
				}
				graph := float64(heap()-before) / 1e6
				seeds := seedsOf(n)
				rounds := Rounds(n)
				used := processor()
				for b.Loop() {
					if precision == "float32" {
						propagate[float32](g, seeds, rounds)
					} else {
						propagate[float64](g, seeds, rounds)
					}
				}
				each := (processor() - used).Seconds() / float64(b.N)
				b.ReportMetric(graph, "graph_MB")
				b.ReportMetric(each, "cpu_s/run")
				b.ReportMetric(1000*each/float64(rounds)/(float64(g.Links())/1e6), "cpu_ms/Mlink_round")
				runtime.KeepAlive(all)
			})
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	const n = 1_000_000
	all := random(n, 5*n)
	for b.Loop() {
		if _, err := Build(n, all); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/run")
}

func processor() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
