package creditscore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/id"
)

const scoreColumns = `score, computed, pinned, as_of, inputs_hash, changed_at`

func (p *published) targets() []any {
	return []any{&p.score, &p.computed, &p.pinned, &p.asOf, &p.hash, &p.changed}
}

func lockScore(ctx context.Context, tx pgx.Tx, user id.ID) (*published, error) {
	return oneScore(ctx, tx, `SELECT `+scoreColumns+` FROM scores WHERE user_id = $1 FOR UPDATE`, user)
}

func readScore(ctx context.Context, q querier, user id.ID) (*published, error) {
	return oneScore(ctx, q, `SELECT `+scoreColumns+` FROM scores WHERE user_id = $1`, user)
}

func oneScore(ctx context.Context, q querier, sql string, user id.ID) (*published, error) {
	var p published
	switch err := q.QueryRow(ctx, sql, user).Scan(p.targets()...); {
	case missing(err):
		return nil, nil //nolint:nilnil // nobody's score
	case err != nil:
		return nil, fmt.Errorf("read the score of %s: %w", user, err)
	}
	return &p, nil
}

// lockScores locks the published scores of people in the order of their ids.
func lockScores(ctx context.Context, tx pgx.Tx, users []id.ID) (map[id.ID]*published, error) {
	out := make(map[id.ID]*published, len(users))
	rows, err := tx.Query(ctx, `SELECT user_id, `+scoreColumns+` FROM scores WHERE user_id = ANY($1::bigint[]) ORDER BY user_id FOR UPDATE`, users)
	if err != nil {
		return nil, fmt.Errorf("lock scores: %w", err)
	}
	var (
		user id.ID
		p    published
	)
	_, err = pgx.ForEachRow(rows, append([]any{&user}, p.targets()...), func() error {
		one := p
		out[user] = &one
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("lock scores: %w", err)
	}
	return out, nil
}

// Published hands all published scores to work, so many people at a time and
// each time in a transaction of its own, in the order of their ids.
func (s *Service) Published(ctx context.Context, work func(context.Context, pgx.Tx, map[id.ID]int) error) error {
	for after, n := id.ID(0), chunkSize; n == chunkSize; {
		err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
			rows, err := tx.Query(ctx, `SELECT user_id, score FROM scores WHERE user_id > $1 ORDER BY user_id LIMIT $2`, after, chunkSize)
			if err != nil {
				return err
			}
			scores := make(map[id.ID]int, chunkSize)
			var score int
			if _, err := pgx.ForEachRow(rows, []any{&after, &score}, func() error { scores[after] = score; return nil }); err != nil {
				return err
			}
			n = len(scores)
			return work(ctx, tx, scores)
		})
		if err != nil {
			return outward(fmt.Errorf("read scores: %w", err))
		}
	}
	return nil
}

func storeScore(ctx context.Context, tx pgx.Tx, user id.ID, p published, at time.Time, step string, event id.ID) error {
	b := scoreBatch{}
	b.add(user, p)
	b.tell(user, p, at, step, event)
	return b.write(ctx, tx)
}

// scoreBatch is scores on their way into the tables.
type scoreBatch struct {
	users            []id.ID
	scores, computed []int16
	pinned           []bool
	asOf, changed    []time.Time
	hashes           []string

	told                    []id.ID
	toldAt, toldAsOf        []time.Time
	toldSteps, toldHashes   []string
	toldScores, toldResults []int16
	toldEvents              []id.ID
}

func (b *scoreBatch) add(user id.ID, p published) {
	b.users, b.scores, b.computed = append(b.users, user), append(b.scores, int16(p.score)), append(b.computed, int16(p.computed)) //nolint:gosec // 950 at most
	b.pinned, b.asOf, b.changed, b.hashes = append(b.pinned, p.pinned), append(b.asOf, p.asOf), append(b.changed, p.changed), append(b.hashes, p.hash)
}

// tell adds a line to the history.
func (b *scoreBatch) tell(user id.ID, p published, at time.Time, step string, event id.ID) {
	b.told, b.toldAt, b.toldAsOf, b.toldSteps = append(b.told, user), append(b.toldAt, at), append(b.toldAsOf, p.asOf), append(b.toldSteps, step)
	b.toldScores, b.toldResults = append(b.toldScores, int16(p.score)), append(b.toldResults, int16(p.computed)) //nolint:gosec // 950 at most
	b.toldHashes, b.toldEvents = append(b.toldHashes, p.hash), append(b.toldEvents, event)
}

func (b *scoreBatch) write(ctx context.Context, tx pgx.Tx) error {
	var q pgx.Batch
	if len(b.users) > 0 {
		q.Queue(`INSERT INTO scores (user_id, score, computed, pinned, as_of, model, inputs_hash, changed_at)
			SELECT user_id, score, computed, pinned, as_of, $7, inputs_hash, changed_at
			FROM unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::boolean[], $5::timestamptz[], $6::text[], $8::timestamptz[])
				AS n (user_id, score, computed, pinned, as_of, inputs_hash, changed_at) ORDER BY user_id
			ON CONFLICT (user_id) DO UPDATE SET score = excluded.score, computed = excluded.computed, pinned = excluded.pinned, as_of = excluded.as_of,
				model = excluded.model, inputs_hash = excluded.inputs_hash, changed_at = excluded.changed_at`,
			b.users, b.scores, b.computed, b.pinned, b.asOf, b.hashes, model.Version, b.changed)
	}
	if len(b.told) > 0 {
		q.Queue(`INSERT INTO score_history (user_id, at, step, score, computed, as_of, event_id, model, inputs_hash)
			SELECT user_id, at, step, score, computed, as_of, nullif(event_id, 0), $8, inputs_hash
			FROM unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::smallint[], $5::smallint[], $6::timestamptz[], $7::bigint[], $9::text[])
				AS n (user_id, at, step, score, computed, as_of, event_id, inputs_hash) ORDER BY user_id`,
			b.told, b.toldAt, b.toldSteps, b.toldScores, b.toldResults, b.toldAsOf, b.toldEvents, model.Version, b.toldHashes)
	}
	if err := tx.SendBatch(ctx, &q).Close(); err != nil {
		return fmt.Errorf("write %d scores: %w", len(b.users), err)
	}
	return nil
}
