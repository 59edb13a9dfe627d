package circlelog

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/id"
)

// ErrUnknownCircle is returned when a circle has no log.
var ErrUnknownCircle = errors.New("unknown circle")

// Reader reads logs from the primary. It may be used by many goroutines.
type Reader struct{ pool *pgxpool.Pool }

// NewReader returns a Reader on the pool.
func NewReader(pool *pgxpool.Pool) *Reader { return &Reader{pool} }

// Query says which part of a log to read.
type Query struct {
	Since    *uint64 // exclusive; nil: from the oldest kept, or with Reverse from the top
	Limit    int     // events at most; 0: the position only
	MaxBytes int     // of data; at least one event is returned; 0: no bound
	Reverse  bool    // newest first, downwards from Since
}

// Read returns events and the log's top, both of one moment. If the first
// event does not follow on Since, older ones have been trimmed.
func (r *Reader) Read(ctx context.Context, circle id.ID, q Query) ([]Event, Position, error) {
	top, err := Top(ctx, r.pool, circle)
	if err != nil || q.Limit <= 0 {
		return nil, top, err
	}
	// The top is read first, so what is read after it is complete up to it:
	// offsets become visible in order because their head is locked until commit.
	events, err := r.events(ctx, circle, q, top)
	return events, top, err
}

// Top returns the position of a log's last event.
func Top(ctx context.Context, db interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}, circle id.ID,
) (p Position, err error) {
	err = db.QueryRow(ctx, `SELECT head_offset, epoch FROM circle_heads WHERE circle_id = $1`, circle).Scan(&p.Offset, &p.Epoch)
	if errors.Is(err, pgx.ErrNoRows) {
		return p, fmt.Errorf("%w: %s", ErrUnknownCircle, circle)
	}
	if err != nil {
		return p, fmt.Errorf("read the head of circle %s: %w", circle, err)
	}
	return p, nil
}

const (
	forward = `SELECT "offset", data FROM circle_events
		WHERE circle_id = $1 AND "offset" > $2 AND "offset" <= $3 ORDER BY "offset" LIMIT $4`
	reverse = `SELECT "offset", data FROM circle_events
		WHERE circle_id = $1 AND "offset" < $2 AND "offset" <= $3 ORDER BY "offset" DESC LIMIT $4`
)

func (r *Reader) events(ctx context.Context, circle id.ID, q Query, top Position) ([]Event, error) {
	sql, from := forward, uint64(0)
	if q.Reverse {
		sql, from = reverse, top.Offset+1
	}
	if q.Since != nil {
		from = min(*q.Since, top.Offset+1)
	}
	rows, err := r.pool.Query(ctx, sql, circle, from, top.Offset, q.Limit)
	if err != nil {
		return nil, fmt.Errorf("read the log of circle %s: %w", circle, err)
	}
	defer rows.Close()
	var (
		events []Event
		bytes  int
	)
	for rows.Next() {
		e := Event{Circle: circle, Epoch: top.Epoch}
		if err := rows.Scan(&e.Offset, &e.Data); err != nil {
			return nil, fmt.Errorf("read the log of circle %s: %w", circle, err)
		}
		if bytes += len(e.Data); q.MaxBytes > 0 && bytes > q.MaxBytes && len(events) > 0 {
			break
		}
		events = append(events, e)
	}
	rows.Close()
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the log of circle %s: %w", circle, err)
	}
	return events, nil
}

// Heads returns the tops of many logs in one query. A circle without a log is
// left out.
func (r *Reader) Heads(ctx context.Context, circles []id.ID) (map[id.ID]Position, error) {
	rows, err := r.pool.Query(ctx, `SELECT circle_id, head_offset, epoch FROM circle_heads WHERE circle_id = ANY($1::bigint[])`, circles)
	if err != nil {
		return nil, fmt.Errorf("read %d heads: %w", len(circles), err)
	}
	heads := make(map[id.ID]Position, len(circles))
	var (
		circle id.ID
		p      Position
	)
	if _, err := pgx.ForEachRow(rows, []any{&circle, &p.Offset, &p.Epoch}, func() error {
		heads[circle] = p
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read %d heads: %w", len(circles), err)
	}
	return heads, nil
}
