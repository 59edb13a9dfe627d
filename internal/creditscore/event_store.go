package creditscore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/id"
)

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// readEvents reads the events of people until a moment, by person. Most of a
// night is spent here, so rows are scanned into what needs no reflection.
func readEvents(ctx context.Context, q querier, users []id.ID, until time.Time) (map[id.ID][]Event, error) {
	out := make(map[id.ID][]Event, len(users))
	rows, err := q.Query(ctx, `SELECT user_id, id, kind, at, coalesce(other_id, 0), coalesce(lifts, 0), until, code, coalesce(level, 0), attribute, coalesce(pinned, 0)
		FROM score_events WHERE user_id = ANY($1::bigint[]) AND at <= $2 ORDER BY user_id, id`, users, until)
	if err != nil {
		return nil, fmt.Errorf("read score events: %w", err)
	}
	var r eventRow
	if _, err = pgx.ForEachRow(rows, r.targets(), func() error {
		e := r.event()
		out[e.User] = append(out[e.User], e)
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read score events: %w", err)
	}
	return out, nil
}

// eventRow is a row of score_events while it is read: the texts are valid until
// the next one.
type eventRow struct {
	user, id, other, lifts int64
	kind, code, attribute  pgtype.DriverBytes
	at                     time.Time
	until                  pgtype.Timestamptz
	level, pinned          int16
}

func (r *eventRow) targets() []any {
	return []any{&r.user, &r.id, &r.kind, &r.at, &r.other, &r.lifts, &r.until, &r.code, &r.level, &r.attribute, &r.pinned}
}

func (r *eventRow) event() Event {
	e := Event{Event: model.Event{
		User: id.ID(r.user), ID: id.ID(r.id), Other: id.ID(r.other), Lifts: id.ID(r.lifts), At: r.at, Code: model.Code(r.code),
		Kind: kinds[string(r.kind)], Level: model.Level(r.level), Attribute: attributesByName[string(r.attribute)], //nolint:gosec // 3 at most
	}, Pinned: int(r.pinned)}
	if r.until.Valid {
		e.Until = r.until.Time
	}
	return e
}

// columns are events on their way into the table.
type columns struct {
	users, ids, others, lifts      []id.ID
	kinds, codes, attributes, refs []string
	issuers                        []string
	at                             []time.Time
	until                          []*time.Time
	levels, pinned                 []int16
	byID                           map[id.ID]int
}

func columnsOf(events []Event) *columns {
	c := &columns{byID: make(map[id.ID]int, len(events))}
	for i, e := range events {
		c.byID[e.ID] = i
		c.users, c.ids, c.others, c.lifts = append(c.users, e.User), append(c.ids, e.ID), append(c.others, e.Other), append(c.lifts, e.Lifts)
		c.kinds, c.codes, c.refs, c.issuers = append(c.kinds, kindNames[e.Kind]), append(c.codes, string(e.Code)), append(c.refs, e.Ref), append(c.issuers, e.Issuer)
		attribute := ""
		if e.Kind == model.AttributeVerified || e.Kind == model.AttributeRevoked {
			attribute = attributeNames[e.Attribute]
		}
		c.attributes = append(c.attributes, attribute)
		c.at = append(c.at, e.At)
		var end *time.Time
		if !e.Until.IsZero() {
			end = &e.Until
		}
		c.until = append(c.until, end)
		c.levels, c.pinned = append(c.levels, int16(e.Level)), append(c.pinned, int16(e.Pinned)) //nolint:gosec // 3 and 950 at most
	}
	return c
}

// insertEvents stores events that have ids and times, and returns those that
// were not there yet.
func insertEvents(ctx context.Context, tx pgx.Tx, events []Event) ([]Event, error) {
	if len(events) == 0 {
		return nil, nil
	}
	c := columnsOf(events)
	rows, err := tx.Query(ctx, `INSERT INTO score_events (user_id, id, kind, at, other_id, lifts, until, code, level, attribute, pinned, issuer, ref)
		SELECT user_id, id, kind, at, nullif(other_id, 0), nullif(lifts, 0), until, nullif(code, ''), nullif(level, 0), nullif(attribute, ''), nullif(pinned, 0), issuer, ref
		FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::timestamptz[], $5::bigint[], $6::bigint[], $7::timestamptz[], $8::text[], $9::smallint[],
			$10::text[], $11::smallint[], $12::text[], $13::text[])
			AS n (user_id, id, kind, at, other_id, lifts, until, code, level, attribute, pinned, issuer, ref)
		ON CONFLICT (user_id, issuer, ref) DO NOTHING RETURNING id`,
		c.users, c.ids, c.kinds, c.at, c.others, c.lifts, c.until, c.codes, c.levels, c.attributes, c.pinned, c.issuers, c.refs)
	if err != nil {
		return nil, fmt.Errorf("append score events: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[id.ID])
	if err != nil {
		return nil, fmt.Errorf("append score events: %w", err)
	}
	fresh := make([]Event, 0, len(ids))
	for _, i := range ids {
		fresh = append(fresh, events[c.byID[i]])
	}
	return fresh, nil
}
