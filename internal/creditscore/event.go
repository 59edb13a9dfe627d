package creditscore

import (
	"time"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/id"
)

// ours is the issuer of what our own tables say.
const ours = "lifecircle"

// kindPinned is an event that the model does not know: a test wants a score.
const kindPinned model.Kind = 255

// kinds are the names under which events are stored and sent. They are never
// renamed.
var kinds = map[string]model.Kind{
	"joined": model.Joined, "identity_verified": model.IdentityVerified, "identity_revoked": model.IdentityRevoked,
	"attribute_verified": model.AttributeVerified, "attribute_revoked": model.AttributeRevoked,
	"settled": model.Settled, "reversed": model.Reversed, "obligation_kept": model.ObligationKept, "obligation_broken": model.ObligationBroken,
	"negative_day": model.NegativeDay, "report_upheld": model.ReportUpheld, "item_posted": model.ItemPosted, "appreciated": model.Appreciated,
	"contact_accepted": model.ContactAccepted, "contact_answered": model.ContactAnswered, "contact_ended": model.ContactEnded,
	"penalised": model.Penalised, "vouched": model.Vouched, "lifted": model.Lifted, "item_removed": model.ItemRemoved, "pinned": kindPinned,
}

var kindNames = reversed(kinds)

var attributeNames = map[model.Attribute]string{model.Student: "student", model.Employee: "employee"}

var attributesByName = reversed(attributeNames)

func reversed[K, V comparable](m map[K]V) map[V]K {
	out := make(map[V]K, len(m))
	for k, v := range m {
		out[v] = k
	}
	return out
}

// Event is a score event as it is stored: what the model reads, and who says so.
type Event struct {
	model.Event
	Pinned int    // of a pinned one: the score, 0 for the model's again
	Issuer string // ours, or the name of an issuer
	Ref    string // the issuer's name of it: told twice, it counts once
}

// severe tells whether an event takes effect at once.
func (e Event) severe() bool {
	return e.Kind == model.Penalised || e.Kind == model.IdentityRevoked
}

// appealable tells whether somebody may say that an event is wrong.
func (e Event) appealable() bool {
	switch e.Kind {
	case model.Penalised, model.IdentityRevoked, model.ReportUpheld, model.ItemRemoved, model.ObligationBroken, model.Reversed, model.NegativeDay:
		return true
	default:
		return false
	}
}

// inputsAt folds the events of one person as they stand at a moment between two
// runs: those of the run of base, what is lifted since then left out, and of
// the rest only what takes effect at once.
func inputsAt(user id.ID, events []Event, base, at time.Time) model.Inputs {
	lifted := map[id.ID]bool{}
	for _, e := range events {
		if e.Kind == model.Lifted && e.At.After(base) && !e.At.After(at) {
			lifted[e.Lifts] = true
		}
	}
	folded := make([]model.Event, 0, len(events))
	var since []model.Event
	for _, e := range events {
		switch {
		case lifted[e.ID] || e.At.After(at) || e.Kind == kindPinned:
		case !e.At.After(base):
			folded = append(folded, e.Event)
		case e.severe():
			since = append(since, e.Event)
		}
	}
	in := model.Fold(folded, base)
	in.User = user
	for _, e := range since {
		if e.Kind == model.IdentityRevoked {
			in = in.WithRevoked()
		} else {
			in = in.WithPenalty(model.Penalty{Event: e.ID, Code: e.Code, At: e.At})
		}
	}
	return in
}

// pinnedAt returns the score that a test wants at a moment.
func pinnedAt(events []Event, at time.Time) (score int, pinned bool) {
	var last time.Time
	for _, e := range events {
		if e.Kind == kindPinned && !e.At.After(at) && !e.At.Before(last) {
			score, last = e.Pinned, e.At
		}
	}
	return score, score != 0
}
