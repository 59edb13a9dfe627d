package model_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/id"
)

// story writes events with rising ids.
type story []model.Event

func (s *story) add(at string, e model.Event) id.ID {
	e.ID, e.User, e.At = id.ID(len(*s)+1), me, date(at)
	*s = append(*s, e)
	return e.ID
}

func (s *story) settled(at string, others ...id.ID) {
	for _, o := range others {
		s.add(at, model.Event{Kind: model.Settled, Other: o})
	}
}

func TestMonthsAreClean(t *testing.T) {
	t.Parallel()
	var s story
	s.settled("2023-10-31", 1, 2, 3)      // before the window
	s.settled("2023-11-30", 4, 4, 4)      // its first month
	s.settled("2024-01-05", 5, 6)         // two only
	s.settled("2024-02-05", 5, 6, 77, me) // himself does not count
	s.settled("2024-03-05", 5, 6, 77)
	s.add("2024-03-09", model.Event{Kind: model.Reversed, Other: 5})
	s.settled("2024-04-05", 5, 6, 77)
	s.add("2024-04-09", model.Event{Kind: model.Penalised, Code: model.ChargebackLost})
	s.settled("2024-05-05", 5, 6, 77)
	wrong := s.add("2024-05-09", model.Event{Kind: model.Penalised, Code: model.ChargebackLost})
	s.settled("2026-11-20", 8, 8, 8) // this month is not complete
	in := model.Fold(s, today())
	if in.CleanMonths != 2 || in.Transactions != 20 || in.Reversals != 1 || len(in.Penalties) != 2 {
		t.Errorf("%d clean months, %d transactions, %d reversals, %v", in.CleanMonths, in.Transactions, in.Reversals, in.Penalties)
	}
	if !slices.Equal(in.Counterparties, []id.ID{4, 5, 6, 8, 77}) {
		t.Errorf("counterparties %v", in.Counterparties)
	}
	s.add("2026-11-21", model.Event{Kind: model.Lifted, Lifts: wrong})
	if in := model.Fold(s, today()); in.CleanMonths != 3 || len(in.Penalties) != 1 {
		t.Errorf("lifted: %d clean months, %v", in.CleanMonths, in.Penalties)
	}
	if in := model.Fold(s, date("2026-11-20")); in.CleanMonths != 2 || len(in.Penalties) != 2 {
		t.Error("the day before knew of the appeal")
	}
	if in := model.Fold(s, date("2026-12-01")); in.CleanMonths != 3 {
		t.Errorf("on the first of the next month: %d", in.CleanMonths)
	}
}

func TestIdentityIsFolded(t *testing.T) {
	t.Parallel()
	var s story
	s.add("2025-01-01", model.Event{Kind: model.Joined})
	s.add("2025-01-02", model.Event{Kind: model.IdentityVerified, Level: 1})
	s.add("2025-01-03", model.Event{Kind: model.IdentityVerified, Level: 2, Until: date("2026-01-03")})
	s.add("2025-01-03", model.Event{Kind: model.IdentityVerified, Level: 9})
	s.add("2025-06-01", model.Event{Kind: model.AttributeVerified, Attribute: model.Student, Until: date("2025-09-01")})
	s.add("2026-03-01", model.Event{Kind: model.IdentityVerified, Level: 3})
	s.add("2026-06-01", model.Event{Kind: model.IdentityRevoked})
	s.add("2026-07-01", model.Event{Kind: model.IdentityVerified, Level: 1})
	s.add("2026-08-01", model.Event{Kind: model.IdentityVerified, Level: 2})
	for at, want := range map[string]struct {
		level   model.Level
		revoked bool
	}{
		"2025-01-02": {1, false}, "2025-02-01": {2, false}, "2026-02-01": {1, false}, "2026-04-01": {3, false},
		"2026-06-01": {0, true}, "2026-07-02": {0, true}, "2026-08-01": {2, false},
	} {
		in := model.Fold(s, date(at))
		if in.LevelAt(date(at)) != want.level || in.Revoked != want.revoked {
			t.Errorf("%s: level %d, revoked %v, want %+v", at, in.LevelAt(date(at)), in.Revoked, want)
		}
	}
	points := func(at string) int {
		return item(t, model.Score(model.Fold(s, date(at)), everybody(), date(at)), "identity_attribute").Points
	}
	if points("2025-08-31") != 10 || points("2025-09-01") != 0 {
		t.Error("the attribute does not end when it ends")
	}
}

func TestContactsAndCrowdsAreFolded(t *testing.T) {
	t.Parallel()
	var s story
	for _, k := range []model.Kind{model.ContactAccepted, model.ContactAnswered, model.ContactEnded, model.ContactAccepted} {
		s.add("2026-01-01", model.Event{Kind: k, Other: 1})
	}
	s.add("2026-01-01", model.Event{Kind: model.ContactAccepted, Other: 2})
	s.add("2026-01-02", model.Event{Kind: model.ContactAnswered, Other: 2})
	s.add("2026-01-02", model.Event{Kind: model.ContactAnswered, Other: 3})
	for _, at := range []string{"2026-01-05", "2026-01-06", "2026-02-01", "2025-10-30", "2026-11-05"} {
		s.add(at, model.Event{Kind: model.Appreciated, Other: 9})
	}
	for _, at := range []string{"2026-11-20", "2026-11-20", "2026-11-21", "2025-11-01"} {
		s.add(at, model.Event{Kind: model.NegativeDay})
	}
	for _, at := range []string{"2025-11-20", "2026-11-20"} {
		s.add(at, model.Event{Kind: model.Vouched, Other: 3})
	}
	in := model.Fold(s, today())
	if !slices.Equal(in.Contacts, []id.ID{2}) {
		t.Errorf("contacts %v", in.Contacts)
	}
	if !slices.Equal(in.Appreciations, []model.Crowd{{Person: 9, Months: 2}}) {
		t.Errorf("appreciations %v: two months, of which each counts once", in.Appreciations)
	}
	swapped := slices.Clone(s)
	swapped[1], swapped[2] = s[2], s[1] // of the same moment, the lower id comes first
	if got := model.Fold(swapped, today()); !reflect.DeepEqual(got, in) {
		t.Errorf("handed over in another order: %+v, want %+v", got, in)
	}
	if in.NegativeDays != 2 || in.VouchesLeft(701) != 4 || in.VouchesLeft(700) != 0 {
		t.Errorf("%d days below zero, %d vouches", in.NegativeDays, in.Vouches)
	}
}

// The order in which events are handed over is nothing, and what is recorded
// later changes no earlier date.
func TestFoldKnowsNoOrderAndNoFuture(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(events(), 0, 80).Draw(t, "events")
		for i := range events {
			events[i].ID = id.ID(i + 1)
		}
		asOf := today().AddDate(0, 0, -rapid.IntRange(0, 1200).Draw(t, "days ago"))
		want := model.Fold(events, asOf)
		shuffled := slices.Clone(events)
		rand.New(rand.NewPCG(1, rapid.Uint64().Draw(t, "shuffle"))).Shuffle(len(shuffled), func(i, j int) {
			shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
		})
		if got := model.Fold(shuffled, asOf); !reflect.DeepEqual(got, want) {
			t.Fatalf("shuffled: %+v, want %+v", got, want)
		}
		past := slices.DeleteFunc(slices.Clone(events), func(e model.Event) bool { return e.At.After(asOf) })
		if got := model.Fold(past, asOf); !reflect.DeepEqual(got, want) {
			t.Fatalf("the future counts: %+v, without it %+v", want, got)
		}
	})
}

func events() *rapid.Generator[model.Event] {
	return rapid.Custom(func(t *rapid.T) model.Event {
		e := model.Event{
			User: me, Kind: model.Kind(rapid.IntRange(0, int(model.ItemRemoved)+1).Draw(t, "kind")), //nolint:gosec // few
			At:    today().AddDate(0, 0, -rapid.OneOf(rapid.IntRange(0, 3), rapid.IntRange(0, 1300)).Draw(t, "days ago")),
			Other: id.ID(rapid.IntRange(5, 15).Draw(t, "other")), Level: model.Level(rapid.IntRange(0, 4).Draw(t, "level")), //nolint:gosec // few
			Attribute: model.Attribute(rapid.IntRange(0, 2).Draw(t, "attribute")), Code: model.ChargebackLost, //nolint:gosec // few
			Lifts: id.ID(rapid.IntRange(1, 80).Draw(t, "lifts")),
		}
		if rapid.Bool().Draw(t, "ends") {
			e.Until = e.At.AddDate(0, 0, rapid.IntRange(1, 400).Draw(t, "days"))
		}
		return e
	})
}
