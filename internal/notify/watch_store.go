package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/id"
)

func readMark(ctx context.Context, pool *pgxpool.Pool) (m mark, err error) {
	if err := pool.QueryRow(ctx, `SELECT pg_current_snapshot()::text, clock_timestamp()`).Scan(&m.snapshot, &m.at); err != nil {
		return m, fmt.Errorf("begin to look for news: %w", err)
	}
	return m, nil
}

// readNews tells the news of all transactions that were not visible at since
// and are now, and returns what now is. A long transaction delays only itself.
// Rows of a later transaction than any that there was came from another
// cluster, with a restored database.
func readNews(ctx context.Context, pool *pgxpool.Pool, since mark, tell func(id.ID, Kind)) (now mark, err error) {
	rows, err := pool.Query(ctx, `SELECT DISTINCT s.snapshot::text, s.at, n.user_id, n.kind
		FROM (SELECT pg_current_snapshot() AS snapshot, clock_timestamp() AS at) s
		LEFT JOIN person_news n ON n.tx >= pg_snapshot_xmin($1::text::pg_snapshot) AND n.tx < pg_snapshot_xmax(s.snapshot)
			AND NOT pg_visible_in_snapshot(n.tx, $1::text::pg_snapshot)`, since.snapshot)
	if err != nil {
		return now, fmt.Errorf("look for news: %w", err)
	}
	var (
		user *id.ID
		kind *Kind
	)
	if _, err = pgx.ForEachRow(rows, []any{&now.snapshot, &now.at, &user, &kind}, func() error {
		if user != nil {
			tell(*user, *kind)
		}
		return nil
	}); err != nil {
		return now, fmt.Errorf("look for news: %w", err)
	}
	return now, nil
}

// readEnded calls each for everybody who was a student or an employee until a
// moment after from, and not after to.
func readEnded(ctx context.Context, pool *pgxpool.Pool, from, to time.Time, each func(id.ID)) error {
	rows, err := pool.Query(ctx, `SELECT user_id FROM identities WHERE student_until > $1 AND student_until <= $2
		UNION SELECT user_id FROM identities WHERE employee_until > $1 AND employee_until <= $2`, from, to)
	if err != nil {
		return fmt.Errorf("look for what has ended: %w", err)
	}
	var user id.ID
	if _, err := pgx.ForEachRow(rows, []any{&user}, func() error { each(user); return nil }); err != nil {
		return fmt.Errorf("look for what has ended: %w", err)
	}
	return nil
}

// trimNews deletes some of what everybody could have read when old was made.
// What another node is deleting is left to it.
func trimNews(ctx context.Context, pool *pgxpool.Pool, old mark, limit int64) (rows int64, err error) {
	tag, err := pool.Exec(ctx, `DELETE FROM person_news WHERE ctid = ANY(ARRAY(SELECT ctid FROM person_news
		WHERE tx < pg_snapshot_xmax($1::text::pg_snapshot) AND pg_visible_in_snapshot(tx, $1::text::pg_snapshot) OR tx >= pg_snapshot_xmax(pg_current_snapshot())
		LIMIT $2 FOR UPDATE SKIP LOCKED))`, old.snapshot, limit)
	if err != nil {
		return 0, fmt.Errorf("trim news: %w", err)
	}
	return tag.RowsAffected(), nil
}
