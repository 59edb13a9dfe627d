package feed

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed/policy"
	"lifecircle/internal/id"
)

func (s *Service) readState(ctx context.Context, circle id.ID, viewers []id.ID) (*CircleState, error) {
	var (
		q     pgx.Batch
		state = &CircleState{viewers: make(map[id.ID]policy.Subject, len(viewers))}
	)
	q.Queue(`SELECT `+circleColumns+` FROM circles c JOIN circle_counts n ON n.circle_id = c.id WHERE c.id = $1`, circle).
		QueryRow(func(row pgx.Row) error { return row.Scan(state.Circle.targets()...) })
	queueViewers(&q, circle, viewers, state.viewers)
	queueRecentCounts(&q, circle, &state.Counts)
	err := s.pool.SendBatch(ctx, &q).Close()
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errCircleNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read the state of circle %s: %w", circle, err)
	}
	state.Circle.inUTC()
	return state, nil
}

// queueViewers reads who these people are in a circle; who has no account is
// left out.
func queueViewers(q *pgx.Batch, circle id.ID, people []id.ID, into map[id.ID]policy.Subject) {
	if len(people) == 0 {
		return
	}
	q.Queue(`SELECT u.id, u.banned_at IS NOT NULL, coalesce(m.role, '') FROM users u
		LEFT JOIN circle_members m ON m.circle_id = $1 AND m.user_id = u.id WHERE u.id = ANY($2::bigint[])`, circle, people).
		Query(func(rows pgx.Rows) error {
			var (
				user    id.ID
				subject = policy.Subject{SignedIn: true}
			)
			return each(rows, []any{&user, &subject.Banned, &subject.Role}, func() { into[user] = subject })
		})
}
