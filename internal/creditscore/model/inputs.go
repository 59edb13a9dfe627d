package model

import (
	"time"

	"lifecircle/internal/id"
)

// Inputs is all that a score is made of, as Fold counts it at a moment. There
// is no trait of a person and no amount of money in it, and no trust: that is
// looked up by Score. Lists are in rising order.
type Inputs struct {
	User   id.ID
	Joined time.Time // zero: has not

	Revoked    bool                  // the identity, at once
	Levels     [LevelBank]time.Time  // until when level i+1 is verified; zero: it is not
	Attributes [attributes]time.Time // the same

	CleanMonths    int     // of the last 36 complete months
	Transactions   int     // these and what follows in the last 36 months and today's
	Reversals      int     //
	Counterparties []id.ID // distinct
	Kept, Broken   int     // obligations
	Items          int     // posted

	NegativeDays  int         // in the last 365 days
	Reports       []time.Time // upheld, when
	Removals      []Removal   // of items, by moderators
	Appreciations []Crowd     // of the last 12 complete months
	Contacts      []id.ID     // accepted and answered, not ended
	Penalties     []Penalty   // in the order of their events
	Vouches       int         // given in the last 365 days; counts for VouchesLeft only

	// SupposedTrusted is set by Action.Apply only: the trust gate is taken as open.
	SupposedTrusted bool
}

// Crowd is somebody who appreciated what the user does, in so many months.
type Crowd struct {
	Person id.ID
	Months int
}

// Removal is an item that a moderator took away. It counts as an upheld report,
// as far as the moderator is trusted: anybody can open a circle and moderate it.
type Removal struct {
	By id.ID
	At time.Time
}

// Penalty is one that has not been lifted.
type Penalty struct {
	Event id.ID
	Code  Code
	At    time.Time
}

// LevelAt returns the highest level that is verified at a moment.
func (in Inputs) LevelAt(at time.Time) Level {
	for l := LevelBank; l > 0 && !in.Revoked; l-- {
		if at.Before(in.Levels[l-1]) {
			return l
		}
	}
	return 0
}

// attributeAt tells whether any attribute is valid at a moment.
func (in Inputs) attributeAt(at time.Time) bool {
	for _, until := range in.Attributes {
		if at.Before(until) {
			return true
		}
	}
	return false
}

// VouchesLeft returns for how many people somebody with this score may still
// vouch: 5 in 365 days, and none at 700 or below (section 4).
func (in Inputs) VouchesLeft(score int) int {
	if score <= SuperGood {
		return 0
	}
	return max(0, 5-in.Vouches)
}

// Trust is what Score looks up: how well people are tied to known humans.
type Trust struct {
	// Run names the table that the values come from, such as by its digest. It
	// enters the hash of the inputs; the values do not, or the hash of somebody
	// with few of them would tell them.
	Run string
	// Of returns somebody's trust in relation to the median of the reference,
	// and 0 for whom it does not know. See trust.Scale.
	Of func(id.ID) float64
	// Threshold is T on the same scale, and Near where the hint begins to say so.
	Threshold, Near float64
}

// share returns somebody's trust, from 0 to 1: nobody counts for more than one
// person. People with negative ids are supposed ones, see Action.Apply.
func (t Trust) share(person id.ID) float64 {
	if person < 0 {
		return 1
	}
	if v := t.Of(person); v > 0 {
		return min(1, v)
	}
	return 0
}
