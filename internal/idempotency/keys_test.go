package idempotency_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/pgtest"
	"lifecircle/internal/problem"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func request(t *testing.T, user id.ID, key string, input ...any) idempotency.Request {
	t.Helper()
	r, err := idempotency.NewRequest(user, key, "test", input...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// claim locks the keys in tx and returns what it found.
func claim(t *testing.T, tx pgx.Tx, requests ...idempotency.Request) *idempotency.Keys {
	t.Helper()
	var b pgx.Batch
	k := idempotency.Lock(&b, requests)
	if err := tx.SendBatch(t.Context(), &b).Close(); err != nil {
		t.Fatal(err)
	}
	return k
}

func TestTheFirstAnswerIsKeptWithTheTransaction(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	done, refused, failed := request(t, 1, "done", "a"), request(t, 1, "refused"), request(t, 1, "failed")
	begin := func() pgx.Tx {
		tx, err := pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) })
		return tx
	}
	keep := func(tx pgx.Tx) {
		k := claim(t, tx, done, refused, failed)
		for r, err := range map[idempotency.Request]error{
			done:    k.Keep(done, 201, "it", nil),
			refused: k.Keep(refused, 0, nil, problem.New(problem.CircleNotFound, "none")),
			failed:  k.Keep(failed, 0, nil, problem.New(problem.Unavailable, "later")),
		} {
			if err != nil {
				t.Fatalf("keep %s: %v", r.Key, err)
			}
		}
		// A repeat in the same batch is answered as a later one will be.
		if a, err := k.First(done); err != nil || a == nil || a.Status != 201 {
			t.Errorf("done in this transaction: %+v %v", a, err)
		}
		if _, err := k.First(request(t, 1, "done", "b")); !problem.Has(err, problem.IdempotencyKeyReused) {
			t.Errorf("another body in this transaction: %v", err)
		}
		var b pgx.Batch
		k.Write(&b)
		if err := tx.SendBatch(t.Context(), &b).Close(); err != nil {
			t.Fatal(err)
		}
	}
	rolledBack := begin()
	keep(rolledBack)
	other := begin()
	if _, err := claim(t, other, done).First(done); !problem.Has(err, problem.IdempotencyBusy) {
		t.Errorf("while another transaction has the key: %v", err)
	}
	_ = rolledBack.Rollback(t.Context())
	_ = other.Rollback(t.Context())

	committed := begin()
	if a, err := claim(t, committed, done).First(done); a != nil || err != nil {
		t.Errorf("after a rollback: %v %v", a, err)
	}
	keep(committed)
	if err := committed.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	changed, foreign := request(t, 1, "done", "b"), request(t, 2, "done", "a")
	k := claim(t, begin(), done, refused, failed, changed, foreign)
	var it string
	if a, err := k.First(done); err != nil || a == nil || a.Into(&it) != nil || it != "it" || a.Status != 201 {
		t.Errorf("done: %+v %v", a, err)
	}
	if a, err := k.First(refused); err != nil || a == nil || !problem.Has(a.Into(&it), problem.CircleNotFound) {
		t.Errorf("refused: %+v %v", a, err)
	}
	if _, err := k.First(changed); !problem.Has(err, problem.IdempotencyKeyReused) {
		t.Errorf("another body: %v", err)
	}
	for name, r := range map[string]idempotency.Request{"failed": failed, "another user's": foreign, "none": {}} {
		if a, err := k.First(r); a != nil || err != nil {
			t.Errorf("%s: %v %v", name, a, err)
		}
	}
}

func TestKeysInProgressOnThisNodeAreRefused(t *testing.T) {
	t.Parallel()
	var p idempotency.InProgress
	r := request(t, 1, "k")
	end, err := p.Begin(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Begin(r); !problem.Has(err, problem.IdempotencyBusy) {
		t.Errorf("second: %v", err)
	}
	if _, err := p.Begin(request(t, 2, "k")); err != nil {
		t.Errorf("another user: %v", err)
	}
	end()
	if _, err := p.Begin(r); err != nil {
		t.Errorf("after the end: %v", err)
	}
}

func TestMalformedKeys(t *testing.T) {
	t.Parallel()
	for key, ok := range map[string]bool{
		"": true, "a b~!": true, strings.Repeat("k", 255): true,
		strings.Repeat("k", 256): false, "a\nb": false, "é": false, "\x7f": false,
	} {
		if _, err := idempotency.NewRequest(1, key, "op"); (err == nil) != ok || !ok && !problem.Has(err, problem.IdempotencyKeyBad) {
			t.Errorf("%.20q: %v", key, err)
		}
	}
}

func TestOldKeysAreSwept(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	if _, err := pool.Exec(t.Context(), `INSERT INTO idempotency_keys (user_id, key, fingerprint, status, answer, created_at)
		SELECT 1, n::text, '', 201, '', now() - CASE WHEN n <= 2500 THEN interval '25 hours' ELSE interval '1 hour' END FROM generate_series(1, 2503) n`); err != nil {
		t.Fatal(err)
	}
	if err := idempotency.SweepOnce(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM idempotency_keys`).Scan(&left); err != nil || left != 3 {
		t.Errorf("%d keys left (%v)", left, err)
	}
}
