package identity

import (
	"log/slog"
	"time"

	"lifecircle/internal/id"
	"lifecircle/internal/identity/verifier"
)

// Kind says what is to be verified.
type Kind = verifier.Kind

// Status says what became of it.
type Status = verifier.State

var allKinds = []Kind{verifier.Identity, verifier.Student, verifier.Employment}

// Limits of what applicants write; the lengths are in characters as people
// count them.
const (
	MaxLevel    = 3
	MaxName     = 100
	MaxDocument = 40
	MaxCity     = 50
	MaxOf       = 100
	MaxNote     = 500

	// MaxShown is how many verifications a list holds.
	MaxShown = 50
	// MaxBelongingMonths is how long somebody is a student or employee at most;
	// then it is to be verified again.
	MaxBelongingMonths = 12

	minDocument = 4 // letters and digits of a number
)

const (
	nextLook  = 30 * time.Second // between two questions to a verifier that has told nothing
	taking    = time.Minute      // a verifier that has not heard of an application by then never will
	lookEvery = time.Second
	looksMost = 100 // verifications, each time
)

// Application is what somebody sends to have something verified. Nothing of it
// counts; verifiers compare it with what they find.
type Application struct {
	Kind      Kind   `json:"kind" enum:"identity,student,employment"`
	Level     int    `json:"level,omitempty" minimum:"1" maximum:"3" doc:"of identity: what to reach; 2 if left out"`
	Verifier  string `json:"verifier,omitempty" maxLength:"32" doc:"who is to verify it; left out: the first that can" example:"sandbox"`
	Name      string `json:"name,omitempty" maxLength:"400" doc:"as in the document; kept sealed until the decision, shown to nobody but the verifier"`
	Document  string `json:"document,omitempty" maxLength:"160" doc:"its number; the same"`
	BirthDate string `json:"birth_date,omitempty" maxLength:"10" doc:"YYYY-MM-DD" example:"1990-01-01"`
	Gender    string `json:"gender,omitempty" enum:"female,male,other"`
	City      string `json:"city,omitempty" maxLength:"200"`
	Of        string `json:"of,omitempty" maxLength:"400" doc:"school or company"`
	Email     string `json:"email,omitempty" maxLength:"254" doc:"a mailbox of the school or company, to which a code is sent"`
	Note      string `json:"note,omitempty" maxLength:"2000" doc:"what staff should know"`
}

// String hides the application from fmt.
func (Application) String() string { return "***" }

// GoString hides it from %#v.
func (Application) GoString() string { return "***" }

// LogValue hides it from slog.
func (Application) LogValue() slog.Value { return slog.StringValue("***") }

// Verification is an application and what became of it.
type Verification struct {
	ID        id.ID      `json:"id"`
	Kind      Kind       `json:"kind" enum:"identity,student,employment"`
	Level     int        `json:"level,omitempty" doc:"of identity: the one asked for"`
	Verifier  string     `json:"verifier"`
	Status    Status     `json:"status" enum:"pending,verified,refused"`
	URL       string     `json:"url,omitempty" doc:"of a pending one: where to go on"`
	Reason    string     `json:"reason,omitempty" enum:"not_confirmed,too_many_tries,expired,taken,another_person,replaced,unusable,failed" doc:"of a refusal"`
	Note      string     `json:"note,omitempty" doc:"of a refusal: what staff wrote"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt time.Time  `json:"expires_at" doc:"when a pending one is refused"`
	EndedAt   *time.Time `json:"ended_at,omitempty"`
}

// Own is what somebody sees of what is verified of him.
type Own struct {
	Level      int            `json:"level" doc:"0 none, 1 phone, 2 document and liveness, 3 the name of a bank account"`
	Levels     []LevelReached `json:"levels" doc:"how the level was reached, the lowest first"`
	Attributes []Attribute    `json:"attributes"`
	Items      []Verification `json:"items" doc:"the newest 50 applications, the newest first"`
	Revoked    *Revoked       `json:"revoked,omitempty" doc:"staff took back all that was verified, and nothing was verified since"`
}

// Revoked is what somebody reads of a revocation.
type Revoked struct {
	At     time.Time `json:"at"`
	Reason string    `json:"reason" doc:"what staff wrote"`
}

// LevelReached is a level with who verified it.
type LevelReached struct {
	Level      int       `json:"level"`
	Issuer     string    `json:"issuer"`
	VerifiedAt time.Time `json:"verified_at"`
}

// Attribute is one thing that was verified.
type Attribute struct {
	Kind       string     `json:"kind" enum:"gender,birth_date,city,student,employee"`
	Value      string     `json:"value" doc:"of student and employee: of which school or company"`
	Issuer     string     `json:"issuer" doc:"who verified it" example:"sandbox"`
	VerifiedAt time.Time  `json:"verified_at"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	Valid      bool       `json:"valid" doc:"now"`
}

// The kinds of attributes as they are stored; the first three are levels.
const (
	kindPhone     = "phone"
	kindDocument  = "document"
	kindBankName  = "bank_name"
	kindGender    = "gender"
	kindBirthDate = "birth_date"
	kindCity      = "city"
	kindStudent   = "student"
	kindEmployee  = "employee"
)

// levelKinds are the kinds that make levels 1, 2 and 3.
var levelKinds = [MaxLevel]string{kindPhone, kindDocument, kindBankName}

// attributeKinds are the others.
var attributeKinds = []string{kindGender, kindBirthDate, kindCity, kindStudent, kindEmployee}
