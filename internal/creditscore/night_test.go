package creditscore_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"lifecircle/internal/creditscore"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

func TestANewScoreIsThatOfItsFirstInputsAndThenRisesByTenANight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	users := w.people(2)
	s := w.service("a")
	w.verify(users[1], 2)
	if w.score(users[0]) != 0 {
		t.Error("there is a score before the first night")
	}
	w.night(s)
	first, verified := w.score(users[0]), w.score(users[1])
	if first == 0 || verified != first+45 {
		t.Fatalf("first scores %d and, with a document, %d", first, verified)
	}
	w.verify(users[0], 2)
	for night := 1; night <= 6; night++ {
		w.night(s)
		if got, want := w.score(users[0]), min(first+10*night, verified); got != want {
			t.Errorf("night %d: %d, want %d", night, got, want)
		}
	}
	if w.told(users[0]) != 6 { // the first and five that raised it
		t.Errorf("told of %d changes", w.told(users[0]))
	}
	if lines := w.replayed(w.service("b")); lines != 7 {
		t.Errorf("%d lines of history, want 7", lines)
	}
}

// Nights that were missed are made up for: 10 points for each.
func TestMissedNights(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.people(1)[0]
	s := w.service("a")
	w.night(s)
	before := w.score(user)
	w.verify(user, 3)
	w.pass(2 * 24 * time.Hour)
	w.night(s)
	if got := w.score(user); got != before+30 {
		t.Errorf("%d after three nights, want %d", got, before+30)
	}
	at := creditscore.LastNight(w.clock())
	w.pass(time.Hour)
	if done, err := s.RunNight(t.Context(), w.clock()); err != nil || !done { // between two nights
		t.Fatal(done, err)
	}
	if got := w.score(user); got != before+30 {
		t.Errorf("a run between two nights raises to %d", got)
	}
	if done, err := s.RunNight(t.Context(), at); err != nil || done {
		t.Errorf("an earlier night is run after a later one: %v %v", done, err)
	}
	if _, err := s.RunNight(t.Context(), w.clock().Add(time.Second)); !errors.Is(err, creditscore.ErrFuture) {
		t.Errorf("a night to come: %v", err)
	}
	w.replayed(s)
}

func TestTwoNodesRunANightOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	users := w.people(10)
	nodes := []*creditscore.Service{w.service("a"), w.service("b")}
	w.pass(24 * time.Hour)
	at := creditscore.LastNight(w.clock())
	var (
		g    errgroup.Group
		mu   sync.Mutex
		runs int
	)
	for _, s := range nodes {
		g.Go(func() error {
			done, err := s.RunNight(t.Context(), at)
			mu.Lock()
			defer mu.Unlock()
			if done {
				runs++
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	var lines, counted int
	if err := w.pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM score_history), (SELECT users FROM score_runs)`).Scan(&lines, &counted); err != nil {
		t.Fatal(err)
	}
	if runs != 1 || lines != len(users) || counted != len(users) {
		t.Errorf("%d runs, %d lines of history and %d people counted", runs, lines, counted)
	}
}

// A node dies in its run: another one goes on where it was, when the lease is over.
func TestARunThatWasLeftIsFinished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	users := w.people(7)
	a, b := w.service("a"), w.service("b")
	w.night(a)
	w.verify(users[6], 2)
	w.pass(24 * time.Hour)
	at := creditscore.LastNight(w.clock())
	w.exec(`INSERT INTO score_runs (as_of, nights, node, lease_until, progress, users, started_at) VALUES ($1, 1, 'dead', $2, $3, 3, $2)`,
		at, w.clock(), users[2])
	if done, err := b.RunNight(t.Context(), at); err != nil || done {
		t.Fatalf("the lease is not over: %v %v", done, err)
	}
	before := w.score(users[6])
	w.pass(time.Second)
	if done, err := b.RunNight(t.Context(), at); err != nil || !done {
		t.Fatal(done, err)
	}
	if got := w.score(users[6]); got != before+10 {
		t.Errorf("score %d, want %d", got, before+10)
	}
	w.replayed(a)
}

func TestLastNight(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]string{
		"2026-06-01T19:59:59Z": "2026-05-31T20:00:00Z", "2026-06-01T20:00:00Z": "2026-06-01T20:00:00Z", "2026-01-01T00:00:00Z": "2025-12-31T20:00:00Z",
	} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := creditscore.LastNight(now).UTC().Format(time.RFC3339); got != want {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
}

func TestAPinnedScoreIsWhatTheTestWants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	users := w.people(3)
	s := w.service("a")
	w.night(s)
	natural := w.score(users[0])
	for i, score := range []int{749, 750, 751} {
		if err := s.Pin(t.Context(), []id.ID{users[i]}, score); err != nil {
			t.Fatal(err)
		}
		if got := w.score(users[i]); got != score || w.told(users[i]) != 2 {
			t.Errorf("%d, want %d; told %d times", got, score, w.told(users[i]))
		}
		c, err := s.Credit(t.Context(), users[i])
		if err != nil || !c.Pinned || c.Score != score || (c.ToReach == nil) != (score >= 751) {
			t.Errorf("%d: %+v %v", score, c, err)
		}
	}
	w.night(s)
	if got := w.score(users[0]); got != 749 {
		t.Errorf("%d after a night", got)
	}
	w.pass(time.Second)
	if err := s.Pin(t.Context(), users[:1], 0); err != nil {
		t.Fatal(err)
	}
	if got := w.score(users[0]); got != natural {
		t.Errorf("%d when it is the model's again, want %d", got, natural)
	}
	w.replayed(s)
}

func TestCreditAddsUpAndIsSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.people(1)[0]
	s := w.service("a")
	w.verify(user, 2)
	before, err := s.Credit(t.Context(), user)
	if err != nil || !before.Provisional || w.score(user) != 0 {
		t.Fatalf("before the first night: %+v %v", before, err)
	}
	w.night(s)
	c, err := s.Credit(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	sum := 350
	for _, p := range c.Parts {
		items := 0
		for _, i := range p.Items {
			items += i.Points
		}
		if items != p.Points {
			t.Errorf("%s: items make %d of %d", p.ID, items, p.Points)
		}
		sum += p.Points
	}
	if sum != c.Score || c.Score != before.Score || c.Provisional || c.Score != w.score(user) {
		t.Errorf("sum %d, score %d, before %d", sum, c.Score, before.Score)
	}
	if err := c.Verify(s.PublicKey()); err != nil {
		t.Error(err)
	}
	if c.NextAt != "2026-06-02T20:00:00Z" || c.Statement != "2026-05-06" || len(c.History) != 1 {
		t.Errorf("%+v", c)
	}
	if _, err := s.MakeAppeal(t.Context(), user, 5, "no such thing", ""); !problem.Has(err, problem.EventNotFound) {
		t.Error(err)
	}
}
