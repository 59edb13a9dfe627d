package creditscore

import (
	"errors"
	"testing"
	"time"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/id"
	"lifecircle/internal/pgtest"
)

// A node whose run was taken from it publishes nothing more.
func TestAChunkOfALostRunIsNotPublished(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	s, err := New(t.Context(), pool, Options{Node: "slow"})
	if err != nil {
		t.Fatal(err)
	}
	r := &run{asOf: LastNight(time.Now()).UTC(), nights: 1, trust: model.Trust{Of: func(id.ID) float64 { return 0 }}}
	for _, node := range []string{"quick", "slow"} {
		if _, err := pool.Exec(t.Context(), `INSERT INTO score_runs (as_of, nights, node, lease_until, started_at) VALUES ($1, 1, $2, now(), now())
			ON CONFLICT (as_of) DO UPDATE SET node = $2`, r.asOf, node); err != nil {
			t.Fatal(err)
		}
		_, err := s.chunk(t.Context(), r, chunk{users: []id.ID{7}, joined: map[id.ID]time.Time{7: r.asOf}})
		var scores int
		if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM scores`).Scan(&scores); err != nil {
			t.Fatal(err)
		}
		if lost := node != s.Node; errors.Is(err, errLostRun) != lost || (scores == 0) != lost {
			t.Errorf("the run is that of %s: %d scores, %v", node, scores, err)
		}
	}
}
