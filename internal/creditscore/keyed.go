package creditscore

import (
	"cmp"
	"context"
	"fmt"
	"net/http"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/problem"
)

// once answers from the key, or calls do and keeps what it answers: a refusal
// too, which do makes before it writes anything.
func once[T any](ctx context.Context, s *Service, req idempotency.Request, do func(context.Context, *writer) (T, error)) (answer T, err error) {
	end, err := s.inProgress.Begin(req)
	if err != nil {
		return answer, err
	}
	defer end()
	var refusal error
	err = s.write(ctx, func(ctx context.Context, w *writer) (err error) {
		answer, refusal, err = keyed(ctx, w, req, do)
		return err
	})
	return answer, cmp.Or(err, refusal)
}

func keyed[T any](ctx context.Context, w *writer, req idempotency.Request, do func(context.Context, *writer) (T, error)) (answer T, refusal, err error) {
	var lock, store pgx.Batch
	keys := idempotency.Lock(&lock, []idempotency.Request{req})
	if err := w.tx.SendBatch(ctx, &lock).Close(); err != nil {
		return answer, nil, fmt.Errorf("lock an idempotency key: %w", err)
	}
	first, err := keys.First(req)
	if err != nil {
		return answer, nil, err
	}
	if first != nil {
		return answer, nil, first.Into(&answer)
	}
	if answer, err = do(ctx, w); problem.From(err) != nil {
		refusal, err = err, nil
	}
	if err != nil {
		return answer, nil, err
	}
	if err := keys.Keep(req, http.StatusCreated, answer, refusal); err != nil {
		return answer, nil, err
	}
	keys.Write(&store)
	return answer, refusal, w.tx.SendBatch(ctx, &store).Close()
}

// requireAccount refuses who is suspended, or gone.
func requireAccount(ctx context.Context, q querier, user id.ID) error {
	var suspended bool
	err := q.QueryRow(ctx, `SELECT banned_at IS NOT NULL FROM users WHERE id = $1`, user).Scan(&suspended)
	switch {
	case missing(err):
		return problem.New(problem.Unauthorized, "Sign in first.")
	case err != nil:
		return fmt.Errorf("read an account: %w", err)
	case suspended:
		return problem.New(problem.Banned, "This account is suspended.")
	}
	return nil
}
