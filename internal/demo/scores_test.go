package demo

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/creditscore"
	"lifecircle/internal/id"
	"lifecircle/internal/identity"
)

// The scores of the demo people lie where the model wants those of all people:
// it is their histories that say so.
func TestScoresOfTheDemoPeopleAreSpreadAsTheModelWants(t *testing.T) {
	t.Parallel()
	pool := seeded(t)
	scores, err := creditscore.New(t.Context(), pool, creditscore.Options{
		Log: slog.New(slog.DiscardHandler),
		Identity: func(ctx context.Context, tx pgx.Tx, users []id.ID) (map[id.ID]creditscore.Verified, error) {
			rights, err := identity.ReadRights(ctx, tx, users...)
			out := map[id.ID]creditscore.Verified{}
			for user, r := range rights {
				out[user] = creditscore.Verified{JoinedAt: r.CreatedAt, Level: r.Level, StudentUntil: r.StudentUntil, EmployeeUntil: r.EmployeeUntil}
			}
			return out, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time changes nothing
		if err := SeedScores(t.Context(), pool, scores, io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	n := count(t, pool, `SELECT count(*) FROM scores`)
	if people := count(t, pool, `SELECT count(*) FROM users`); n != people {
		t.Fatalf("%d people and %d scores", people, n)
	}
	for _, want := range []struct {
		name      string
		low, high float64
		which     string
	}{
		{"below 550", 15, 25, "score < 550"},
		{"550 to 599", 20, 27, "score BETWEEN 550 AND 599"},
		{"600 to 649", 20, 28, "score BETWEEN 600 AND 649"},
		{"650 to 699", 13, 20, "score BETWEEN 650 AND 699"},
		{"above 700", 12, 18, "score > 700"},
		{"above 750", 3, 7, "score > 750"},
	} {
		share := 100 * float64(count(t, pool, `SELECT count(*) FROM scores WHERE `+want.which)) / float64(n)
		t.Logf("%s: %.1f %%", want.name, share)
		if share < want.low || share > want.high {
			t.Errorf("%.1f %% are %s, want %.0f to %.0f", share, want.name, want.low, want.high)
		}
	}
	if above := count(t, pool, `SELECT count(*) FROM scores s JOIN users u ON u.id = s.user_id WHERE u.handle = 'amy' AND score > 750`); above != 1 {
		t.Error("amy may not comment where it takes more than 750")
	}
	var user id.ID
	if err := pool.QueryRow(t.Context(), `SELECT id FROM users WHERE handle = 'lin'`).Scan(&user); err != nil {
		t.Fatal(err)
	}
	c, err := scores.Credit(t.Context(), user)
	if err != nil || c.ToReach == nil || len(c.ToReach.Cheapest) == 0 || !c.Gates[0].Passed || !c.Gates[1].Passed {
		t.Errorf("%+v %v", c, err)
	}
	t.Logf("%d events", count(t, pool, `SELECT count(*) FROM score_events`))
}
