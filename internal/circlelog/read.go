package circlelog

import (
	"context"
	"errors"
	"fmt"
	"math"

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

// Read returns events and the log's top, both of one moment, in one statement.
// If the first event does not follow on Since, older ones have been trimmed.
func (r *Reader) Read(ctx context.Context, circle id.ID, q Query) ([]Event, Position, error) {
	if q.Limit <= 0 {
		top, err := Top(ctx, r.pool, circle)
		return nil, top, err
	}
	events, top, err := r.events(ctx, circle, q)
	if err != nil {
		return nil, top, fmt.Errorf("read the log of circle %s: %w", circle, err)
	}
	if top.Epoch == "" {
		return nil, top, fmt.Errorf("%w: %s", ErrUnknownCircle, circle)
	}
	return events, top, nil
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

// Both read one range of the log's index, and sizes without the texts, so that
// what MaxBytes leaves out is not sent. The head's row comes also without
// events. A nested loop, the only join there is for it, keeps the order.
const (
	forward = `SELECT h.head_offset, h.epoch, e."offset", e.data FROM circle_heads h LEFT JOIN LATERAL (
			SELECT "offset", data FROM (
				SELECT "offset", data, sum(octet_length(data)) OVER (ORDER BY "offset" ROWS UNBOUNDED PRECEDING) AS bytes FROM (
					SELECT "offset", data FROM circle_events
					WHERE circle_id = $1 AND "offset" > $2 AND "offset" <= h.head_offset ORDER BY "offset" LIMIT $3) AS part) AS sized
			WHERE bytes <= $4 OR bytes = octet_length(data) ORDER BY "offset") AS e ON true
		WHERE h.circle_id = $1`
	reverse = `SELECT h.head_offset, h.epoch, e."offset", e.data FROM circle_heads h LEFT JOIN LATERAL (
			SELECT "offset", data FROM (
				SELECT "offset", data, sum(octet_length(data)) OVER (ORDER BY "offset" DESC ROWS UNBOUNDED PRECEDING) AS bytes FROM (
					SELECT "offset", data FROM circle_events
					WHERE circle_id = $1 AND "offset" < $2 AND "offset" <= h.head_offset ORDER BY "offset" DESC LIMIT $3) AS part) AS sized
			WHERE bytes <= $4 OR bytes = octet_length(data) ORDER BY "offset" DESC) AS e ON true
		WHERE h.circle_id = $1`
)

func (r *Reader) events(ctx context.Context, circle id.ID, q Query) (events []Event, top Position, err error) {
	sql, from, bytes := forward, uint64(0), int64(math.MaxInt64)
	if q.Reverse {
		sql, from = reverse, math.MaxInt64
	}
	if q.Since != nil {
		from = min(*q.Since, math.MaxInt64)
	}
	if q.MaxBytes > 0 {
		bytes = int64(q.MaxBytes)
	}
	rows, err := r.pool.Query(ctx, sql, circle, from, q.Limit, bytes)
	if err != nil {
		return nil, top, err
	}
	var (
		offset *uint64 // nil: no event
		data   []byte
	)
	_, err = pgx.ForEachRow(rows, []any{&top.Offset, &top.Epoch, &offset, &data}, func() error {
		if offset != nil {
			events = append(events, Event{Circle: circle, Offset: *offset, Epoch: top.Epoch, Data: data})
		}
		data = nil // the next one's is its own
		return nil
	})
	return events, top, err
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
