package circlelog_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/circlelog"
	"lifecircle/internal/id"
	"lifecircle/internal/pgtest"
)

const (
	patience  = 30 * time.Second // for what should happen at once
	batch     = 1_000            // events that one transaction may delete
	frozenKey = 7                // advisory lock that stops deletions before their commit
)

// fill gives the circle a log of so many events, of one age.
func fill(t *testing.T, pool *pgxpool.Pool, circle id.ID, events int, age time.Duration) {
	t.Helper()
	for sql, args := range map[string][]any{
		`INSERT INTO circle_events (circle_id, "offset", data, created_at) SELECT $1, n, '{}', now() - $3::interval FROM generate_series(1, $2::bigint) n`: {circle, events, age},
		`UPDATE circle_heads SET head_offset = $2 WHERE circle_id = $1`:                                                                                    {circle, events},
	} {
		if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
}

// watchDeletions notes how many events each statement deletes, and stops it
// there, with all its locks, while somebody holds frozenKey.
func watchDeletions(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), fmt.Sprintf(`
		CREATE TABLE deletions (events bigint);
		CREATE FUNCTION note_deletion() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO deletions SELECT count(*) FROM gone;
			PERFORM pg_advisory_xact_lock_shared(%d);
			RETURN NULL;
		END $$;
		CREATE TRIGGER note AFTER DELETE ON circle_events REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_deletion()`,
		frozenKey)); err != nil {
		t.Fatal(err)
	}
}

// freeze makes deletions stop before their commit until thaw is called.
func freeze(t *testing.T, pool *pgxpool.Pool) (thaw func()) {
	t.Helper()
	tx, err := pool.Begin(t.Context())
	if err == nil {
		_, err = tx.Exec(t.Context(), `SELECT pg_advisory_xact_lock($1)`, frozenKey)
	}
	if err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() {
		if err := tx.Rollback(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// awaitFrozen waits until a deletion stands before its commit.
func awaitFrozen(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		var waiting int
		if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks
			WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND NOT granted`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		if waiting > 0 {
			return
		}
	}
	t.Fatal("nothing is deleted")
}

// Whatever the trimmer is in the middle of, writers go on: with the log that it
// trims, and with another.
func TestTrimmingKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		age          time.Duration
		events, left int
	}{
		"too many": {time.Hour, circlelog.MaxEvents + 3_500, circlelog.MaxEvents},
		"too old":  {8 * 24 * time.Hour, 3_500, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t)
			circles := []id.ID{newLog(t, pool), newLog(t, pool)}
			for _, circle := range circles {
				fill(t, pool, circle, c.events, c.age)
			}
			watchDeletions(t, pool)
			thaw := freeze(t, pool)
			defer thaw()
			var trimming sync.WaitGroup
			var trimmed int64
			trimming.Go(func() {
				var err error
				trimmer := circlelog.Trimmer{Pool: pool, Log: slog.Default()}
				if trimmed, err = trimmer.Trim(t.Context()); err != nil {
					t.Error(err)
				}
			})
			awaitFrozen(t, pool)
			for _, circle := range circles {
				appendWithoutWaiting(t, pool, circle)
			}
			thaw()
			for _, circle := range circles { // and while it works
				appendEvents(t, pool, circle, 100)
			}
			trimming.Wait()
			if want := int64(len(circles) * (c.events - c.left)); trimmed != want {
				t.Errorf("trimmed %d events, want %d", trimmed, want)
			}
			wantSmallDeletions(t, pool, trimmed)
		})
	}
}

// appendWithoutWaiting fails if an append waits for anybody's lock.
func appendWithoutWaiting(t *testing.T, pool *pgxpool.Pool, circle id.ID) {
	t.Helper()
	if err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `SET LOCAL lock_timeout = '100ms'`); err != nil {
			return err
		}
		_, err := circlelog.Append(t.Context(), tx, circle, []byte(`{}`))
		return err
	}); err != nil {
		t.Errorf("append while the trimmer deletes: %v", err)
	}
}

func wantSmallDeletions(t *testing.T, pool *pgxpool.Pool, trimmed int64) {
	t.Helper()
	var all, most int64
	if err := pool.QueryRow(t.Context(), `SELECT sum(events)::bigint, max(events) FROM deletions`).Scan(&all, &most); err != nil {
		t.Fatal(err)
	}
	if all != trimmed || most > batch {
		t.Errorf("%d of %d events were deleted, up to %d at once", all, trimmed, most)
	}
}

// Of two nodes one trims.
func TestOneNodeTrims(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	circle := newLog(t, pool)
	fill(t, pool, circle, 10, 8*24*time.Hour)
	watchDeletions(t, pool)
	thaw := freeze(t, pool)
	defer thaw()
	trim := func() int64 {
		trimmer := circlelog.Trimmer{Pool: pool, Log: slog.Default()}
		n, err := trimmer.Trim(t.Context())
		if err != nil {
			t.Error(err)
		}
		return n
	}
	var first sync.WaitGroup
	first.Go(func() {
		if n := trim(); n != 9 {
			t.Errorf("the first trimmed %d events, want 9", n)
		}
	})
	awaitFrozen(t, pool)
	if n := trim(); n != 0 {
		t.Errorf("the second trimmed %d events, too", n)
	}
	thaw()
	first.Wait()
	if n := trim(); n != 0 {
		t.Errorf("%d events were left", n)
	}
}

// deletions notes when the statements of a trimmer begin and end.
type deletions struct {
	mu    sync.Mutex
	begun []time.Time
	ended []time.Time
}

func (d *deletions) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if !strings.Contains(q.SQL, "DELETE") {
		return ctx
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.begun = append(d.begun, time.Now())
	return context.WithValue(ctx, d, true)
}

func (d *deletions) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	if ctx.Value(d) == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = append(d.ended, time.Now())
}

// Many circles with a few old events each are no reason to hurry.
func TestTrimmerRestsBetweenCircles(t *testing.T) {
	t.Parallel()
	pool, seen := pgtest.New(t), new(deletions)
	for range 20 {
		fill(t, pool, newLog(t, pool), 10, 8*24*time.Hour)
	}
	config := pool.Config()
	config.ConnConfig.Tracer = seen
	traced, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer traced.Close()
	trimmer := circlelog.Trimmer{Pool: traced, Log: slog.Default()}
	if n, err := trimmer.Trim(t.Context()); err != nil || n != 20*9 {
		t.Fatalf("trimmed %d events: %v", n, err)
	}
	var worked, rested time.Duration
	for i := 1; i < len(seen.begun); i++ {
		worked += min(seen.ended[i-1].Sub(seen.begun[i-1]), 100*time.Millisecond) // the longest rest
		rested += seen.begun[i].Sub(seen.ended[i-1])
	}
	if len(seen.begun) != 20 || rested < worked {
		t.Errorf("%d deletions took %v, with %v of rest between them", len(seen.begun), worked, rested)
	}
}
