package creditscore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/id"
)

// Past is a score as it was published.
type Past struct {
	At       time.Time // when it was published
	Step     string
	Score    int
	Computed int    // by the model, before the daily rise
	Hash     string // of the inputs
}

// ErrNoScore is returned where somebody had no score yet.
var ErrNoScore = errors.New("there was no score yet")

// Replay computes the score that somebody had at a moment again, from the
// events and the links of then, and returns it beside what was stored.
func (s *Service) Replay(ctx context.Context, user id.ID, at time.Time) (stored, again Past, err error) {
	lines, err := readPast(ctx, s.pool, user, at)
	if err != nil {
		return stored, again, err
	}
	if len(lines) == 0 {
		return stored, again, ErrNoScore
	}
	now, before := lines[0], (*published)(nil)
	events, err := readEvents(ctx, s.pool, []id.ID{user}, now.At)
	if err != nil {
		return stored, again, err
	}
	if len(lines) > 1 {
		_, pinned := pinnedAt(events[user], lines[1].At)
		before = &published{score: lines[1].Score, pinned: pinned}
	}
	t, err := s.trustOf(ctx, now.asOf)
	if err != nil {
		return stored, again, err
	}
	change := model.Change{Step: stepsByName[now.Step], Nights: now.nights}
	if change.Step == model.Appeal {
		if change.Before, err = s.beforeAppeal(ctx, user, now.event); err != nil {
			return stored, again, err
		}
	}
	p, step := compute(user, events[user], before, now.asOf, now.At, t, change)
	if now.Step == stepPinned { // also of one that was given back to the model
		step = stepPinned
	}
	return now.Past, Past{At: now.At, Step: step, Score: p.score, Computed: p.computed, Hash: p.hash}, nil
}

// beforeAppeal returns what was published before the event that an appeal has lifted.
func (s *Service) beforeAppeal(ctx context.Context, user, lifting id.ID) (score int, err error) {
	var at time.Time
	err = s.pool.QueryRow(ctx, `SELECT e.at FROM score_events l JOIN score_events e ON e.user_id = l.user_id AND e.id = l.lifts
		WHERE l.user_id = $1 AND l.id = $2`, user, lifting).Scan(&at)
	if err != nil {
		return 0, fmt.Errorf("find the event that was lifted: %w", err)
	}
	return scoreBefore(ctx, s.pool, user, at)
}

type pastLine struct {
	Past
	asOf   time.Time
	event  id.ID
	nights int
}

// readPast reads what was published at a moment, and what before it.
func readPast(ctx context.Context, q querier, user id.ID, at time.Time) ([]pastLine, error) {
	rows, err := q.Query(ctx, `SELECT h.at, h.step, h.score, h.computed, h.inputs_hash, h.as_of, coalesce(h.event_id, 0), coalesce(r.nights, 0)
		FROM (SELECT * FROM score_history WHERE user_id = $1 AND at <= $2 ORDER BY at DESC LIMIT 2) AS h
		LEFT JOIN score_runs r ON r.as_of = h.as_of ORDER BY h.at DESC`, user, at)
	if err != nil {
		return nil, fmt.Errorf("read what was published: %w", err)
	}
	lines, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l pastLine, err error) {
		return l, row.Scan(&l.At, &l.Step, &l.Score, &l.Computed, &l.Hash, &l.asOf, &l.event, &l.nights)
	})
	if err != nil {
		return nil, fmt.Errorf("read what was published: %w", err)
	}
	return lines, nil
}
