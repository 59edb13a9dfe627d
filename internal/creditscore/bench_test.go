package creditscore_test

import (
	"log/slog"
	"testing"
	"time"

	"lifecircle/internal/creditscore"
	"lifecircle/internal/creditscore/population"
	"lifecircle/internal/id"
	"lifecircle/internal/pgtest"
)

// BenchmarkNight runs nights over people with the histories of the reference
// population, trust included. The figures are events and people a second.
func BenchmarkNight(b *testing.B) {
	const people = 1000
	pool := pgtest.New(b)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	s, err := creditscore.New(b.Context(), pool, creditscore.Options{Clock: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	w := population.New(1, people, population.Towns, now)
	fill := creditscore.Backfill{Issuer: "bench"}
	for i := range people {
		fill.Events = append(fill.Events, population.Events(w.History(i))...)
		fill.Checked = append(fill.Checked, creditscore.Checked{User: population.ID(i), Community: w.Community[i], MaySeed: i%20 == 0})
	}
	seen := map[[3]id.ID]bool{}
	for _, l := range w.Links {
		x, y := population.ID(int(min(l.A, l.B))), population.ID(int(max(l.A, l.B)))
		if k := [3]id.ID{x, y, id.ID(l.Kind)}; !seen[k] {
			seen[k] = true
			fill.Ties = append(fill.Ties, creditscore.Tie{A: x, B: y, Kind: l.Kind})
		}
	}
	if _, err := pool.Exec(b.Context(), `INSERT INTO users (id, handle, display_name, password_hash, created_at)
		SELECT $1::bigint + n, 'person_' || n, 'Person', '', '2020-01-01' FROM generate_series(0, $2::int - 1) AS n`, population.ID(0), people); err != nil {
		b.Fatal(err)
	}
	if err := s.Backfill(b.Context(), fill); err != nil {
		b.Fatal(err)
	}
	events := len(fill.Events)
	fill = creditscore.Backfill{}
	nights := 0
	for b.Loop() {
		now = now.AddDate(0, 0, 1)
		if done, err := s.RunNight(b.Context(), creditscore.LastNight(now)); err != nil || !done {
			b.Fatal(done, err)
		}
		nights++
	}
	seconds := b.Elapsed().Seconds()
	b.ReportMetric(float64(nights*events)/seconds, "events/s")
	b.ReportMetric(float64(nights*people)/seconds, "people/s")
	b.ReportMetric(float64(events)/people, "events/person")
}
