package creditscore_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/creditscore"
	"lifecircle/internal/id"
	"lifecircle/internal/pgtest"
)

// world is a database with people, and a clock that goes when it is told to.
type world struct {
	t    testing.TB
	pool *pgxpool.Pool

	mu       sync.Mutex // guards what follows
	now      time.Time
	verified map[id.ID]creditscore.Verified
	changed  map[id.ID]int
	alarms   []string
	figures  []creditscore.Figures // of each night
}

func start() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC) }

func newWorld(t testing.TB) *world {
	return &world{t: t, pool: pgtest.New(t), now: start(), verified: map[id.ID]creditscore.Verified{}, changed: map[id.ID]int{}}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
	return w.now
}

func (w *world) service(node string) *creditscore.Service {
	return w.serviceWith(node, func(*creditscore.Options) {})
}

func (w *world) serviceWith(node string, change func(o *creditscore.Options)) *creditscore.Service {
	w.t.Helper()
	o := creditscore.Options{
		Clock: w.clock, Node: node, Chunk: 3,
		Identity: func(_ context.Context, _ pgx.Tx, users []id.ID) (map[id.ID]creditscore.Verified, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			out := map[id.ID]creditscore.Verified{}
			for _, u := range users {
				out[u] = w.verified[u]
			}
			return out, nil
		},
		Changed: func(user id.ID) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.changed[user]++
		},
		Alarm: func(what string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.alarms = append(w.alarms, what)
		},
		Observe: func(f creditscore.Figures) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.figures = append(w.figures, f)
		},
	}
	change(&o)
	s, err := creditscore.New(w.t.Context(), w.pool, o)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) verify(user id.ID, level int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.verified[user] = creditscore.Verified{Level: level}
}

func (w *world) told(user id.ID) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changed[user]
}

// people signs up n people, a month before now.
func (w *world) people(n int) []id.ID {
	w.t.Helper()
	users := make([]id.ID, n)
	for i := range users {
		users[i] = id.ID(1000 + i)
		w.exec(`INSERT INTO users (id, handle, display_name, password_hash, created_at) VALUES ($1, $2, $2, '', $3)`,
			users[i], fmt.Sprintf("person_%d", i), w.clock().AddDate(0, -1, 0))
	}
	return users
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.pool.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatal(err)
	}
}

// night lets a day pass and runs its night.
func (w *world) night(s *creditscore.Service) time.Time {
	w.t.Helper()
	w.pass(24 * time.Hour)
	at := creditscore.LastNight(w.clock())
	done, err := s.RunNight(w.t.Context(), at)
	if err != nil || !done {
		w.t.Fatalf("night %s: %v %v", at, done, err)
	}
	return at
}

// score returns a published score; 0: none.
func (w *world) score(user id.ID) int {
	w.t.Helper()
	var q pgx.Batch
	all := creditscore.QueueScores(&q, []id.ID{user})
	if err := w.pool.SendBatch(w.t.Context(), &q).Close(); err != nil {
		w.t.Fatal(err)
	}
	points, _ := all[user].Points()
	return points
}

// replayed checks that every line of everybody's history is computed again.
func (w *world) replayed(s *creditscore.Service) (lines int) {
	w.t.Helper()
	rows, err := w.pool.Query(w.t.Context(), `SELECT user_id, at FROM score_history ORDER BY user_id, at`)
	if err != nil {
		w.t.Fatal(err)
	}
	type line struct {
		user id.ID
		at   time.Time
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l line, err error) { return l, row.Scan(&l.user, &l.at) })
	if err != nil {
		w.t.Fatal(err)
	}
	for _, l := range all {
		stored, again, err := s.Replay(w.t.Context(), l.user, l.at)
		if err != nil {
			w.t.Fatal(err)
		}
		if stored != again {
			w.t.Errorf("%s at %s:\nstored %+v\nagain  %+v", l.user, l.at, stored, again)
		}
	}
	return len(all)
}
