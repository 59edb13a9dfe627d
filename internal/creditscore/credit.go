package creditscore

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/id"
)

// Credit is what a person is told of his score.
type Credit struct {
	model.Explanation
	Provisional bool    `json:"provisional" doc:"nothing is published yet: this is what the first night would say now, and no rule knows it"`
	Pinned      bool    `json:"pinned,omitempty" doc:"a test has set the score: the parts do not add up to it"`
	NextAt      string  `json:"next_at" doc:"when the next nightly run is due"`
	Statement   string  `json:"statement" doc:"date of the last monthly statement"`
	History     []Point `json:"history" doc:"each change of the score in the last two years, oldest first"`
	Against     []Mark  `json:"against" doc:"what may be appealed against, newest first"`
	VouchesLeft int     `json:"vouches_left" doc:"for how many people you may still vouch"`
}

// Point is a score from a moment on.
type Point struct {
	At    time.Time `json:"at"`
	Score int       `json:"score"`
	Step  string    `json:"step" enum:"first,night,sanction,appeal,pinned"`
}

// Mark is an event that speaks against somebody.
type Mark struct {
	EventID id.ID     `json:"event_id"`
	Kind    string    `json:"kind"`
	Code    string    `json:"code,omitempty"`
	At      time.Time `json:"at"`
	Appeal  string    `json:"appeal,omitempty" enum:"open,upheld,dismissed" doc:"absent: you have not appealed"`
}

const (
	historyKept = 2 * 365 * 24 * time.Hour // of what is shown; all of it stays
	historyMost = 1000                     // points
	marksMost   = 100
	statementOn = 6 // day of the month
)

// Credit explains somebody's score.
func (s *Service) Credit(ctx context.Context, user id.ID) (c Credit, err error) {
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		c, err = s.credit(ctx, tx, user)
		return err
	})
	return c, outward(err)
}

func (s *Service) credit(ctx context.Context, tx pgx.Tx, user id.ID) (c Credit, err error) {
	now, err := s.now(ctx, tx)
	if err != nil {
		return c, err
	}
	row, err := readScore(ctx, tx, user)
	if err != nil {
		return c, err
	}
	if row == nil {
		c, err = s.provisional(ctx, tx, user, now)
	} else {
		c, err = s.explain(ctx, tx, user, row, now)
	}
	if err != nil {
		return c, err
	}
	c.NextAt = LastNight(now).AddDate(0, 0, 1).UTC().Format(time.RFC3339)
	c.Statement = statementBefore(now).Format(time.DateOnly)
	if c.History, err = readHistory(ctx, tx, user, now.Add(-historyKept), historyMost); err != nil {
		return c, err
	}
	c.Against, err = readMarks(ctx, tx, user, marksMost)
	return c, err
}

func (s *Service) explain(ctx context.Context, tx pgx.Tx, user id.ID, row *published, now time.Time) (c Credit, err error) {
	t, err := s.trustOf(ctx, row.asOf)
	if err != nil {
		return c, err
	}
	events, err := readEvents(ctx, tx, []id.ID{user}, now)
	if err != nil {
		return c, err
	}
	base := row.asOf.In(shanghai)
	in := inputsAt(user, events[user], base, now)
	c.Explanation, c.Pinned = model.Explain(in, t, base, row.score, s.key), row.pinned
	c.VouchesLeft = in.VouchesLeft(row.score)
	return c, nil
}

// provisional is what the first night would say if it were now.
func (s *Service) provisional(ctx context.Context, tx pgx.Tx, user id.ID, now time.Time) (c Credit, err error) {
	var joined time.Time
	if err := tx.QueryRow(ctx, `SELECT created_at FROM users WHERE id = $1`, user).Scan(&joined); err != nil {
		return c, fmt.Errorf("read when %s joined: %w", user, err)
	}
	all, err := readEvents(ctx, tx, []id.ID{user}, now)
	if err != nil {
		return c, err
	}
	verified, err := s.verified(ctx, tx, []id.ID{user})
	if err != nil {
		return c, err
	}
	events := all[user]
	if !has(events, model.Joined) {
		events = append(events, Event{Event: model.Event{User: user, Kind: model.Joined, At: joined}})
	}
	at := now.In(shanghai)
	if v, ok := verified[user]; ok {
		events = append(events, identityEvents(model.Fold(plain(events), at), v, at)...)
	}
	latest, err := latestRun(ctx, tx)
	if err != nil {
		return c, err
	}
	t := model.Trust{Of: func(id.ID) float64 { return 0 }, Threshold: math.Inf(1), Near: math.Inf(1)}
	if !latest.IsZero() {
		if t, err = s.trustOf(ctx, latest); err != nil {
			return c, err
		}
	}
	in := inputsAt(user, events, at, at)
	c.Explanation, c.Provisional = model.Explain(in, t, at, model.Points(in, t, at), s.key), true
	return c, nil
}

// statementBefore returns the last day of a statement, at or before now.
func statementBefore(now time.Time) time.Time {
	y, m, d := now.In(shanghai).Date()
	if d < statementOn {
		m--
	}
	return time.Date(y, m, statementOn, 0, 0, 0, 0, shanghai)
}

func readHistory(ctx context.Context, q querier, user id.ID, since time.Time, limit int) ([]Point, error) {
	rows, err := q.Query(ctx, `SELECT at, score, step FROM (
			SELECT at, score, step FROM score_history WHERE user_id = $1 AND at > $2 ORDER BY at DESC LIMIT $3) AS last ORDER BY at`, user, since, limit)
	if err != nil {
		return nil, fmt.Errorf("read a history: %w", err)
	}
	points, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p Point, err error) {
		return p, row.Scan(&p.At, &p.Score, &p.Step)
	})
	if err != nil {
		return nil, fmt.Errorf("read a history: %w", err)
	}
	return points, nil
}

func readMarks(ctx context.Context, q querier, user id.ID, limit int) ([]Mark, error) {
	var names []string
	for kind, name := range kindNames {
		if (Event{Event: model.Event{Kind: kind}}).appealable() {
			names = append(names, name)
		}
	}
	rows, err := q.Query(ctx, `SELECT e.id, e.kind, coalesce(e.code, ''), e.at, coalesce(a.state, '') FROM score_events e
		LEFT JOIN appeals a ON a.user_id = e.user_id AND a.event_id = e.id
		WHERE e.user_id = $1 AND e.kind = ANY($2::text[]) ORDER BY e.id DESC LIMIT $3`, user, names, limit)
	if err != nil {
		return nil, fmt.Errorf("read what speaks against somebody: %w", err)
	}
	marks, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (m Mark, err error) {
		return m, row.Scan(&m.EventID, &m.Kind, &m.Code, &m.At, &m.Appeal)
	})
	if err != nil {
		return nil, fmt.Errorf("read what speaks against somebody: %w", err)
	}
	return marks, nil
}
