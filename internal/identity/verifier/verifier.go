package verifier

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"lifecircle/internal/id"
)

// Kind says what is to be verified.
type Kind string

// The kinds.
const (
	Identity   Kind = "identity" // who somebody is: a level, and what documents say
	Student    Kind = "student"
	Employment Kind = "employment"
)

// Verifier is one of those who verify. Its methods may be called from many
// goroutines, take as long as the network does and end with ctx.
type Verifier interface {
	// Name is what it is called in requests and as an issuer, such as "sandbox".
	Name() string

	// Kinds are what it verifies.
	Kinds() []Kind

	// Life is how long an application may take.
	Life() time.Duration

	// Check refuses an application that it could not work on, with a problem
	// that names the field. It keeps nothing.
	Check(ctx context.Context, a Application) error

	// Start takes an application and returns where the applicant goes on: a page,
	// absolute or a path of our own site, or "" if there is nothing to do but
	// wait. Repeating it with the same ID returns the same and does nothing new.
	Start(ctx context.Context, a Application) (url string, err error)

	// Result returns what became of an application, ErrUnknown if there is none
	// under this ID. Verified and Refused are final.
	Result(ctx context.Context, id string) (Result, error)

	// Forget removes all that is kept of an application. It is called when the
	// application was decided or given up, and may be repeated.
	Forget(ctx context.Context, id string) error
}

// What can be wrong.
var (
	ErrUnknown = errors.New("the verifier has nothing under this id")
	ErrDecided = errors.New("this was decided before")
)

// Application is what somebody wants to have verified.
type Application struct {
	ID        string // ours; 1 to 32 characters a-z, 0-9
	User      id.ID
	Handle    string
	Kind      Kind
	Level     int // of Identity: the level asked for, 1 to 3
	Claim     Claim
	ExpiresAt time.Time
}

// Claim is what the applicant wrote, all of it unproven. It prints as ***.
type Claim struct {
	Name      string `json:"name,omitempty"`     // in the document
	Document  string `json:"document,omitempty"` // its number
	BirthDate string `json:"birth_date,omitempty"`
	Gender    string `json:"gender,omitempty"`
	City      string `json:"city,omitempty"`
	Of        string `json:"of,omitempty"` // school or company
	Email     string `json:"email,omitempty"`
	Note      string `json:"note,omitempty"` // what staff should know
}

// State of an application.
type State string

// The states.
const (
	Pending  State = "pending"
	Verified State = "verified"
	Refused  State = "refused"
)

// Result is what became of an application.
type Result struct {
	State     State
	Facts     Facts  // zero unless Verified
	Reason    Reason // of a refusal
	Note      string // of a refusal, for the applicant; may be empty
	DecidedBy id.ID  // a member of staff; zero: nobody did it by hand
}

// Reason is a stable name for why something was refused.
type Reason string

// The reasons.
const (
	NotConfirmed  Reason = "not_confirmed"  // the verifier says no
	TooManyTries  Reason = "too_many_tries" // wrong codes
	Expired       Reason = "expired"        // nothing came of it in time, or what was found has ended
	Taken         Reason = "taken"          // the document or mailbox belongs to another account
	AnotherPerson Reason = "another_person" // the account was verified as somebody else
	Replaced      Reason = "replaced"       // by a newer application
	Unusable      Reason = "unusable"       // what the verifier found cannot be
	Failed        Reason = "failed"         // the verifier did not take it
)

// Facts are what was found. It prints as ***.
type Facts struct {
	Issuer string // who vouches for it, such as "sandbox"
	Level  int    // of Identity: what was reached, 1 to 3

	// Document is the number of the document, needed from level 2 on, and Mailbox
	// the one that answered. Only their keyed hashes are kept.
	Document  string
	Mailbox   string
	BirthDate string // YYYY-MM-DD; needed from level 2 on
	Gender    string // female, male, other; empty: not found out
	City      string // empty: not found out

	Of    string    // of Student and Employment: school or company
	Until time.Time // of the same; zero: as long as may be
}

const hidden = "***"

// String hides the claim from fmt; so do the following.
func (Claim) String() string { return hidden }

// GoString hides it from %#v.
func (Claim) GoString() string { return hidden }

// LogValue hides it from slog.
func (Claim) LogValue() slog.Value { return slog.StringValue(hidden) }

// String hides the facts from fmt; so do the following.
func (Facts) String() string { return hidden }

// GoString hides them from %#v.
func (Facts) GoString() string { return hidden }

// LogValue hides them from slog.
func (Facts) LogValue() slog.Value { return slog.StringValue(hidden) }
