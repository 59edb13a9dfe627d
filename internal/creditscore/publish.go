package creditscore

import (
	"context"
	"slices"
	"time"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/id"
)

// steps are the names of what publishes a score; a pinned one has no model.Step.
var steps = map[model.Step]string{model.First: "first", model.Night: "night", model.Sanction: "sanction", model.Appeal: "appeal"}

var stepsByName = reversed(steps)

const stepPinned = "pinned"

// published is a score as it is stored.
type published struct {
	score    int
	computed int // by the model, before the daily rise
	pinned   bool
	asOf     time.Time // of the run whose inputs it has
	hash     string
	changed  time.Time // when this score was published first
}

// compute is the score that is published at a moment after previous (nil:
// none), from the events of a person until then and the trust of base's run.
// It is pure.
func compute(user id.ID, events []Event, previous *published, base, at time.Time, t model.Trust, c model.Change) (published, string) {
	base = base.In(shanghai)
	in := inputsAt(user, events, base, at)
	p := published{computed: model.Points(in, t, base), asOf: base, hash: model.Hash(in, t, base), changed: at}
	before := 0
	if previous == nil || previous.pinned {
		c.Step = model.First
	}
	if previous != nil {
		before = previous.score
	}
	step := steps[c.Step]
	p.score = model.Next(before, p.computed, c)
	if score, pinned := pinnedAt(events, at); pinned {
		p.score, p.pinned, step = score, true, stepPinned
	}
	if previous != nil && previous.score == p.score {
		p.changed = previous.changed
	}
	return p, step
}

// sanction appends an event that takes effect at once, and publishes what it
// makes of the score. Whoever vouched for the person pays as well.
func (w *writer) sanction(ctx context.Context, e Event) (fresh []Event, err error) {
	row, err := w.lock(ctx, e.User)
	if err != nil {
		return nil, err
	}
	e.At = w.after(row)
	if fresh, err = insertEvents(ctx, w.tx, []Event{e}); err != nil || len(fresh) == 0 {
		return nil, err
	}
	if row != nil {
		if err := w.publish(ctx, e, row, model.Change{Step: model.Sanction}); err != nil {
			return nil, err
		}
	}
	if err := w.notify(ctx, e.User, Notification{Kind: NotePenalty, Data: penaltyNote(e)}); err != nil {
		return nil, err
	}
	if e.Kind == model.Penalised && e.Code != model.VouchedSanctioned {
		more, err := w.sanctionVouchers(ctx, e)
		if err != nil {
			return nil, err
		}
		fresh = append(fresh, more...)
	}
	return fresh, nil
}

// lock locks somebody's published score (nil: there is none yet) and reads the
// clock again.
func (w *writer) lock(ctx context.Context, user id.ID) (*published, error) {
	row, err := lockScore(ctx, w.tx, user)
	if err != nil {
		return nil, err
	}
	return row, w.tick(ctx)
}

// after returns a moment that is later than all that was published of a score.
func (w *writer) after(row *published) time.Time {
	if row == nil {
		return w.now
	}
	return later(w.now, later(row.changed, row.asOf).Add(time.Microsecond))
}

// publish stores what an event, which is stored already, makes of a score that
// is locked.
func (w *writer) publish(ctx context.Context, e Event, previous *published, c model.Change) error {
	t, err := w.s.trustOf(ctx, previous.asOf)
	if err != nil {
		return err
	}
	events, err := readEvents(ctx, w.tx, []id.ID{e.User}, e.At)
	if err != nil {
		return err
	}
	next, step := compute(e.User, events[e.User], previous, previous.asOf, e.At, t, c)
	next.changed = e.At
	if err := storeScore(ctx, w.tx, e.User, next, e.At, step, e.ID); err != nil {
		return err
	}
	w.changed = append(w.changed, e.User)
	return nil
}

// Pin gives people the score that a test wants, or with 0 the model's again.
// Whoever has no score yet gets one.
func (s *Service) Pin(ctx context.Context, users []id.ID, score int) error {
	for chunk := range slices.Chunk(sorted(slices.Clone(users)), chunkSize) {
		if err := s.write(ctx, func(ctx context.Context, w *writer) error { return w.pin(ctx, chunk, score) }); err != nil {
			return err
		}
	}
	return nil
}

// pin is for test users: who is not there yet cannot be locked, so two pins of
// one person at the same moment would be in each other's way.
func (w *writer) pin(ctx context.Context, users []id.ID, score int) error {
	rows, err := lockScores(ctx, w.tx, users)
	if err != nil {
		return err
	}
	if err := w.tick(ctx); err != nil {
		return err
	}
	events, first := make([]Event, len(users)), id.New()
	latest := w.now
	for i, user := range users {
		e := Event{Event: model.Event{ID: first + id.ID(i), User: user, Kind: kindPinned, At: w.after(rows[user])}, Pinned: score, Issuer: ours}
		e.Ref, latest = "pinned:"+e.ID.String(), later(latest, e.At)
		events[i] = e
	}
	if _, err := insertEvents(ctx, w.tx, events); err != nil {
		return err
	}
	all, err := readEvents(ctx, w.tx, users, latest)
	if err != nil {
		return err
	}
	base := w.floor // the last run, or now if there was none
	if base.IsZero() {
		base = w.now
	}
	var b scoreBatch
	for _, e := range events {
		row := rows[e.User]
		if row == nil && score == 0 {
			continue
		}
		from := base
		if row != nil {
			from = row.asOf
		}
		t, err := w.s.trustOf(ctx, from)
		if err != nil {
			return err
		}
		next, _ := compute(e.User, all[e.User], row, from, e.At, t, model.Change{})
		next.changed = e.At
		b.add(e.User, next)
		b.tell(e.User, next, e.At, stepPinned, e.ID)
	}
	w.changed = append(w.changed, b.users...)
	return b.write(ctx, w.tx)
}
