package pgtest

import (
	"testing"

	"lifecircle/internal/pg"
)

func TestMain(m *testing.M) { Main(m) }

func TestEachTestHasItsOwnDatabase(t *testing.T) {
	t.Parallel()
	for range 4 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			pool := New(t)
			if err := pg.CheckSchema(t.Context(), pool); err != nil {
				t.Fatal(err)
			}
			if _, err := pool.Exec(t.Context(), "INSERT INTO circle_counts (circle_id) VALUES (1)"); err != nil {
				t.Fatal(err) // a second one in the same database violates the key
			}
		})
	}
}

func TestEmptyHasNoSchema(t *testing.T) {
	t.Parallel()
	pool := open(t, Empty(t))
	var tables int
	err := pool.QueryRow(t.Context(), "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").Scan(&tables)
	if err != nil || tables != 0 {
		t.Fatalf("%d tables, %v; want none", tables, err)
	}
}

func BenchmarkNewDatabase(b *testing.B) {
	URL(b)
	for b.Loop() {
		URL(b)
	}
}
