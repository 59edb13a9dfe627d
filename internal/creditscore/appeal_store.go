package creditscore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

// readEvent reads one event of a person; nil: there is none.
func readEvent(ctx context.Context, q querier, user, event id.ID) (*Event, error) {
	e := Event{}
	var kind string
	err := q.QueryRow(ctx, `SELECT user_id, id, kind, at, coalesce(code, '') FROM score_events WHERE user_id = $1 AND id = $2`, user, event).
		Scan(&e.User, &e.ID, &kind, &e.At, &e.Code)
	if missing(err) {
		return nil, nil //nolint:nilnil // there is none
	}
	if err != nil {
		return nil, fmt.Errorf("read a score event: %w", err)
	}
	e.Kind = kinds[kind]
	return &e, nil
}

func storeAppeal(ctx context.Context, tx pgx.Tx, a Appeal) (fresh bool, err error) {
	tag, err := tx.Exec(ctx, `INSERT INTO appeals (id, user_id, event_id, text, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_id, event_id) DO NOTHING`,
		a.ID, a.User, a.EventID, a.Text, a.CreatedAt)
	if err != nil {
		return false, fmt.Errorf("write an appeal: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

func lockAppeal(ctx context.Context, tx pgx.Tx, appeal id.ID) (Appeal, error) {
	if _, err := tx.Exec(ctx, `SELECT FROM appeals WHERE id = $1 FOR UPDATE`, appeal); err != nil {
		return Appeal{}, fmt.Errorf("lock an appeal: %w", err)
	}
	all, err := readAppeals(ctx, tx, `a.state = 'open' AND a.id = $1`, appeal)
	if err == nil && len(all) == 0 {
		err = problem.New(problem.AppealNotFound, "There is no open appeal by this name.")
	}
	if err != nil {
		return Appeal{}, err
	}
	return all[0], nil
}

func endAppeal(ctx context.Context, tx pgx.Tx, a Appeal) error {
	_, err := tx.Exec(ctx, `UPDATE appeals SET state = $2, note = $3, decided_at = $4 WHERE id = $1`, a.ID, a.State, a.Note, a.DecidedAt)
	if err != nil {
		return fmt.Errorf("end an appeal: %w", err)
	}
	return nil
}

func readAppeals(ctx context.Context, q querier, which string, args ...any) ([]Appeal, error) {
	rows, err := q.Query(ctx, `SELECT a.id, a.user_id, a.event_id, coalesce(e.kind, ''), coalesce(e.code, ''), a.text, a.state, a.note, a.created_at, a.decided_at
		FROM appeals a LEFT JOIN score_events e ON e.user_id = a.user_id AND e.id = a.event_id WHERE `+which, args...)
	if err != nil {
		return nil, fmt.Errorf("read appeals: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (a Appeal, err error) {
		return a, row.Scan(&a.ID, &a.User, &a.EventID, &a.Kind, &a.Code, &a.Text, &a.State, &a.Note, &a.CreatedAt, &a.DecidedAt)
	})
	if err != nil {
		return nil, fmt.Errorf("read appeals: %w", err)
	}
	return all, nil
}

func readVouchers(ctx context.Context, tx pgx.Tx, user id.ID) ([]id.ID, error) {
	rows, err := tx.Query(ctx, `SELECT voucher_id FROM vouches WHERE user_id = $1 ORDER BY voucher_id`, user)
	if err != nil {
		return nil, fmt.Errorf("read vouchers: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[id.ID])
}

// scoreBefore returns what was published of somebody before a moment; the floor
// of no score where nothing was.
func scoreBefore(ctx context.Context, q querier, user id.ID, at time.Time) (score int, err error) {
	err = q.QueryRow(ctx, `SELECT score FROM score_history WHERE user_id = $1 AND at < $2 ORDER BY at DESC LIMIT 1`, user, at).Scan(&score)
	if missing(err) {
		return 950, nil // it was there from the first score on: whatever the model says without it
	}
	if err != nil {
		return 0, fmt.Errorf("read the score of before: %w", err)
	}
	return score, nil
}
