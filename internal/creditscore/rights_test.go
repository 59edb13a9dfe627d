package creditscore_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/creditscore"
	"lifecircle/internal/id"
	"lifecircle/internal/pgtest"
)

func TestScoresAreReadInsideABatch(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	if _, err := pool.Exec(t.Context(), `INSERT INTO scores VALUES (7, 751, 760, false, now(), 'lc-1.0.0', '', now())`); err != nil {
		t.Fatal(err)
	}
	var q pgx.Batch
	found := creditscore.QueueScores(&q, []id.ID{7, 8})
	creditscore.QueueScores(&q, nil)
	if err := pool.SendBatch(t.Context(), &q).Close(); err != nil {
		t.Fatal(err)
	}
	if points, ok := found[7].Points(); points != 751 || !ok {
		t.Errorf("score %d %v", points, ok)
	}
	if points, ok := found[8].Points(); points != 0 || ok {
		t.Errorf("somebody without a score has %d", points)
	}
}

// A trait or an amount could only reach a score through the schema.
func TestEventsHaveNoRoomForTraitsOrMoney(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	rows, err := pool.Query(t.Context(), `SELECT column_name::text || ' ' || data_type FROM information_schema.columns WHERE table_name = 'score_events' ORDER BY ordinal_position`)
	if err != nil {
		t.Fatal(err)
	}
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"user_id bigint", "id bigint", "kind text", "at timestamp with time zone", "other_id bigint", "lifts bigint", "until timestamp with time zone",
		"code text", "level smallint", "attribute text", "pinned smallint", "issuer text", "ref text",
	}
	if len(columns) != len(want) {
		t.Fatalf("columns %q", columns)
	}
	for i := range want {
		if columns[i] != want[i] {
			t.Errorf("column %q, want %q", columns[i], want[i])
		}
	}
}
