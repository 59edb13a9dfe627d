package pg_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"lifecircle/internal/pg"
	"lifecircle/internal/pgtest"
)

func TestInTxSurvivesADeadlock(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	exec(t, pool, "INSERT INTO circle_counts (circle_id) VALUES (1), (2)")
	var runs atomic.Int32
	var both sync.WaitGroup // each says that it holds its first lock
	both.Add(2)
	cross := func(first, second int) error {
		return pg.InTx(t.Context(), pool, func(tx pgx.Tx) error {
			attempt := runs.Add(1)
			if err := add(t.Context(), tx, first); err != nil {
				return err
			}
			if attempt <= 2 { // the first attempts wait for each other: a sure deadlock
				both.Done()
				both.Wait()
			}
			return add(t.Context(), tx, second)
		})
	}
	errs := make(chan error, 2)
	go func() { errs <- cross(1, 2) }()
	go func() { errs <- cross(2, 1) }()
	if err := errors.Join(<-errs, <-errs); err != nil {
		t.Fatal(err)
	}
	var sum int
	if err := pool.QueryRow(t.Context(), "SELECT sum(followers) FROM circle_counts").Scan(&sum); err != nil || sum != 4 {
		t.Errorf("sum %d, %v; want 4: each transaction once", sum, err)
	}
	if runs.Load() < 3 {
		t.Error("there was no deadlock")
	}
}

func add(ctx context.Context, tx pgx.Tx, circle int) error {
	_, err := tx.Exec(ctx, "UPDATE circle_counts SET followers = followers + 1 WHERE circle_id = $1", circle)
	return err
}

func TestInTxGivesUpAtLast(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	runs := 0
	err := pg.InTx(t.Context(), pool, func(pgx.Tx) error {
		runs++
		return fmt.Errorf("work: %w", &pgconn.PgError{Code: "40001"})
	})
	if pe := new(pgconn.PgError); !errors.As(err, &pe) || runs != 5 {
		t.Errorf("%v after %d runs", err, runs)
	}
}

func TestInTxRollsBack(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	refused := errors.New("refused")
	runs := 0
	err := pg.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		runs++
		if _, err := tx.Exec(t.Context(), "INSERT INTO circle_counts (circle_id) VALUES (1)"); err != nil {
			return err
		}
		return refused
	})
	var n int
	if err2 := pool.QueryRow(t.Context(), "SELECT count(*) FROM circle_counts").Scan(&n); !errors.Is(err, refused) || runs != 1 || n != 0 || err2 != nil {
		t.Errorf("%v, %d runs, %d rows, %v", err, runs, n, err2)
	}
}

func TestConstraint(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	exec(t, pool, "INSERT INTO circle_counts (circle_id) VALUES (1)")
	for sql, want := range map[string]string{
		"INSERT INTO circle_counts (circle_id) VALUES (1)":                "circle_counts_pkey",
		"INSERT INTO circle_counts (circle_id, followers) VALUES (2, -1)": "circle_counts_followers_positive",
		"SELECT 1/0": "",
	} {
		_, err := pool.Exec(t.Context(), sql)
		if got := pg.Constraint(fmt.Errorf("store: %w", err)); err == nil || got != want {
			t.Errorf("%s: %q, want %q (%v)", sql, got, want, err)
		}
	}
	if got := pg.Constraint(nil); got != "" {
		t.Error(got)
	}
}

func TestIsUnavailable(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{
		"08006": true, "53300": true, "53100": true, "57P01": true, "57P03": true, "57014": true, "25006": true, "58030": true,
		"23505": false, "40001": false, "22P02": false, "42P01": false,
	} {
		if got := pg.IsUnavailable(fmt.Errorf("x: %w", &pgconn.PgError{Code: code})); got != want {
			t.Errorf("%s: %v", code, got)
		}
	}
	for _, err := range []error{nil, context.Canceled, pgx.ErrNoRows, errors.New("other")} {
		if pg.IsUnavailable(err) {
			t.Errorf("%v", err)
		}
	}
	if !pg.IsUnavailable(fmt.Errorf("x: %w", io.ErrUnexpectedEOF)) {
		t.Error("a connection that broke off")
	}
}

func TestIsUnavailableOfARealFailure(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	pool := open(t, url, pg.Options{StatementTimeout: 50 * time.Millisecond})
	check := func(what string, err error) {
		t.Helper()
		if err == nil || !pg.IsUnavailable(err) {
			t.Errorf("%s: %v (%T)", what, err, err)
		}
	}
	_, err := pool.Exec(t.Context(), "SELECT pg_sleep(5)")
	check("statement timeout", err)

	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = open(t, url, pg.Options{}).Exec(short, "SELECT pg_sleep(5)")
	check("our own deadline", err)

	_, err = pool.Exec(t.Context(), "SELECT pg_terminate_backend(pg_backend_pid())")
	check("the session is terminated", err)

	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Conn().Close(t.Context())
	_, err = conn.Exec(t.Context(), "SELECT 1")
	check("the connection is closed", err)
	conn.Release()

	pool.Close()
	_, err = pool.Exec(t.Context(), "SELECT 1")
	check("the pool is closed", err)
}
