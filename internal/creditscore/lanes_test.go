package creditscore_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/creditscore"
	"lifecircle/internal/id"
)

// published counts the people of the last run and their lines of history.
func (w *world) published() (lines, counted int) {
	w.t.Helper()
	if err := w.pool.QueryRow(w.t.Context(), `SELECT (SELECT count(*) FROM score_history h WHERE h.as_of = r.as_of), users FROM score_runs r
		WHERE finished_at IS NOT NULL ORDER BY as_of DESC LIMIT 1`).Scan(&lines, &counted); err != nil {
		w.t.Fatal(err)
	}
	return lines, counted
}

// Three chunks are under way at the same time, or none would ever end.
func TestChunksOfANightArePublishedTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	users := w.people(20)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var together sync.WaitGroup
	together.Add(3)
	met := make(chan struct{})
	go func() { together.Wait(); close(met) }()
	var first sync.Map
	s := w.serviceWith("a", func(o *creditscore.Options) {
		known := o.Identity
		o.Lanes = 3
		o.Identity = func(ctx context.Context, tx pgx.Tx, of []id.ID) (map[id.ID]creditscore.Verified, error) {
			if _, again := first.LoadOrStore(of[0], true); !again && of[0] < users[9] { // the first three chunks
				together.Done()
			}
			select {
			case <-met:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			return known(ctx, tx, of)
		}
	})
	w.pass(24 * time.Hour)
	if done, err := s.RunNight(ctx, creditscore.LastNight(w.clock())); err != nil || !done {
		t.Fatal(done, err)
	}
	if lines, counted := w.published(); lines != len(users) || counted != len(users) {
		t.Errorf("%d lines of history and %d people counted, of %d", lines, counted, len(users))
	}
	w.replayed(w.service("b"))
}

// A node is so slow that its run is taken from it in the middle of a chunk:
// what it has under way is waited for, what it would do after that fails if the
// other one was quick enough, and everybody gets one score.
func TestARunIsTakenFromASlowNode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	users := w.people(20)
	inside, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	slow := w.serviceWith("slow", func(o *creditscore.Options) {
		known := o.Identity
		o.Lanes = 2
		o.Identity = func(ctx context.Context, tx pgx.Tx, of []id.ID) (map[id.ID]creditscore.Verified, error) {
			once.Do(func() { close(inside) })
			<-goOn
			return known(ctx, tx, of)
		}
	})
	w.pass(24 * time.Hour)
	at := creditscore.LastNight(w.clock())
	type outcome struct {
		done bool
		err  error
	}
	run := func(s *creditscore.Service) chan outcome {
		out := make(chan outcome, 1)
		go func() {
			done, err := s.RunNight(t.Context(), at)
			out <- outcome{done, err}
		}()
		return out
	}
	first := run(slow)
	<-inside
	w.pass(time.Hour)
	second := run(w.service("quick"))
	for waiting := 0; waiting == 0; { // until it waits for the slow one's chunk
		if err := w.pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
			WHERE NOT l.granted AND l.locktype = 'transactionid' AND a.datname = current_database()`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	close(goOn)
	one, other := <-first, <-second
	if one.done == other.done || one.done != (one.err == nil) || other.err != nil { // unless it is taken, the slow one comes to its end
		t.Errorf("the slow node: %v %v, the quick one: %v %v", one.done, one.err, other.done, other.err)
	}
	if lines, counted := w.published(); lines != len(users) || counted != len(users) {
		t.Errorf("%d lines of history and %d people counted, of %d", lines, counted, len(users))
	}
	w.replayed(w.service("b"))
}
