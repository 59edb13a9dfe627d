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
	trimCircles = 500                    // heads looked at in one query
	trimEvents  = 1_000                  // events deleted in one transaction
	trimRest    = 100 * time.Millisecond // the longest pause after one
)

// Trimmer forgets events that are older than Retention or beyond MaxEvents. It
// locks nothing that a writer needs: neither heads nor events that are not
// deleted. Nor does it keep the database from them: it deletes few events in
// one transaction, and rests as long as that took before the next.
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
// The newest event of a log is never deleted. While another node trims there is
// nothing to do.
func (t *Trimmer) Trim(ctx context.Context) (deleted int64, err error) {
	release, mine, err := t.claim(ctx)
	if err != nil || !mine {
		return 0, err
	}
	defer release()
	for after := id.ID(0); ; {
		heads, last, err := t.overdue(ctx, after)
		if err != nil || last == 0 {
			return deleted, err
		}
		after = last
		for circle, head := range heads {
			n, err := t.trimCircle(ctx, circle, head)
			if deleted += n; err != nil {
				return deleted, err
			}
		}
	}
}

// overdue looks at the next circles after one and returns the heads of those
// whose first event is to be forgotten. last is the last circle looked at, 0 at the end.
func (t *Trimmer) overdue(ctx context.Context, after id.ID) (heads map[id.ID]uint64, last id.ID, err error) {
	rows, err := t.Pool.Query(ctx, `
		SELECT h.circle_id, CASE WHEN first.overdue THEN h.head_offset ELSE 0 END
		FROM (SELECT circle_id, head_offset FROM circle_heads WHERE circle_id > $1 ORDER BY circle_id LIMIT $2) h
		LEFT JOIN LATERAL (
			SELECT e."offset" < h.head_offset AND (e."offset" <= h.head_offset - $3 OR e.created_at < now() - $4::interval) AS overdue
			FROM circle_events e WHERE e.circle_id = h.circle_id ORDER BY e."offset" LIMIT 1) first ON true
		ORDER BY h.circle_id`,
		after, trimCircles, t.maxEvents(), t.retention())
	if err != nil {
		return nil, 0, fmt.Errorf("look for old events: %w", err)
	}
	heads = map[id.ID]uint64{}
	var head uint64
	_, err = pgx.ForEachRow(rows, []any{&last, &head}, func() error {
		if head > 0 {
			heads[last] = head
		}
		return nil
	})
	return heads, last, err
}

// trimCircle forgets what is overdue in one log, from its beginning.
func (t *Trimmer) trimCircle(ctx context.Context, circle id.ID, head uint64) (deleted int64, err error) {
	for {
		begin := time.Now()
		n, err := t.trimSome(ctx, circle, head)
		if deleted += n; err != nil {
			return deleted, err
		}
		rest := time.NewTimer(min(time.Since(begin), trimRest)) // after the last one, too: the next circle's follows
		select {
		case <-rest.C:
		case <-ctx.Done():
			rest.Stop()
			return deleted, ctx.Err()
		}
		if n < trimEvents {
			return deleted, nil
		}
	}
}

// trimSome deletes the first events up to the last of them that is overdue:
// ages do not always rise with offsets, and a log has no holes.
func (t *Trimmer) trimSome(ctx context.Context, circle id.ID, head uint64) (deleted int64, err error) {
	tag, err := t.Pool.Exec(ctx, `
		DELETE FROM circle_events WHERE circle_id = $1 AND "offset" <= (
			SELECT max(first."offset") FROM (
				SELECT "offset", created_at FROM circle_events WHERE circle_id = $1 AND "offset" < $2 ORDER BY "offset" LIMIT $5) first
			WHERE first."offset" <= $2 - $3 OR first.created_at < now() - $4::interval)`,
		circle, head, t.maxEvents(), t.retention(), trimEvents)
	if err != nil {
		return 0, fmt.Errorf("trim the log of circle %s: %w", circle, err)
	}
	return tag.RowsAffected(), nil
}

// trimLock is the advisory lock of the one node that trims. Two would wait for
// each other's rows.
const trimLock = 0x6c63_7472_696d // "lctrim"

// claim tries to become the one that trims. The lock belongs to a session, and
// so goes with the connection if this node dies.
func (t *Trimmer) claim(ctx context.Context) (release func(), mine bool, err error) {
	conn, err := t.Pool.Acquire(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("connect to trim the logs: %w", err)
	}
	if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, int64(trimLock)).Scan(&mine); err != nil || !mine {
		conn.Release()
		return nil, false, err
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockTimeout)
		defer cancel()
		if _, err := conn.Exec(ctx, `SELECT pg_advisory_unlock($1)`, int64(trimLock)); err != nil {
			_ = conn.Conn().Close(ctx) // and the lock goes with it
		}
		conn.Release()
	}, true, nil
}

const unlockTimeout = 5 * time.Second

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
