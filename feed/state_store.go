package feed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed/policy"
	"lifecircle/internal/id"
)

func (s *Service) readState(ctx context.Context, circle id.ID, viewers []id.ID) (*CircleState, error) {
	var (
		q     pgx.Batch
		ruled bool
		state = &CircleState{s: s}
	)
	q.Queue(`SELECT `+circleColumns+`, c.ruled, clock_timestamp() FROM circles c JOIN circle_counts n ON n.circle_id = c.id WHERE c.id = $1`, circle).
		QueryRow(func(row pgx.Row) error { return row.Scan(append(state.Circle.targets(), &ruled, &state.at)...) })
	state.viewers = queueViewers(&q, circle, viewers)
	queueRecentCounts(&q, circle, &state.Counts)
	err := s.pool.SendBatch(ctx, &q).Close()
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errCircleNotFound
	}
	if err == nil && ruled {
		err = s.addRights(ctx, s.pool, state.viewers)
	}
	if err != nil {
		return nil, fmt.Errorf("read the state of circle %s: %w", circle, err)
	}
	state.Circle.inUTC()
	state.ruling = s.rulingOf(state.Circle, ruled)
	return state, nil
}

// queueViewers reads who these people are in a circle, but for their rights;
// who has no account is left out.
func queueViewers(q *pgx.Batch, circle id.ID, people []id.ID) map[id.ID]policy.Subject {
	out := make(map[id.ID]policy.Subject, len(people))
	if len(people) == 0 {
		return out
	}
	q.Queue(`SELECT u.id, u.banned_at IS NOT NULL, coalesce(m.role, ''), f.user_id IS NOT NULL FROM users u
		LEFT JOIN circle_members m ON m.circle_id = $1 AND m.user_id = u.id
		LEFT JOIN follows f ON f.circle_id = $1 AND f.user_id = u.id WHERE u.id = ANY($2::bigint[])`, circle, people).
		Query(func(rows pgx.Rows) error {
			var (
				user    id.ID
				subject = policy.Subject{SignedIn: true}
			)
			return each(rows, []any{&user, &subject.Banned, &subject.Role, &subject.Follows}, func() { out[user] = subject })
		})
	return out
}

// addRights reads what is verified of the people.
func (s *Service) addRights(ctx context.Context, db sender, people map[id.ID]policy.Subject) error {
	if len(people) == 0 {
		return nil
	}
	var (
		q      pgx.Batch
		at     time.Time
		rights = s.rights.Queue(&q, slices.Sorted(maps.Keys(people)))
	)
	q.Queue("SELECT clock_timestamp()").QueryRow(func(row pgx.Row) error { return row.Scan(&at) })
	if err := db.SendBatch(ctx, &q).Close(); err != nil {
		return err
	}
	for user, feeds := range people {
		subject := rights(user, at)
		subject.SignedIn, subject.Banned, subject.Role, subject.Follows = feeds.SignedIn, feeds.Banned, feeds.Role, feeds.Follows
		people[user] = subject
	}
	return nil
}

func (s *Service) readClosedTo(ctx context.Context, circles []id.ID, people func(id.ID) []id.ID) (map[id.ID][]id.ID, error) {
	var (
		q       pgx.Batch
		at      time.Time
		rulings = s.queueRulings(&q, circles)
		closed  = map[id.ID][]id.ID{}
	)
	q.Queue("SELECT clock_timestamp()").QueryRow(func(row pgx.Row) error { return row.Scan(&at) })
	if err := s.pool.SendBatch(ctx, &q).Close(); err != nil {
		return nil, fmt.Errorf("read the rules of %d circles: %w", len(circles), err)
	}
	for circle, r := range rulings {
		if r.rules.Open(policy.View) {
			continue
		}
		viewers := people(circle)
		subjects, err := s.readSubjects(ctx, s.pool, circle, viewers)
		if err != nil {
			return nil, fmt.Errorf("read who may look into circle %s: %w", circle, err)
		}
		for _, user := range viewers {
			if s.stand(subjects[user], r, at).closed() {
				closed[circle] = append(closed[circle], user)
			}
		}
	}
	return closed, nil
}

// readSubjects reads who these people are in a circle, with their rights.
func (s *Service) readSubjects(ctx context.Context, db sender, circle id.ID, people []id.ID) (map[id.ID]policy.Subject, error) {
	var q pgx.Batch
	subjects := queueViewers(&q, circle, people)
	if err := db.SendBatch(ctx, &q).Close(); err != nil {
		return nil, err
	}
	return subjects, s.addRights(ctx, db, subjects)
}
