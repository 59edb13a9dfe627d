package notify

import (
	"context"
	"log/slog"
	"maps"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/id"
	"lifecircle/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

type piece struct {
	user id.ID
	kind Kind
}

// ear is a node's watch, which looks when the test says so.
type ear struct {
	*Watch
	told map[piece]int
}

func listen(t *testing.T, pool *pgxpool.Pool) *ear {
	t.Helper()
	e := &ear{told: map[piece]int{}}
	e.Watch = NewWatch(pool, func(user id.ID, k Kind) { e.told[piece{user, k}]++ }, slog.New(slog.DiscardHandler))
	e.wants(t, "before the first look")
	return e
}

// wants looks, and fails unless these are told, each once.
func (e *ear) wants(t *testing.T, about string, want ...piece) {
	t.Helper()
	clear(e.told)
	if err := e.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := map[piece]int{}
	for _, p := range want {
		all[p] = 1
	}
	if !maps.Equal(e.told, all) {
		t.Errorf("%s: told %v, want %v", about, e.told, all)
	}
}

func exec(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// Whatever changes what a person can do is told on every node, once, whoever
// changed it; what changes nothing is not.
func TestEveryChangeIsToldOnce(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	nodes := []*ear{listen(t, pool), listen(t, pool)}
	for _, c := range []struct {
		about, sql string
		kind       Kind // "": no news
	}{
		{"an account", `INSERT INTO users (id, handle, display_name, password_hash) VALUES (9, 'one', 'One', '')`, ""},
		{"a first score", `INSERT INTO scores (user_id, score, computed, as_of, model, inputs_hash, changed_at) VALUES (9, 751, 751, now(), '', '', now())`, Score},
		{"another score", `UPDATE scores SET score = 750`, Score},
		{"a night that leaves it", `UPDATE scores SET computed = 760, as_of = now()`, ""},
		{"a status", `INSERT INTO identities (user_id, student_of, student_until) VALUES (9, 'x', now() + interval '1 hour')`, Can},
		{"the end of it", `UPDATE identities SET student_until = now() - interval '1 second'`, Can},
		{"a new circle", `WITH c AS (INSERT INTO circles (id, name, category, created_by) VALUES (7, 'c', 'other', 9))
			INSERT INTO circle_members (circle_id, user_id, role) VALUES (7, 9, 'owner')`, ""},
		{"another role", `UPDATE circle_members SET role = 'moderator'`, Can},
		{"no role", `DELETE FROM circle_members`, Can},
		{"a role", `INSERT INTO circle_members (circle_id, user_id, role) VALUES (7, 9, 'partner')`, Can},
		{"a suspension", `UPDATE users SET banned_at = now()`, Can},
		{"another name", `UPDATE users SET display_name = 'Two'`, ""},
		{"a notification", `INSERT INTO notifications (user_id, id, kind, created_at) VALUES (9, 1, 'score.penalty', now())`, Notification},
	} {
		exec(t, pool, c.sql)
		for _, e := range nodes {
			if c.kind == "" {
				e.wants(t, c.about)
				continue
			}
			e.wants(t, c.about, piece{9, c.kind})
			e.wants(t, "after "+c.about)
		}
	}
}

// What ends by the clock is told when it has ended, and once.
func TestWhatEndsByTheClockIsTold(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	e := listen(t, pool)
	exec(t, pool, `INSERT INTO identities (user_id, student_of, student_until) SELECT n, 'x', clock_timestamp() + n * interval '1 hour' FROM generate_series(-1, 1, 2) n`)
	exec(t, pool, `INSERT INTO identities (user_id, employee_of, employee_until) VALUES (5, 'x', clock_timestamp() - interval '1 minute')`)
	e.wants(t, "the changes", piece{-1, Can}, piece{1, Can}, piece{5, Can})
	e.seen.at = e.seen.at.Add(-time.Minute - time.Second) // as if it had looked before the end
	e.wants(t, "the end", piece{5, Can})
	e.wants(t, "after the end")
}

// A transaction that lasts delays its own news only, and is not forgotten.
func TestALongTransactionDelaysItsOwnNewsOnly(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	e := listen(t, pool)
	long, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = long.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := long.Exec(t.Context(), `INSERT INTO person_news (user_id, kind) VALUES (1, 'can')`); err != nil {
		t.Fatal(err)
	}
	exec(t, pool, `INSERT INTO person_news (user_id, kind) VALUES (2, 'can')`)
	e.wants(t, "while it lasts", piece{2, Can})
	exec(t, pool, `INSERT INTO person_news (user_id, kind) VALUES (3, 'can')`)
	e.wants(t, "while it still lasts", piece{3, Can})
	if err := long.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.wants(t, "after its commit", piece{1, Can})
}

// Old news goes, and so does what came with a database of another cluster;
// what a node may not have read stays.
func TestOldNewsIsTrimmed(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	e := listen(t, pool)
	exec(t, pool, `INSERT INTO person_news (user_id, kind) VALUES (1, 'can')`)
	exec(t, pool, `INSERT INTO person_news (tx, user_id, kind) SELECT '9999999999', 2, 'can' FROM generate_series(1, $1::int)`, trimBatch)
	e.wants(t, "news, and none of another cluster", piece{1, Can})
	for _, want := range []int{1, 1, 0} { // what is old at a trim is deleted at the next one; a full batch is followed by another
		if want == 0 || !e.trim {
			e.kept.at = e.kept.at.Add(-keepFor)
		}
		e.wants(t, "while it is trimmed")
		var left int
		if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM person_news`).Scan(&left); err != nil || left != want {
			t.Errorf("%d rows are left, %v, want %d", left, err, want)
		}
	}
}
