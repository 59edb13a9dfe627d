package creditscore

import (
	"context"
	"time"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/problem"
	"lifecircle/internal/text"
)

// MaxAppealGraphemes bounds what an appeal and its decision say.
const MaxAppealGraphemes = 2000

// Appeal is somebody's word against an event of his score.
type Appeal struct {
	ID        id.ID      `json:"id"`
	EventID   id.ID      `json:"event_id"`
	Kind      string     `json:"kind" doc:"of the event"`
	Code      string     `json:"code,omitempty" doc:"of a penalty"`
	Text      string     `json:"text"`
	State     string     `json:"state" enum:"open,upheld,dismissed"`
	Note      string     `json:"note,omitempty" doc:"what the decision says"`
	CreatedAt time.Time  `json:"created_at"`
	DecidedAt *time.Time `json:"decided_at"`

	User id.ID `json:"-"`
}

// MakeAppeal says that an event is wrong. It fails with EventNotFound,
// AlreadyAppealed or a problem of the text.
func (s *Service) MakeAppeal(ctx context.Context, user, event id.ID, words, key string) (Appeal, error) {
	words, err := text.Body("body.text", words, MaxAppealGraphemes)
	if err != nil {
		return Appeal{}, err
	}
	req, err := idempotency.NewRequest(user, key, "appeal", event, words)
	if err != nil {
		return Appeal{}, err
	}
	return once(ctx, s, req, func(ctx context.Context, w *writer) (Appeal, error) { return w.makeAppeal(ctx, user, event, words) })
}

func (w *writer) makeAppeal(ctx context.Context, user, event id.ID, words string) (a Appeal, err error) {
	e, err := readEvent(ctx, w.tx, user, event)
	if err != nil {
		return a, err
	}
	if e == nil || !e.appealable() {
		return a, problem.New(problem.EventNotFound, "There is no event of your score by this name that can be appealed.")
	}
	a = Appeal{
		ID: id.New(), EventID: event, Kind: kindNames[e.Kind], Code: string(e.Code), Text: words, State: "open", CreatedAt: w.now, User: user,
	}
	fresh, err := storeAppeal(ctx, w.tx, a)
	if err == nil && !fresh {
		return a, problem.New(problem.AlreadyAppealed, "You have appealed against this already.")
	}
	return a, err
}

// Decide ends an appeal. One that is upheld takes away all that the event does,
// at once, and what it did to those who vouched for the person. It fails with
// AppealNotFound, also for one that is decided.
func (s *Service) Decide(ctx context.Context, appeal id.ID, uphold bool, note string) (a Appeal, err error) {
	err = s.write(ctx, func(ctx context.Context, w *writer) error {
		a, err = lockAppeal(ctx, w.tx, appeal)
		if err != nil {
			return err
		}
		a.State, a.Note = "dismissed", note
		if uphold {
			a.State = "upheld"
			if err := w.liftAll(ctx, a.User, a.EventID); err != nil {
				return err
			}
		}
		now := w.now
		a.DecidedAt = &now
		if err := endAppeal(ctx, w.tx, a); err != nil {
			return err
		}
		return w.notify(ctx, a.User, Notification{Kind: NoteAppeal, Data: NoteData{Event: &a.EventID, Decision: a.State, Note: note}})
	})
	return a, err
}

// liftAll lifts an event, and what it did to vouchers.
func (w *writer) liftAll(ctx context.Context, user, event id.ID) error {
	if err := w.lift(ctx, user, event); err != nil {
		return err
	}
	vouchers, err := readVouchers(ctx, w.tx, user)
	if err != nil {
		return err
	}
	lifts := make([]lift, len(vouchers))
	for i, voucher := range vouchers {
		lifts[i] = lift{user: voucher, ref: vouchedRef(event)}
	}
	found, err := findOurs(ctx, w.tx, lifts)
	if err != nil {
		return err
	}
	for _, l := range lifts {
		if e, ok := found[liftKey{l.user, l.ref}]; ok {
			if err := w.lift(ctx, l.user, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// lift takes away what an event does, and publishes the score without it: as
// high as it was before the event, at most.
func (w *writer) lift(ctx context.Context, user, event id.ID) error {
	row, err := w.lock(ctx, user)
	if err != nil {
		return err
	}
	e, err := readEvent(ctx, w.tx, user, event)
	if err != nil || e == nil {
		return err
	}
	up := Event{
		Event:  model.Event{ID: id.New(), User: user, Kind: model.Lifted, Lifts: event, At: w.after(row)},
		Issuer: ours, Ref: "lifted:" + event.String(),
	}
	fresh, err := insertEvents(ctx, w.tx, []Event{up})
	if err != nil || len(fresh) == 0 || row == nil {
		return err
	}
	before, err := scoreBefore(ctx, w.tx, user, e.At)
	if err != nil {
		return err
	}
	return w.publish(ctx, up, row, model.Change{Step: model.Appeal, Before: before})
}

// Appeals returns the open ones, oldest first, for those who decide.
func (s *Service) Appeals(ctx context.Context, limit int) ([]Appeal, error) {
	all, err := readAppeals(ctx, s.pool, `state = 'open' ORDER BY a.id LIMIT $1`, limit)
	return all, outward(err)
}
