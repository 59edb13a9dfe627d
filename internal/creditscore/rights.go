package creditscore

import (
	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
)

// Score is a published score.
type Score struct {
	Value int // 350 to 950
}

// Points returns the score, and 0 and false for somebody who has none yet:
// (*Score)(nil) is his.
func (s *Score) Points() (int, bool) {
	if s == nil {
		return 0, false
	}
	return s.Value, true
}

// QueueScores queues the reading of these people's published scores, in one
// statement by key. The map is filled when the batch is read; who has no score
// yet is not in it. Nothing is locked: a score that falls while a transaction is
// under way may still count in that one.
func QueueScores(q *pgx.Batch, users []id.ID) map[id.ID]*Score {
	into := make(map[id.ID]*Score, len(users))
	if len(users) == 0 {
		return into
	}
	q.Queue(`SELECT user_id, score FROM scores WHERE user_id = ANY($1::bigint[])`, users).Query(func(rows pgx.Rows) error {
		var (
			user  id.ID
			value int
		)
		_, err := pgx.ForEachRow(rows, []any{&user, &value}, func() error {
			into[user] = &Score{Value: value}
			return nil
		})
		return err
	})
	return into
}
