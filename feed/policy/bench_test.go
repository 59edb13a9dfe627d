package policy_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
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

// BenchmarkDecide decides in 10,000 circles in turn; about half is refused,
// with reasons.
func BenchmarkDecide(b *testing.B) {
	before := heap()
	all := manyRules(b)
	each := float64(heap()-before) / loadedCircles
	actions := []policy.Action{policy.View, policy.Like, policy.Comment, policy.Tip, policy.MakePost}
	took := make([]time.Duration, 0, b.N)
	refused, n := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		s := policy.Subject{SignedIn: true, Credit: 350 + n%600, Student: n%3 == 0, City: "city 7", Age: n % 40, MemberDays: n % 100, Follows: n%2 == 0}
		began := time.Now()
		d := all[n*7919%loadedCircles].Decide(s, policy.Circle{AdultTips: true}, actions[n%len(actions)])
		took = append(took, time.Since(began))
		if n++; !d.Allowed {
			refused++
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
	b.ReportMetric(each, "B/circle")
	b.ReportMetric(float64(refused)/float64(n), "refused/op")
	runtime.KeepAlive(all)
}

// BenchmarkDecideWorst refuses by a rule at the limits of what is compiled.
func BenchmarkDecideWorst(b *testing.B) {
	var parts []string
	for i := range 4 {
		parts = append(parts, fmt.Sprintf("(user.credit > %d || user.member_days > %d)", 900+i, 900+10*i))
	}
	for i := range 14 {
		parts = append(parts, fmt.Sprintf("user.level != %d", 100+i))
	}
	r := compile(b, map[policy.Action]string{policy.Comment: strings.Join(parts, " && ")})
	b.ReportAllocs()
	for b.Loop() {
		r.Decide(policy.Subject{SignedIn: true}, policy.Circle{}, policy.Comment)
	}
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		compile(b, campus)
	}
}
