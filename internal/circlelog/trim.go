package circlelog

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/id"
)

// What a circle's log keeps: the younger of both.
const (
	Retention = 7 * 24 * time.Hour
	MaxEvents = 100_000 // a circle
)

const (
	trimEvery   = 10 * time.Minute
	trimCircles = 500   // heads looked at in one query
	trimEvents  = 1_000 // events deleted in one statement, so that no lock is held long
)

// Trimmer forgets events that are older than Retention or beyond MaxEvents.
type Trimmer struct {
	Pool      *pgxpool.Pool
	Log       *slog.Logger
	Retention time.Duration // zero: Retention
	MaxEvents int           // zero: MaxEvents
}

// Run trims from time to time until ctx ends. A failure is logged and tried
// again the next time.
func (t *Trimmer) Run(ctx context.Context) error {
	tick := time.NewTicker(trimEvery)
	defer tick.Stop()
	for {
		if n, err := t.Trim(ctx); err != nil && ctx.Err() == nil {
			t.Log.Warn("trim the logs", "err", err)
		} else if n > 0 {
			t.Log.Info("trimmed the logs", "events", n)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Trim goes through all circles once and returns how many events it deleted.
// The newest event of a log is never deleted.
func (t *Trimmer) Trim(ctx context.Context) (deleted int64, err error) {
	for after := id.ID(0); ; {
		bounds, last, err := t.bounds(ctx, after)
		if err != nil || last == 0 {
			return deleted, err
		}
		more := false
		for circle, upTo := range bounds {
			n, err := t.delete(ctx, circle, upTo)
			if deleted += n; err != nil {
				return deleted, err
			}
			more = more || n >= trimEvents
		}
		if !more { // else look at the same circles again
			after = last
		}
	}
}

// bounds returns, for the circles after one that have something to trim, the
// highest offset to delete. last is the last circle looked at, 0 at the end.
func (t *Trimmer) bounds(ctx context.Context, after id.ID) (upTo map[id.ID]uint64, last id.ID, err error) {
	rows, err := t.Pool.Query(ctx, `
		SELECT h.circle_id, coalesce(least(h.head_offset - 1, greatest(h.head_offset - $3, old.upto)), 0)
		FROM (SELECT circle_id, head_offset FROM circle_heads WHERE circle_id > $1 ORDER BY circle_id LIMIT $2) h
		LEFT JOIN LATERAL (
			SELECT max(e."offset") AS upto FROM (
				SELECT "offset", created_at FROM circle_events
				WHERE circle_id = h.circle_id AND now() - $4::interval > ( -- most logs begin with a young event and are done
					SELECT f.created_at FROM circle_events f WHERE f.circle_id = h.circle_id ORDER BY f."offset" LIMIT 1)
				ORDER BY "offset" LIMIT $5) e
			WHERE e.created_at < now() - $4::interval) old ON true
		ORDER BY h.circle_id`,
		after, trimCircles, t.maxEvents(), t.retention(), trimEvents)
	if err != nil {
		return nil, 0, fmt.Errorf("look for old events: %w", err)
	}
	upTo = map[id.ID]uint64{}
	var bound int64
	_, err = pgx.ForEachRow(rows, []any{&last, &bound}, func() error {
		if bound > 0 {
			upTo[last] = uint64(bound)
		}
		return nil
	})
	return upTo, last, err
}

func (t *Trimmer) delete(ctx context.Context, circle id.ID, upTo uint64) (deleted int64, err error) {
	for {
		tag, err := t.Pool.Exec(ctx, `DELETE FROM circle_events WHERE circle_id = $1 AND "offset" IN (
			SELECT "offset" FROM circle_events WHERE circle_id = $1 AND "offset" <= $2 ORDER BY "offset" LIMIT $3)`, circle, upTo, trimEvents)
		if err != nil {
			return deleted, fmt.Errorf("trim the log of circle %s: %w", circle, err)
		}
		deleted += tag.RowsAffected()
		if tag.RowsAffected() < trimEvents {
			return deleted, nil
		}
	}
}

func (t *Trimmer) retention() time.Duration {
	if t.Retention > 0 {
		return t.Retention
	}
	return Retention
}

func (t *Trimmer) maxEvents() int {
	if t.MaxEvents > 0 {
		return t.MaxEvents
	}
	return MaxEvents
}
