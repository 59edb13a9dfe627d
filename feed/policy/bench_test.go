package policy_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"lifecircle/feed/policy"
)

// loadedCircles is the number of circles whose rules are in memory at once.
const loadedCircles = 10_000

func manyRules(b *testing.B) []*policy.Rules {
	templates := policy.Templates()
	all := make([]*policy.Rules, loadedCircles)
	for i := range all {
		texts, err := templates[i%len(templates)].Fill(map[string]string{"city": fmt.Sprint("city ", i%300), "school": fmt.Sprint("school ", i%300)})
		if err != nil {
			b.Fatal(err)
		}
		if texts[policy.Like] == "" && i%2 == 0 {
			texts[policy.Like] = fmt.Sprintf("user.credit > %d || user.follows && user.member_days > %d", 400+i%500, i%90)
		}
		all[i] = compile(b, texts)
	}
	return all
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// took are how long decisions took.
type took []time.Duration

func (t took) report(b *testing.B, name string) {
	if len(t) == 0 {
		return
	}
	slices.Sort(t)
	b.ReportMetric(float64(t[len(t)/2].Nanoseconds()), "p50-"+name+"-ns")
	b.ReportMetric(float64(t[len(t)*99/100].Nanoseconds()), "p99-"+name+"-ns")
}

// BenchmarkDecide decides in 10,000 circles in turn; of the decisions, about
// two in five are refusals, with reasons.
func BenchmarkDecide(b *testing.B) {
	before := heap()
	all := manyRules(b)
	each := float64(heap()-before) / loadedCircles
	actions := []policy.Action{policy.View, policy.Like, policy.Comment, policy.Tip, policy.MakePost}
	var allowed, refused took
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		s := policy.Subject{SignedIn: true, Credit: 350 + n%600, Student: n%3 == 0, City: "city 7", Age: n % 40, MemberDays: n % 100, Follows: n%2 == 0}
		began := time.Now()
		d := all[n*7919%loadedCircles].Decide(s, policy.Circle{AdultTips: true}, actions[n%len(actions)])
		if n++; d.Allowed {
			allowed = append(allowed, time.Since(began))
		} else {
			refused = append(refused, time.Since(began))
		}
	}
	b.ReportMetric(float64(len(refused))/float64(n), "refused/op")
	allowed.report(b, "allowed")
	refused.report(b, "refused")
	b.ReportMetric(each, "B/circle")
	runtime.KeepAlive(all)
}

// BenchmarkDecideWorst refuses by rules at the limits of what is compiled,
// beside those of 10,000 circles.
func BenchmarkDecideWorst(b *testing.B) {
	all := manyRules(b)
	for name, w := range worst() {
		b.Run(name, func(b *testing.B) {
			r := compile(b, w.rules)
			var refused took
			b.ReportAllocs()
			for b.Loop() {
				began := time.Now()
				d := r.Decide(w.who, w.circle, policy.Comment)
				refused = append(refused, time.Since(began))
				if d.Allowed {
					b.Fatal("allowed")
				}
			}
			refused.report(b, "refused")
		})
	}
	runtime.KeepAlive(all)
}

// BenchmarkRulesInMemory tells how many bytes the compiled rules of one circle
// take: of the demo's, and at the limits of what is compiled.
func BenchmarkRulesInMemory(b *testing.B) {
	texts := map[string]map[policy.Action]string{"campus": campus}
	for name, w := range worst() {
		texts[name] = w.rules
	}
	for name, rules := range texts {
		b.Run(name, func(b *testing.B) {
			compile(b, rules)
			before := heap()
			kept := make([]*policy.Rules, 0, b.N)
			for b.Loop() {
				kept = append(kept, compile(b, rules))
			}
			b.ReportMetric(float64(heap()-before)/float64(len(kept)), "B/circle")
			runtime.KeepAlive(kept)
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		compile(b, campus)
	}
}
