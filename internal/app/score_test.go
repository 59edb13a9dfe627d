package app

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/creditscore"
	"lifecircle/internal/id"
	"lifecircle/internal/identity"
	"lifecircle/internal/pg"
	"lifecircle/internal/pgtest"
)

// scored is a database with people of whom traits are verified, and their scores.
type scored struct {
	t     *testing.T
	pool  *pgxpool.Pool
	s     *creditscore.Service
	clock time.Time
}

func newScored(t *testing.T) *scored {
	t.Helper()
	w := &scored{t: t, pool: pgtest.New(t), clock: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}
	var err error
	w.s, err = creditscore.New(t.Context(), w.pool, creditscore.Options{
		Identity: verifiedForScores, Log: slog.New(slog.DiscardHandler), Clock: func() time.Time { return w.clock },
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *scored) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.pool.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *scored) person(user id.ID, name, birth, gender, city string) {
	w.t.Helper()
	w.exec(`INSERT INTO users (id, handle, display_name, password_hash, created_at) VALUES ($1, $2, $3, '', $4)`,
		user, fmt.Sprintf("person_%d", user), name, w.clock.AddDate(-2, 0, 0))
	level := 2
	err := pg.InTx(w.t.Context(), w.pool, func(tx pgx.Tx) error {
		return identity.SeedTx(w.t.Context(), tx, []identity.SeedPerson{{User: user, Traits: identity.Traits{Level: &level, BirthDate: birth, Gender: gender, City: city}}})
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// tip books a tip as payments does, as far as scores look at it.
func (w *scored) tip(n int, payer, author id.ID, amount int) {
	w.t.Helper()
	at := w.clock.Add(-time.Duration(n) * 24 * time.Hour)
	tip := id.Comment{Circle: 5, Post: 10, Comment: id.ID(100 + n)}
	w.exec(`INSERT INTO tips (circle_id, post_id, id, payer_id, author_id, amount, message, visibility, contract_version, author_part, partner_part, platform_part, transfer_id, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, '', 'public', 0, $6, 0, 0, $7, $8)`, tip.Circle, tip.Post, tip.Comment, payer, author, amount, n, at)
	w.exec(`INSERT INTO transfers (id, kind, payer_id, source, created_at) VALUES ($1, 'tip', $2, $3, $4)`, id.First(at)+id.ID(n), payer, tip.String(), at)
}

// lines are everything that scores hold of people.
func (w *scored) lines() []string {
	w.t.Helper()
	rows, err := w.pool.Query(w.t.Context(), `SELECT concat_ws(' ', user_id, step, score, computed, as_of, inputs_hash) FROM score_history
		UNION ALL SELECT concat_ws(' ', user_id, kind, at, other_id, level, attribute, until, code) FROM score_events ORDER BY 1`)
	if err != nil {
		w.t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// T3 and T13, on the tables that scores are really made from: with another
// gender, age, city and name, and ten times the money, every event and score is
// the same to the last bit of its hash.
func TestTraitsAndMoneyMoveNoScore(t *testing.T) {
	t.Parallel()
	worlds := [2][]string{}
	for i, of := range [2]struct {
		name, birth, gender, city string
		amount                    int
	}{{"Li Wei", "1960-01-02", "female", "Beijing", 10}, {"Jack", "2004-06-07", "male", "Lhasa", 100}} {
		w := newScored(t)
		for user := id.ID(1000); user < 1006; user++ {
			w.person(user, of.name, of.birth, of.gender, of.city)
		}
		for n := range 30 {
			w.tip(n+1, id.ID(1001+n%5), 1000, of.amount)
		}
		for range 3 {
			if done, err := w.s.RunNight(t.Context(), creditscore.LastNight(w.clock)); err != nil || !done {
				t.Fatal(done, err)
			}
			w.clock = w.clock.AddDate(0, 0, 1)
		}
		worlds[i] = w.lines()
	}
	if !slices.Equal(worlds[0], worlds[1]) {
		t.Errorf("%q\n%q", worlds[0], worlds[1])
	}
	settled := 0
	for _, line := range worlds[0] {
		settled += strings.Count(line, " settled ")
	}
	if settled != 30 {
		t.Errorf("%d of 30 tips are in it", settled)
	}
}

// T11: the report names the groups and asks for a review, or says that it can
// say nothing.
func TestFairnessReport(t *testing.T) {
	t.Parallel()
	w := newScored(t)
	score := func(user id.ID, points int) {
		w.exec(`INSERT INTO scores (user_id, score, computed, as_of, model, inputs_hash, changed_at) VALUES ($1, $2, $2, now(), 'lc', '', now())`, user, points)
	}
	user := id.ID(1000)
	people := func(n, above int, gender, birth string) {
		for i := range n {
			w.person(user, "P", birth, gender, "Beijing")
			points := 750
			if i < above {
				points = 751
			}
			score(user, points)
			user++
		}
	}
	report := func() string {
		var out bytes.Buffer
		if err := ReportFairness(context.Background(), w.s, &out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	expect := func(want ...string) {
		t.Helper()
		got := report()
		for _, line := range want {
			if !strings.Contains(got, line) {
				t.Errorf("no %q in\n%s", line, got)
			}
		}
	}
	people(100, 9, "female", "1990-01-01")
	expect("gender: says nothing yet: 1 groups have 100 people or more")
	people(100, 10, "male", "1990-01-01")
	people(9, 9, "other", "1950-01-01") // too few to be compared
	expect("gender: says nothing yet: 19 people are above 750, and 20 are needed", "city: says nothing yet: 1 groups", "age: says nothing yet: 1 groups")
	people(100, 5, "female", "2003-01-01")
	expect("gender: ratio 0.70, OPEN A REVIEW. Above 750 are 7.0 % of female (14 of 200) and 10.0 % of male (10 of 100).", "age: ratio 0.53, OPEN A REVIEW", "up to 25 (5 of 100)")
	people(300, 26, "female", "1990-01-01")
	expect("gender: ratio 0.80, within bounds")
}
