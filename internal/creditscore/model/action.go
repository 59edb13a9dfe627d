package model

import (
	"time"

	"lifecircle/internal/id"
)

// Do names something that a user can do for his score.
type Do string

// What can be done. People who come with it are supposed to have median trust.
const (
	Identity2     Do = "identity_level_2"
	Identity3     Do = "identity_level_3"
	AnyAttribute  Do = "identity_attribute"
	VouchedFor    Do = "vouched_for"    // opens the trust gate, if the vouch carries enough
	MoreContacts  Do = "contacts"       // N more, answered
	NewPartners   Do = "counterparties" // a transaction with each of N new people
	KeepPromises  Do = "obligations_kept"
	CleanMonths   Do = "clean_months"
	Appreciation  Do = "conduct_appreciation" // by N more people, in each of 12 months
	Wait          Do = "wait_days"            // penalties and reports fade
	supposedFirst    = -1                     // ids of supposed people, downward
)

// Action is a step of a Path.
type Action struct {
	Do   Do  `json:"do"`
	N    int `json:"n,omitempty"` // how many, or days; 0 where it is done once
	Gain int `json:"gain"`        // points, after the actions before it
}

// effort is what an action costs, in days of somebody's care. It only decides
// which way is called the shortest.
func (a Action) effort() int {
	switch a.Do {
	case CleanMonths:
		return 30 * a.N
	case Appreciation:
		return 12 * a.N
	case MoreContacts, NewPartners, KeepPromises, Wait:
		return a.N
	default:
		return 1
	}
}

// days returns how long it takes until the action counts, and whether that is
// known: one new partner or kept promise a day, months when they are complete.
func (a Action) days(date time.Time) (int, bool) {
	switch a.Do {
	case CleanMonths:
		y, m, d := date.Date()
		begin := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
		return int(time.Date(y, m+time.Month(a.N), 1, 0, 0, 0, 0, time.UTC).Sub(begin) / day), true
	case Appreciation:
		return 365, true
	case NewPartners, KeepPromises, Wait:
		return a.N, true
	default:
		return 0, a.Do != VouchedFor
	}
}

// most is how often an action can be done from where the figures stand.
func (d Do) most(f *figures) int {
	switch d {
	case CleanMonths:
		return windowMonths - f.cleanMonths
	case Appreciation:
		return 150
	case MoreContacts:
		return 10
	case NewPartners:
		return 200
	case KeepPromises:
		return 300
	default:
		return 1
	}
}

// apply does to the figures what Apply does to the inputs.
func (a Action) apply(f *figures) {
	switch a.Do {
	case Identity2:
		f.level, f.revoked = max(f.level, LevelDocument), false
	case Identity3:
		f.level, f.revoked = LevelBank, false
	case AnyAttribute:
		f.attribute = true
	case VouchedFor:
		f.trusted = true
	case MoreContacts:
		f.contacts += contactPoints * float64(a.N)
	case NewPartners:
		f.addCounterparties(a.N)
	case KeepPromises:
		f.kept += a.N
	case CleanMonths:
		f.cleanMonths += a.N
		f.transactions += cleanTransactions * a.N
	case Appreciation:
		f.appreciation += float64(a.N)
	default: // Wait is another date
	}
}

// Apply returns the inputs as they are after the action, to be scored again:
// the proof of its gain. People who come with it get negative ids, which count
// as having median trust. After Wait the inputs are scored a.N days later.
func (a Action) Apply(in Inputs) Inputs {
	switch a.Do {
	case Identity2:
		in.Levels[LevelDocument-1], in.Revoked = never(), false
	case Identity3:
		in.Levels[LevelBank-1], in.Revoked = never(), false
	case AnyAttribute:
		in.Attributes[Student] = never()
	case VouchedFor:
		in.SupposedTrusted = true
	case MoreContacts:
		in.Contacts = suppose(in.Contacts, a.N)
	case NewPartners:
		in.Counterparties = suppose(in.Counterparties, a.N)
		in.Transactions += a.N
	case KeepPromises:
		in.Kept += a.N
	case CleanMonths:
		in.CleanMonths += a.N
		in.Transactions += cleanTransactions * a.N
	case Appreciation:
		for i := range a.N {
			in.Appreciations = append(in.Appreciations[:len(in.Appreciations):len(in.Appreciations)], Crowd{id.ID(supposedFirst - i), appreciationMonths})
		}
	default: // Wait is another date
	}
	return in
}

func suppose(people []id.ID, n int) []id.ID {
	people = people[:len(people):len(people)]
	for i := range n {
		people = append(people, id.ID(supposedFirst-i))
	}
	return people
}
