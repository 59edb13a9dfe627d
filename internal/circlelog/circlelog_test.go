package circlelog_test

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/circlelog"
	"lifecircle/internal/id"
	"lifecircle/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func newLog(t *testing.T, pool *pgxpool.Pool) id.ID {
	t.Helper()
	circle := id.New()
	if err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error { return circlelog.Create(t.Context(), tx, circle) }); err != nil {
		t.Fatal(err)
	}
	return circle
}

func appendEvents(t *testing.T, pool *pgxpool.Pool, circle id.ID, n int) {
	t.Helper()
	for i := range n {
		if err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
			_, err := circlelog.Append(t.Context(), tx, circle, fmt.Appendf(nil, `{"n":%d}`, i+1))
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func offsets(events []circlelog.Event) (out []uint64) {
	for _, e := range events {
		out = append(out, e.Offset)
	}
	return out
}

func at(n uint64) *uint64 { return &n }

func TestReadPicksTheAskedPart(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	circle := newLog(t, pool)
	appendEvents(t, pool, circle, 10)
	r := circlelog.NewReader(pool)
	for name, c := range map[string]struct {
		q    circlelog.Query
		want string
	}{
		"all":             {circlelog.Query{Limit: 100}, "[1 2 3 4 5 6 7 8 9 10]"},
		"position only":   {circlelog.Query{}, "[]"},
		"since":           {circlelog.Query{Since: at(7), Limit: 100}, "[8 9 10]"},
		"limit":           {circlelog.Query{Since: at(2), Limit: 3}, "[3 4 5]"},
		"top":             {circlelog.Query{Since: at(10), Limit: 3}, "[]"},
		"beyond the top":  {circlelog.Query{Since: at(99), Limit: 3}, "[]"},
		"newest":          {circlelog.Query{Limit: 2, Reverse: true}, "[10 9]"},
		"downwards":       {circlelog.Query{Since: at(4), Limit: 2, Reverse: true}, "[3 2]"},
		"bytes":           {circlelog.Query{Limit: 100, MaxBytes: 16}, "[1 2]"},
		"bytes from top":  {circlelog.Query{Limit: 100, MaxBytes: 16, Reverse: true}, "[10 9]"},
		"exactly":         {circlelog.Query{Since: at(8), Limit: 100, MaxBytes: 15}, "[9 10]"},
		"at least one":    {circlelog.Query{Limit: 100, MaxBytes: 1}, "[1]"},
		"down from above": {circlelog.Query{Since: at(99), Limit: 1, Reverse: true}, "[10]"},
	} {
		events, top, err := r.Read(t.Context(), circle, c.q)
		if err != nil || fmt.Sprint(offsets(events)) != c.want || top.Offset != 10 {
			t.Errorf("%s: %v top %v (%v), want %s", name, offsets(events), top, err, c.want)
		}
	}
	if _, _, err := r.Read(t.Context(), id.New(), circlelog.Query{Limit: 1}); !errors.Is(err, circlelog.ErrUnknownCircle) {
		t.Errorf("unknown circle: %v", err)
	}
}

func TestParallelAppendsLeaveNoHole(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	circle := newLog(t, pool)
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() { appendEvents(t, pool, circle, 20) })
	}
	// While they write, no reader ever sees a hole below the top it was told.
	done := make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() {
		r := circlelog.NewReader(pool)
		for {
			events, top, err := r.Read(t.Context(), circle, circlelog.Query{Limit: 1000})
			if err != nil || uint64(len(events)) != top.Offset {
				t.Errorf("%d events below top %d (%v)", len(events), top.Offset, err)
				return
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	writers.Wait()
	close(done)
	reader.Wait()
	heads, err := circlelog.NewReader(pool).Heads(t.Context(), []id.ID{circle, id.New()})
	if err != nil || len(heads) != 1 || heads[circle].Offset != 160 {
		t.Errorf("heads %v (%v)", heads, err)
	}
}

func TestTrimForgetsOldAndManyButNeverTheNewest(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	old, many, empty := newLog(t, pool), newLog(t, pool), newLog(t, pool)
	appendEvents(t, pool, old, 5)
	appendEvents(t, pool, many, 9)
	if _, err := pool.Exec(t.Context(), `UPDATE circle_events SET created_at = now() - interval '8 days' WHERE circle_id = $1`, old); err != nil {
		t.Fatal(err)
	}
	trimmer := circlelog.Trimmer{Pool: pool, Log: slog.Default(), Retention: 7 * 24 * time.Hour, MaxEvents: 6}
	n, err := trimmer.Trim(t.Context())
	if err != nil || n != 4+3 {
		t.Errorf("trimmed %d (%v), want 7", n, err)
	}
	r := circlelog.NewReader(pool)
	for circle, want := range map[id.ID]string{old: "[5]", many: "[4 5 6 7 8 9]", empty: "[]"} {
		events, _, err := r.Read(t.Context(), circle, circlelog.Query{Limit: 100})
		if err != nil || fmt.Sprint(offsets(events)) != want {
			t.Errorf("left %v (%v), want %s", offsets(events), err, want)
		}
	}
}

func TestARestoreIsANewEpoch(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	circle := newLog(t, pool)
	appendEvents(t, pool, circle, 1)
	before, err := circlelog.Top(t.Context(), pool, circle)
	if err != nil {
		t.Fatal(err)
	}
	epoch := func() string {
		top, err := circlelog.Top(t.Context(), pool, circle)
		if err != nil || top.Offset != 1 {
			t.Fatalf("%v %v", top, err)
		}
		return top.Epoch
	}
	if renewed, err := circlelog.CheckEpoch(t.Context(), pool); err != nil || renewed || epoch() != before.Epoch {
		t.Errorf("same cluster: renewed %v (%v)", renewed, err)
	}
	if _, err := pool.Exec(t.Context(), `UPDATE deployment SET system_identifier = '1'`); err != nil {
		t.Fatal(err)
	}
	if renewed, err := circlelog.CheckEpoch(t.Context(), pool); err != nil || !renewed || epoch() == before.Epoch {
		t.Errorf("another cluster: renewed %v (%v)", renewed, err)
	}
	second := epoch()
	if err := circlelog.NewEpoch(t.Context(), pool); err != nil || epoch() == second {
		t.Errorf("asked for a new epoch: %v", err)
	}
}

// TestTrimForgetsMoreThanItLooksAtOnce: a node that was away for long.
func TestTrimForgetsMoreThanItLooksAtOnce(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	circle := newLog(t, pool)
	for _, sql := range []string{
		`INSERT INTO circle_events (circle_id, "offset", data, created_at) SELECT $1, n, '{}', now() - interval '8 days' FROM generate_series(1, 2500) n`,
		`UPDATE circle_heads SET head_offset = 2500 WHERE circle_id = $1`,
	} {
		if _, err := pool.Exec(t.Context(), sql, circle); err != nil {
			t.Fatal(err)
		}
	}
	appendEvents(t, pool, circle, 2)
	trimmer := circlelog.Trimmer{Pool: pool, Log: slog.Default()}
	if n, err := trimmer.Trim(t.Context()); err != nil || n != 2500 {
		t.Errorf("trimmed %d (%v), want 2500", n, err)
	}
	events, top, err := circlelog.NewReader(pool).Read(t.Context(), circle, circlelog.Query{Limit: 10})
	if err != nil || fmt.Sprint(offsets(events)) != "[2501 2502]" || top.Offset != 2502 {
		t.Errorf("left %v below %+v (%v)", offsets(events), top, err)
	}
}
