package creditscore_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"lifecircle/internal/creditscore"
	"lifecircle/internal/creditscore/trust"
	"lifecircle/internal/id"
)

// newcomers sign up people a week ago, of whom older ones have accepted so many
// links each; among themselves they are a ring.
func (w *world) newcomers(old []id.ID, n, accepted int) {
	w.t.Helper()
	first := id.First(w.clock().Add(-7 * 24 * time.Hour))
	for i := range n {
		user := first + id.ID(i)
		w.exec(`INSERT INTO users (id, handle, display_name, password_hash, created_at) VALUES ($1, $2, 'N', '', $3)`, user, fmt.Sprintf("newcomer_%d", i), user.Time())
		if i > 0 {
			w.exec(`INSERT INTO trust_links (a, b, kind, since) VALUES ($1, $2, $3, $4)`, user-1, user, trust.AcceptedContact, w.clock())
		}
		for k := range accepted {
			w.exec(`INSERT INTO trust_links (a, b, kind, since) VALUES ($1, $2, $3, $4)`, old[(i+k)%len(old)], user, trust.AcceptedContact, w.clock())
		}
	}
}

// Section 6 (c): trust holds a ring of fakes with 2 accepted links each, and
// nobody hears of it; from 3 on an operator does.
func TestTooManyLinksOfNewAccountsAlarm(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		accounts, accepted int
		alarmed            bool
	}{
		"two links each":           {25, 2, false},
		"three links each":         {25, 3, true},
		"few accounts with many":   {19, 8, false},
		"a ring that nobody knows": {25, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			old := w.people(10)
			s := w.service("a")
			w.newcomers(old, c.accounts, c.accepted)
			w.night(s)
			if got := slices.Contains(w.alarms, "links_of_new_accounts"); got != c.alarmed {
				t.Errorf("alarms %q", w.alarms)
			}
			accounts := c.accounts
			if c.accepted == 0 {
				accounts = 0
			}
			if f := w.figures[0]; f.NewAccounts != accounts || f.LinksOfNew != float64(c.accepted) {
				t.Errorf("%+v", f)
			}
			w.exec(`UPDATE users SET created_at = created_at - interval '30 days' WHERE handle LIKE 'newcomer%'`)
			w.alarms = nil
			w.pass(24 * time.Hour)
			if w.night(s); len(w.alarms) != 0 || w.figures[1].NewAccounts != 0 {
				t.Errorf("people who moved in: %q %+v", w.alarms, w.figures[1])
			}
			w.exec(`UPDATE users SET created_at = created_at + interval '30 days' WHERE handle LIKE 'newcomer%'`)
			w.pass(31 * 24 * time.Hour)
			w.alarms = nil
			if w.night(s); len(w.alarms) != 0 {
				t.Errorf("a month later: %q", w.alarms)
			}
		})
	}
}

// T10, as nights do it: the scores of half of the active become others, and the
// next night says so; in every night they lie outside of what the model wants.
func TestDriftAlarms(t *testing.T) {
	t.Parallel()
	const people = 1200
	w := newWorld(t)
	s := w.serviceWith("a", func(o *creditscore.Options) { o.Chunk = 100 })
	w.exec(`INSERT INTO users (id, handle, display_name, password_hash, created_at)
		SELECT n, 'person_' || n, 'P', '', $2::timestamptz - interval '1 year' FROM generate_series(1, $1::int + 500) AS n`, people, w.clock())
	w.exec(`INSERT INTO score_events (user_id, id, kind, at, issuer, ref) SELECT n, n, 'item_posted', $2, 'test', 'x' FROM generate_series(1, $1::int) AS n`, people, w.clock())
	w.night(s)
	if !slices.Equal(slices.Compact(w.alarms), []string{"spread"}) {
		t.Errorf("everybody is below 550: %q", w.alarms)
	}
	if f := w.figures[0]; f.Active != people || f.People != people+500 || !math.IsNaN(f.Stability) {
		t.Errorf("%+v", f)
	}
	w.alarms = nil
	if w.night(s); slices.Contains(w.alarms, "drift") || w.figures[1].Stability != 0 {
		t.Errorf("nothing has changed: %q, %+v", w.alarms, w.figures[1])
	}
	half := make([]id.ID, people/2)
	for i := range half {
		half[i] = id.ID(i + 1)
	}
	if err := s.Pin(t.Context(), half, 720); err != nil {
		t.Fatal(err)
	}
	if w.night(s); !slices.Contains(w.alarms, "drift") || w.figures[2].Stability < 1 {
		t.Errorf("half have become others: %q, %+v", w.alarms, w.figures[2])
	}
	rest := make([]id.ID, people/2)
	for i := range rest {
		rest[i] = half[i] + people/2
	}
	w.pass(40 * 24 * time.Hour)
	if err := s.Pin(t.Context(), rest, 720); err != nil {
		t.Fatal(err)
	}
	for range 2 { // both are compared with a month ago, and not with the night before
		w.alarms = nil
		if w.night(s); !slices.Contains(w.alarms, "drift") {
			t.Errorf("the rest, too: %q, %+v", w.alarms, w.figures[len(w.figures)-1])
		}
	}
	w.alarms = nil
	w.pass(31 * 24 * time.Hour)
	if w.night(s); slices.Contains(w.alarms, "drift") {
		t.Errorf("they have been so for a month: %q, %+v", w.alarms, w.figures[5])
	}
}
