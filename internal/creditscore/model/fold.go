package model

import (
	"cmp"
	"slices"
	"time"

	"lifecircle/internal/id"
)

const (
	windowMonths       = 36 // of transactions, obligations and items
	appreciationMonths = 12
	negativeDays       = 365
	vouchDays          = 365
	cleanTransactions  = 3 // settled in a month, at least
	day                = 24 * time.Hour
)

// never is the end of what does not end.
func never() time.Time { return time.Unix(1<<40, 0).UTC() }

// Fold counts a user's events as they stood at asOf; later ones are left out.
// Months and days are those of asOf's location. The order of the events does
// not matter but for those of the same moment, which count in the order of
// their ids.
func Fold(events []Event, asOf time.Time) Inputs {
	f := fold{asOf: asOf}
	f.calendar()
	ordered := func(a, b Event) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) }
	if !slices.IsSortedFunc(events, ordered) {
		events = slices.SortedFunc(slices.Values(events), ordered)
	}
	end, _ := slices.BinarySearchFunc(events, asOf, func(e Event, t time.Time) int {
		if e.At.After(t) {
			return 1
		}
		return -1
	})
	events = events[:end]
	for i := range events {
		if events[i].Kind == Lifted {
			f.lifted = append(f.lifted, events[i].Lifts)
		}
	}
	for i := range events {
		if e := &events[i]; !slices.Contains(f.lifted, e.ID) {
			f.in.User = e.User
			f.add(e)
		}
	}
	return f.finish()
}

type fold struct {
	asOf   time.Time
	months [windowMonths + 1]int64 // when each complete month began, and the current one; Unix seconds
	lifted []id.ID

	settled  [windowMonths]int
	spoiled  [windowMonths]bool
	negative []int64 // days
	crowd    []appreciation
	contacts map[id.ID]contact
	in       Inputs
}

type contact struct{ accepted, answered bool }

type appreciation struct {
	person id.ID
	month  int
}

func (f *fold) calendar() {
	y, m, _ := f.asOf.Date()
	for i := range f.months {
		f.months[i] = time.Date(y, m-windowMonths+time.Month(i), 1, 0, 0, 0, 0, f.asOf.Location()).Unix()
	}
}

// month returns the complete month of a moment, from 0; windowMonths for the
// current one and -1 for what is before the window.
func (f *fold) month(at time.Time) int {
	i, exact := slices.BinarySearch(f.months[:], at.Unix())
	if exact {
		return i
	}
	return i - 1
}

func (f *fold) add(e *Event) {
	switch e.Kind {
	case Settled, Reversed, ObligationKept, ObligationBroken, ItemPosted, Appreciated:
		if m := f.month(e.At); m >= 0 && e.Other != e.User {
			f.count(e, m)
		}
	case ContactAccepted, ContactAnswered, ContactEnded:
		f.contact(e)
	case Penalised:
		if e.Code.points() > 0 {
			f.in.Penalties = append(f.in.Penalties, Penalty{e.ID, e.Code, e.At})
			f.spoil(e.At)
		}
	case ReportUpheld:
		f.in.Reports = append(f.in.Reports, e.At)
	case ItemRemoved:
		if e.Other != e.User {
			f.in.Removals = append(f.in.Removals, Removal{e.Other, e.At})
		}
	case NegativeDay:
		if f.asOf.Sub(e.At) < negativeDays*day {
			f.negative = append(f.negative, dayNumber(e.At.In(f.asOf.Location())))
		}
	case Vouched:
		if f.asOf.Sub(e.At) < vouchDays*day {
			f.in.Vouches++
		}
	default:
		f.person(e)
	}
}

// count adds what is counted in the window of 36 months.
func (f *fold) count(e *Event, month int) {
	switch e.Kind {
	case Settled:
		f.in.Transactions++
		f.in.Counterparties = append(f.in.Counterparties, e.Other)
		if month < windowMonths {
			f.settled[month]++
		}
	case Reversed:
		f.in.Reversals++
		f.spoil(e.At)
	case ObligationKept:
		f.in.Kept++
	case ObligationBroken:
		f.in.Broken++
	case ItemPosted:
		f.in.Items++
	default: // Appreciated
		if month >= windowMonths-appreciationMonths && month < windowMonths {
			f.crowd = append(f.crowd, appreciation{e.Other, month})
		}
	}
}

func (f *fold) spoil(at time.Time) {
	if m := f.month(at); m >= 0 && m < windowMonths {
		f.spoiled[m] = true
	}
}

// person adds what is known of who somebody is.
func (f *fold) person(e *Event) {
	until := e.Until
	if until.IsZero() {
		until = never()
	}
	switch e.Kind {
	case Joined:
		f.in.Joined = e.At
	case IdentityVerified:
		if e.Level < 1 || e.Level > LevelBank {
			return
		}
		f.in.Levels[e.Level-1] = until
		f.in.Revoked = f.in.Revoked && e.Level < LevelDocument
	case IdentityRevoked:
		f.in.Levels, f.in.Revoked = [LevelBank]time.Time{}, true
	case AttributeVerified:
		if e.Attribute < attributes {
			f.in.Attributes[e.Attribute] = until
		}
	case AttributeRevoked:
		if e.Attribute < attributes {
			f.in.Attributes[e.Attribute] = time.Time{}
		}
	default: // Lifted has been read before, and an unknown kind counts for nothing
	}
}

func (f *fold) contact(e *Event) {
	if e.Other == e.User {
		return
	}
	if f.contacts == nil {
		f.contacts = map[id.ID]contact{}
	}
	c := f.contacts[e.Other]
	switch e.Kind {
	case ContactAccepted:
		c.accepted = true
	case ContactAnswered:
		c.answered = true
	default:
		c = contact{} // ended: both must happen again
	}
	f.contacts[e.Other] = c
}

func (f *fold) finish() Inputs {
	for m, n := range f.settled {
		if n >= cleanTransactions && !f.spoiled[m] {
			f.in.CleanMonths++
		}
	}
	slices.Sort(f.in.Counterparties)
	f.in.Counterparties = slices.Compact(f.in.Counterparties)
	slices.Sort(f.negative)
	f.in.NegativeDays = len(slices.Compact(f.negative))
	for other, c := range f.contacts {
		if c.accepted && c.answered {
			f.in.Contacts = append(f.in.Contacts, other)
		}
	}
	slices.Sort(f.in.Contacts)
	f.appreciations()
	return f.in
}

// appreciations turns who appreciated in which month into how many months each did.
func (f *fold) appreciations() {
	slices.SortFunc(f.crowd, func(a, b appreciation) int {
		return cmp.Or(cmp.Compare(a.person, b.person), cmp.Compare(a.month, b.month))
	})
	for i, a := range slices.Compact(f.crowd) {
		if last := len(f.in.Appreciations) - 1; i > 0 && f.in.Appreciations[last].Person == a.person {
			f.in.Appreciations[last].Months++
			continue
		}
		f.in.Appreciations = append(f.in.Appreciations, Crowd{a.person, 1})
	}
}

// dayNumber numbers the days of a calendar.
func dayNumber(t time.Time) int64 {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / int64(day/time.Second)
}
