package model

import (
	"time"

	"lifecircle/internal/id"
)

// Kind is what a score event tells.
type Kind uint8

// The kinds of score events. There is none for an amount, a tip given, a trait
// of a person or a like by himself: none of these can reach a score.
const (
	Joined            Kind = iota + 1
	IdentityVerified       // Level, until Until
	IdentityRevoked        // all levels; ended by a later IdentityVerified of level 2 or 3
	AttributeVerified      // Attribute, until Until
	AttributeRevoked       // Attribute
	Settled                // a transaction with Other; a tip given is none for the giver
	Reversed               // one with Other was taken back
	ObligationKept         // an order, payout, survey or event commitment
	ObligationBroken       //
	NegativeDay            // the balance was below zero on the day of At
	ReportUpheld           // but for the severe, which are penalties
	ItemPosted             // a post or comment that stands
	Appreciated            // by Other
	ContactAccepted        // Other and the user are contacts
	ContactAnswered        // Other has answered the user
	ContactEnded           // by either side
	Penalised              // Code
	Vouched                // the user vouched for Other
	Lifted                 // the event Lifts no longer counts: an appeal was upheld
	ItemRemoved            // Other, who moderates where it stood, took it away; his own deletion is nothing
)

// Attribute is a verified attribute that earns points, for any of them the same.
type Attribute uint8

// The attributes that earn points (section 3, Identity).
const (
	Student Attribute = iota
	Employee
	attributes
)

// Level is how well somebody's identity is verified, from 0 to LevelBank.
type Level uint8

// The levels of section 3. One document is one human.
const (
	LevelPhone    Level = 1
	LevelDocument Level = 2 // with liveness; opens the identity gate
	LevelBank     Level = 3 // and the bank knows him by the same name
)

// Code names a penalty.
type Code string

// The penalties of sections 3 and 4.
const (
	ChargebackLost    Code = "chargeback_lost"
	SevereReport      Code = "severe_report"
	KickBack          Code = "kick_back"
	VouchedSanctioned Code = "vouched_sanctioned"
)

// points are what a penalty takes on its first day; 0 for a code that is none.
func (c Code) points() int {
	switch c {
	case ChargebackLost:
		return 40
	case SevereReport:
		return 60
	case KickBack:
		return 150
	case VouchedSanctioned:
		return 20
	default:
		return 0
	}
}

// Event is something that happened to one user's score. Events are never
// changed: what turns out wrong is Lifted by a later one, so that the score of
// an earlier date stays what it was.
type Event struct {
	ID    id.ID
	User  id.ID     // whose score it is; the same in all events of a Fold
	At    time.Time // when it was recorded, not when it was claimed to have been
	Until time.Time // when a verification ends; zero: never
	Other id.ID     // the other person, where the kind has one
	Lifts id.ID     // the ID of an earlier event
	Code  Code

	Kind      Kind
	Level     Level
	Attribute Attribute
}
