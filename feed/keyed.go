package feed

import (
	"cmp"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/idempotency"
	"lifecircle/internal/pg"
	"lifecircle/internal/problem"
)

// keyed answers from the key, or calls do in a transaction and keeps its
// answer. do refuses before it writes anything; the refusal is committed with
// its key, as an answer is. It may be called again for a transaction that
// failed.
func keyed[T any](ctx context.Context, s *Service, req idempotency.Request, do func(tx pgx.Tx) (T, error)) (answer T, err error) {
	end, err := s.inProgress.Begin(req)
	if err != nil {
		return answer, err
	}
	defer end()
	var refusal error
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		answer, refusal, err = once(ctx, tx, req, func() (T, error) { return do(tx) })
		return err
	})
	return answer, outward(cmp.Or(err, refusal))
}

// once is keyed inside a transaction.
func once[T any](ctx context.Context, tx pgx.Tx, req idempotency.Request, do func() (T, error)) (answer T, refusal, err error) {
	var lock, write pgx.Batch
	keys := idempotency.Lock(&lock, []idempotency.Request{req})
	if err := tx.SendBatch(ctx, &lock).Close(); err != nil {
		return answer, nil, fmt.Errorf("lock an idempotency key: %w", err)
	}
	first, err := keys.First(req)
	if err != nil {
		return answer, nil, err
	}
	if first != nil {
		err := first.Into(&answer)
		return answer, nil, err
	}
	answer, err = do()
	if problem.From(err) != nil {
		refusal, err = err, nil
	}
	if err != nil {
		return answer, nil, err
	}
	if err := keys.Keep(req, statusCreated, answer, refusal); err != nil {
		return answer, nil, err
	}
	keys.Write(&write)
	return answer, refusal, tx.SendBatch(ctx, &write).Close()
}
