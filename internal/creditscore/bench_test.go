package creditscore_test

import (
	"context"
	"flag"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/creditscore"
	"lifecircle/internal/creditscore/population"
	"lifecircle/internal/creditscore/trust"
	"lifecircle/internal/id"
	"lifecircle/internal/pgtest"
)

var (
	nightPeople = flag.Int("night.people", 1000, "people of BenchmarkNight; 4500000 is everybody, whose 1.5 billion events are filled in first")
	nightLanes  = flag.Int("night.lanes", 0, "chunks of BenchmarkNight at the same time; 0: as many as a server takes")
)

const everybody = 4_500_000 // people that T14 asks about

// BenchmarkNight is T14: nights over people with the histories of the reference
// population, trust included. With fewer than everybody the hours for them are
// extrapolated from people a second, and are called so.
func BenchmarkNight(b *testing.B) {
	pool := pgtest.New(b)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	s, err := creditscore.New(b.Context(), pool, creditscore.Options{Clock: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler), Lanes: *nightLanes})
	if err != nil {
		b.Fatal(err)
	}
	w := population.New(1, *nightPeople, population.Towns, now)
	events, err := fillIn(b.Context(), pool, s, w)
	if err != nil {
		b.Fatal(err)
	}
	nights := 0
	for b.Loop() {
		now = now.AddDate(0, 0, 1)
		if done, err := s.RunNight(b.Context(), creditscore.LastNight(now)); err != nil || !done {
			b.Fatal(done, err)
		}
		nights++
	}
	each := b.Elapsed().Seconds() / float64(nights*len(w.People))
	b.ReportMetric(1/each, "people/s")
	b.ReportMetric(1e6*each/60, "min/1M_people")
	b.ReportMetric(float64(events)/float64(len(w.People)), "events/person")
	unit := "h/4.5M_people_extrapolated"
	if len(w.People) == everybody {
		unit = "h/4.5M_people"
	}
	b.ReportMetric(everybody*each/3600, unit)
}

// fillIn writes the pasts of people in pieces: those of all do not fit into memory.
func fillIn(ctx context.Context, pool *pgxpool.Pool, s *creditscore.Service, w *population.World) (events int, err error) {
	const piece = 2000
	if _, err := pool.Exec(ctx, `INSERT INTO users (id, handle, display_name, password_hash, created_at)
		SELECT $1::bigint + n, 'person_' || n, 'Person', '', '2020-01-01' FROM generate_series(0, $2::int - 1) AS n`, population.ID(0), len(w.People)); err != nil {
		return 0, err
	}
	var fill creditscore.Backfill
	for i := range w.People {
		fill.Events = append(fill.Events, population.Events(w.History(i))...)
		fill.Checked = append(fill.Checked, creditscore.Checked{User: population.ID(i), Community: w.Community[i], MaySeed: i%20 == 0})
		if i%piece == piece-1 || i == len(w.People)-1 {
			fill.Issuer = "bench" + id.ID(i).String()
			if err := s.Backfill(ctx, fill); err != nil {
				return 0, err
			}
			events += len(fill.Events)
			fill = creditscore.Backfill{Events: fill.Events[:0]}
		}
	}
	fill.Events, fill.Ties = nil, ties(w)
	if err := s.Backfill(ctx, fill); err != nil {
		return 0, err
	}
	_, err = pool.Exec(ctx, `ANALYZE score_events`)
	return events, err
}

func ties(w *population.World) (all []creditscore.Tie) {
	type pair struct {
		a, b trust.Node
		kind trust.Kind
	}
	seen := make(map[pair]bool, len(w.Links))
	for _, l := range w.Links {
		p := pair{min(l.A, l.B), max(l.A, l.B), l.Kind}
		if !seen[p] {
			seen[p] = true
			all = append(all, creditscore.Tie{A: population.ID(int(p.a)), B: population.ID(int(p.b)), Kind: l.Kind})
		}
	}
	return all
}
