package circlelog

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
)

// Heads are the ends of some circles' logs, locked by one transaction. They
// are the last rows a transaction locks, so that a hot circle is held shortest.
// A Heads belongs to one goroutine.
type Heads struct {
	byCircle map[id.ID]*head
	events   []Event
}

type head struct {
	circle id.ID
	Position
	lastID  id.ID
	changed bool
}

// Lock queues the statement that locks and reads the heads of the circles, in
// the order of their ids. A circle without a head does not exist.
func Lock(b *pgx.Batch, circles []id.ID) *Heads {
	h := &Heads{byCircle: make(map[id.ID]*head, len(circles))}
	if len(circles) == 0 {
		return h
	}
	b.Queue(`SELECT circle_id, epoch, head_offset, last_id FROM circle_heads
		WHERE circle_id = ANY($1::bigint[]) ORDER BY circle_id FOR UPDATE`, circles).
		Query(func(rows pgx.Rows) error {
			var (
				one           head
				circle, epoch = &one.circle, &one.Epoch
			)
			_, err := pgx.ForEachRow(rows, []any{circle, epoch, &one.Offset, &one.lastID}, func() error {
				locked := one
				h.byCircle[one.circle] = &locked
				return nil
			})
			return err
		})
	return h
}

// Has tells whether the circle exists and is locked here.
func (h *Heads) Has(circle id.ID) bool { return h.byCircle[circle] != nil }

// NextID gives the circle's next id for a post or comment made at the time:
// higher than all before it, so that pages by id are in commit order.
func (h *Heads) NextID(circle id.ID, at time.Time) id.ID {
	e := h.byCircle[circle]
	e.lastID = id.Next(e.lastID, at)
	e.changed = true
	return e.lastID
}

// Append adds an event with the next offset. Data is one line of JSON, kept
// until Write. The circle must be locked here.
func (h *Heads) Append(circle id.ID, data []byte) Event {
	e := h.byCircle[circle]
	e.Offset++
	e.changed = true
	event := Event{Circle: circle, Offset: e.Offset, Epoch: e.Epoch, Data: data}
	h.events = append(h.events, event)
	return event
}

// Events returns what was appended, in order. They may be told to others once
// the transaction has committed, not before.
func (h *Heads) Events() []Event { return h.events }

// Write queues the statements that store what was appended and the new heads.
func (h *Heads) Write(b *pgx.Batch) {
	if len(h.events) > 0 {
		circles, offsets, data := make([]id.ID, 0, len(h.events)), make([]uint64, 0, len(h.events)), make([]string, 0, len(h.events))
		for _, e := range h.events {
			circles, offsets, data = append(circles, e.Circle), append(offsets, e.Offset), append(data, string(e.Data))
		}
		b.Queue(`INSERT INTO circle_events (circle_id, "offset", data)
			SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[])`, circles, offsets, data)
	}
	var changed []*head
	for _, e := range h.byCircle {
		if e.changed {
			changed = append(changed, e)
		}
	}
	if len(changed) == 0 {
		return
	}
	slices.SortFunc(changed, func(a, b *head) int { return cmp.Compare(a.circle, b.circle) })
	circles, offsets, ids := make([]id.ID, 0, len(changed)), make([]uint64, 0, len(changed)), make([]id.ID, 0, len(changed))
	for _, e := range changed {
		circles, offsets, ids = append(circles, e.circle), append(offsets, e.Offset), append(ids, e.lastID)
	}
	b.Queue(`UPDATE circle_heads h SET head_offset = n.head_offset, last_id = n.last_id
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS n (circle_id, head_offset, last_id)
		WHERE h.circle_id = n.circle_id`, circles, offsets, ids)
}

// Create gives a new circle its empty log, with an epoch of its own.
func Create(ctx context.Context, tx pgx.Tx, circle id.ID) error {
	if _, err := tx.Exec(ctx, `INSERT INTO circle_heads (circle_id, epoch) VALUES ($1, $2)`, circle, newEpoch()); err != nil {
		return fmt.Errorf("create the log of circle %s: %w", circle, err)
	}
	return nil
}

// Append locks one circle's head and appends one event, for changes that are
// too rare to be grouped. The head must be the last thing tx locks.
func Append(ctx context.Context, tx pgx.Tx, circle id.ID, data []byte) (Event, error) {
	var lock, write pgx.Batch
	heads := Lock(&lock, []id.ID{circle})
	if err := tx.SendBatch(ctx, &lock).Close(); err != nil {
		return Event{}, fmt.Errorf("lock the head of circle %s: %w", circle, err)
	}
	if !heads.Has(circle) {
		return Event{}, fmt.Errorf("circle %s has no log", circle)
	}
	event := heads.Append(circle, data)
	heads.Write(&write)
	if err := tx.SendBatch(ctx, &write).Close(); err != nil {
		return Event{}, fmt.Errorf("append to the log of circle %s: %w", circle, err)
	}
	return event, nil
}
