package creditscore

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/creditscore/trust"
	"lifecircle/internal/id"
)

const livingLinks = `FROM trust_links WHERE since <= $1 AND (ended_at IS NULL OR ended_at > $1)`

// readOlderThanTheirIDs finds accounts whose ids were given since a moment though
// they have been there before: who moved in from elsewhere, and demo people.
func (s *Service) readOlderThanTheirIDs(ctx context.Context, since time.Time) (map[id.ID]bool, error) {
	rows, err := s.pool.Query(ctx, `SELECT id FROM users WHERE id >= $1 AND created_at < $2`, id.First(since), since)
	if err != nil {
		return nil, fmt.Errorf("read who is older than his id: %w", err)
	}
	var (
		user  id.ID
		older = map[id.ID]bool{}
	)
	_, err = pgx.ForEachRow(rows, []any{&user}, func() error { older[user] = true; return nil })
	return older, err
}

// readLinks reads the links of a moment twice, so that they are held once: 12
// bytes each, and 8 for each person.
func (s *Service) readLinks(ctx context.Context, asOf time.Time) (links []trust.Link, people []id.ID, err error) {
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = 0`); err != nil {
			return err
		}
		var a, b id.ID
		rows, err := tx.Query(ctx, `SELECT a, b `+livingLinks, asOf)
		if err != nil {
			return err
		}
		distinct := 1 << 16
		if _, err = pgx.ForEachRow(rows, []any{&a, &b}, func() error {
			if people = append(people, a, b); len(people) > 2*distinct {
				people = sorted(people)
				distinct = max(distinct, len(people))
			}
			return nil
		}); err != nil {
			return err
		}
		people = sorted(people)
		var kind uint8
		if rows, err = tx.Query(ctx, `SELECT a, b, kind `+livingLinks, asOf); err != nil {
			return err
		}
		_, err = pgx.ForEachRow(rows, []any{&a, &b, &kind}, func() error {
			i, _ := slices.BinarySearch(people, a)
			j, _ := slices.BinarySearch(people, b)
			links = append(links, trust.Link{A: trust.Node(i), B: trust.Node(j), Kind: trust.Kind(kind)}) //nolint:gosec // trust.Build bounds them
			return nil
		})
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read links of trust: %w", err)
	}
	return links, people, nil
}

func sorted(people []id.ID) []id.ID {
	slices.Sort(people)
	return slices.Compact(people)
}

func (s *Service) readChecked(ctx context.Context, asOf time.Time) ([]checked, error) {
	rows, err := s.pool.Query(ctx, `SELECT DISTINCT ON (user_id) user_id, community, may_seed FROM trust_seeds
		WHERE since <= $1 AND (ended_at IS NULL OR ended_at > $1) ORDER BY user_id, since DESC`, asOf)
	if err != nil {
		return nil, fmt.Errorf("read the hand-checked: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c checked, err error) {
		return c, row.Scan(&c.user, &c.community, &c.maySeed)
	})
	if err != nil {
		return nil, fmt.Errorf("read the hand-checked: %w", err)
	}
	return all, nil
}

// storeTrust stores the table of a run that this node has claimed, and lets
// those of older runs go.
func (s *Service) storeTrust(ctx context.Context, asOf time.Time, t *trustTable) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM trust_values WHERE as_of = $1 OR as_of NOT IN (SELECT as_of FROM score_runs ORDER BY as_of DESC LIMIT $2)`,
			asOf, tablesKept); err != nil {
			return err
		}
		var pieces [][]any
		for from := 0; from < len(t.people); from += pieceSize {
			to := min(from+pieceSize, len(t.people))
			people, shares := make([]byte, 0, 8*(to-from)), make([]byte, 0, 4*(to-from))
			for i := from; i < to; i++ {
				people = binary.BigEndian.AppendUint64(people, uint64(t.people[i])) //nolint:gosec // bits
				shares = binary.BigEndian.AppendUint32(shares, math.Float32bits(t.shares[i]))
			}
			pieces = append(pieces, []any{asOf, from / pieceSize, people, shares})
		}
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{"trust_values"}, []string{"as_of", "position", "people", "shares"}, pgx.CopyFromRows(pieces)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE score_runs SET trust_name = $2, people = $3, links = $4, median = $5, threshold = $6, near = $7
			WHERE as_of = $1 AND trust_name IS NULL`,
			asOf, t.name, len(t.people), t.links, finite(t.scale.Median), finite(t.scale.Threshold), finite(t.scale.Near))
		return err
	})
	if err != nil {
		return fmt.Errorf("store the trust of %s: %w", asOf, err)
	}
	return nil
}

// finite is nil for what nobody reaches.
func finite(v float32) *float32 {
	if math.IsInf(float64(v), 0) {
		return nil
	}
	return &v
}

func orInfinite(v *float32) float32 {
	if v == nil {
		return float32(math.Inf(1))
	}
	return *v
}

// loadTrust reads a stored table; nil: it is not stored (any more). known is the
// name that it had, empty if that moment was no run.
func (s *Service) loadTrust(ctx context.Context, asOf time.Time) (t *trustTable, known string, err error) {
	var (
		median, threshold, near *float32
		name                    *string
		people                  *int
	)
	switch err := s.pool.QueryRow(ctx, `SELECT trust_name, median, threshold, near, people FROM score_runs WHERE as_of = $1`, asOf).
		Scan(&name, &median, &threshold, &near, &people); {
	case missing(err):
		return nil, "", nil
	case err != nil:
		return nil, "", fmt.Errorf("read the run of %s: %w", asOf, err)
	case name == nil:
		return nil, "", nil
	}
	t = &trustTable{name: *name, scale: trust.Scale{Median: orInfinite(median), Threshold: orInfinite(threshold), Near: orInfinite(near)}}
	rows, err := s.pool.Query(ctx, `SELECT people, shares FROM trust_values WHERE as_of = $1 ORDER BY position`, asOf)
	if err != nil {
		return nil, "", fmt.Errorf("read the trust of %s: %w", asOf, err)
	}
	var ids, shares []byte
	if _, err := pgx.ForEachRow(rows, []any{&ids, &shares}, func() error {
		for i := range len(shares) / 4 {
			t.people = append(t.people, id.ID(binary.BigEndian.Uint64(ids[8*i:]))) //nolint:gosec // bits
			t.shares = append(t.shares, math.Float32frombits(binary.BigEndian.Uint32(shares[4*i:])))
		}
		return nil
	}); err != nil {
		return nil, "", fmt.Errorf("read the trust of %s: %w", asOf, err)
	}
	if len(t.people) != *people {
		return nil, *name, nil
	}
	return t, *name, nil
}

// link makes links of what events tell: transactions in both directions. The
// caller has stored the events.
func (w *writer) link(ctx context.Context, fresh []Event) error {
	type pair struct{ a, b id.ID }
	type span struct{ first, last [2]*time.Time } // of what a received, and b
	pairs := map[pair]*span{}
	for i := range fresh {
		e := &fresh[i]
		if e.Kind != model.Settled || e.Other <= 0 || e.Other == e.User {
			continue
		}
		p := pair{min(e.User, e.Other), max(e.User, e.Other)}
		side := 0
		if e.User == p.b {
			side = 1
		}
		s := pairs[p]
		if s == nil {
			s = &span{}
			pairs[p] = s
		}
		if s.first[side] == nil || e.At.Before(*s.first[side]) {
			s.first[side] = &e.At
		}
		if s.last[side] == nil || e.At.After(*s.last[side]) {
			s.last[side] = &e.At
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	var (
		a, b                         []id.ID
		aFirst, aLast, bFirst, bLast []*time.Time
	)
	for p, s := range pairs {
		a, b = append(a, p.a), append(b, p.b)
		aFirst, aLast, bFirst, bLast = append(aFirst, s.first[0]), append(aLast, s.last[0]), append(bFirst, s.first[1]), append(bLast, s.last[1])
	}
	_, err := w.tx.Exec(ctx, `WITH met AS (
			INSERT INTO trust_pairs AS p (a, b, a_first, a_last, b_first, b_last)
			SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[])
				AS n (a, b, a_first, a_last, b_first, b_last) ORDER BY n.a, n.b
			ON CONFLICT (a, b) DO UPDATE SET a_first = least(p.a_first, excluded.a_first), a_last = greatest(p.a_last, excluded.a_last),
				b_first = least(p.b_first, excluded.b_first), b_last = greatest(p.b_last, excluded.b_last)
			RETURNING a, b, a_first, a_last, b_first, b_last)
		INSERT INTO trust_links (a, b, kind, since)
		SELECT a, b, $7, $8 FROM met WHERE a_first IS NOT NULL AND b_first IS NOT NULL
			AND greatest(a_last, b_last) - least(a_first, b_first) >= interval '30 days'
		ON CONFLICT (a, b, kind) WHERE ended_at IS NULL DO NOTHING`,
		a, b, aFirst, aLast, bFirst, bLast, int16(trust.TwoWayTransaction), w.now)
	if err != nil {
		return fmt.Errorf("tie people by transactions: %w", err)
	}
	return nil
}

// tie makes a link of two people from now on.
func (w *writer) tie(ctx context.Context, a, b id.ID, kind trust.Kind) error {
	_, err := w.tx.Exec(ctx, `INSERT INTO trust_links (a, b, kind, since) VALUES ($1, $2, $3, $4)
		ON CONFLICT (a, b, kind) WHERE ended_at IS NULL DO NOTHING`, min(a, b), max(a, b), int16(kind), w.now)
	if err != nil {
		return fmt.Errorf("tie %s and %s: %w", a, b, err)
	}
	return nil
}

// untie ends a link of two people, if there is one.
func (w *writer) untie(ctx context.Context, a, b id.ID, kind trust.Kind) error {
	_, err := w.tx.Exec(ctx, `UPDATE trust_links SET ended_at = $4 WHERE a = $1 AND b = $2 AND kind = $3 AND ended_at IS NULL`,
		min(a, b), max(a, b), int16(kind), w.now)
	if err != nil {
		return fmt.Errorf("untie %s and %s: %w", a, b, err)
	}
	return nil
}

// Check notes that staff has checked a person by hand, from the next run on. The
// newest note about a person counts.
func (s *Service) Check(ctx context.Context, c Checked) error {
	return s.write(ctx, func(ctx context.Context, w *writer) error {
		if _, err := readPerson(ctx, w.tx, c.User); err != nil {
			return err
		}
		_, err := w.tx.Exec(ctx, `INSERT INTO trust_seeds (user_id, community, may_seed, since) VALUES ($1, $2, $3, $4)`, c.User, c.Community, c.MaySeed, w.now)
		if err != nil {
			return fmt.Errorf("note that somebody was checked: %w", err)
		}
		return nil
	})
}
