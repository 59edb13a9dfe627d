package model_test

import (
	"syscall"
	"testing"
	"time"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/creditscore/population"
)

// BenchmarkNightly folds and scores people one after the other, and T14: what
// 4.5 million take on one core, extrapolated from this slice in processor time;
// trust is not in it (see BenchmarkPropagate), nor is reading events.
func BenchmarkNightly(b *testing.B) {
	w := population.New(1, 2000, population.Towns, today())
	lookup, _, err := w.Trust(population.Attack{})
	if err != nil {
		b.Fatal(err)
	}
	histories := make([][]model.Event, 500)
	total := 0
	for i := range histories {
		histories[i] = population.Events(w.History(i))
		total += len(histories[i])
	}
	used := processor()
	for i := 0; b.Loop(); i++ {
		model.Points(model.Fold(histories[i%500], w.AsOf), lookup, w.AsOf)
	}
	b.ReportMetric(float64(total)/500, "events/user")
	each := (processor() - used).Seconds() / float64(b.N)
	b.ReportMetric(each*4.5e6, "cpu_s/4.5M_users_extrapolated")
}

func processor() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkExplain(b *testing.B) {
	w := population.New(1, 2000, population.Towns, today())
	lookup, _, err := w.Trust(population.Attack{})
	if err != nil {
		b.Fatal(err)
	}
	folded := make([]model.Inputs, 500)
	for i := range folded {
		folded[i] = w.Inputs(i)
	}
	for i := 0; b.Loop(); i++ {
		in := folded[i%500]
		model.Explain(in, lookup, w.AsOf, model.Points(in, lookup, w.AsOf), nil)
	}
}
