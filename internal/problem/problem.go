// Package problem is the one kind of error that people outside may see. A
// domain package says what went wrong with a Problem; the edges (httpapi,
// socketapi) decide how it looks, from the table in codes.go. Any other error
// is an internal one: its text stays in the log.
package problem

import (
	"errors"
	"fmt"
	"time"
)

// Problem is a refusal with a stable code. It is a value of the API: tests and
// clients rely on Code, people read Detail.
type Problem struct {
	Code       Code
	Detail     string        // one sentence for people, in English
	Rule       []Clause      // for a refused action: what was asked and what is there
	Fields     []Field       // for bad values: each fault and its place
	RetryAfter time.Duration // for 429 and 503: when to come again
}

// Clause is one condition of a rule that was not met: in English, and for
// clients that say it in another language.
type Clause struct {
	Clause string `json:"clause"`
	Have   string `json:"have"`
	Need   string `json:"need"`
	How    string `json:"how"`

	Way       int      `json:"way,omitempty" doc:"clauses of one way are met together, one way is enough; the first is the nearest"`
	Attribute string   `json:"attribute,omitempty" doc:"what is compared, as rules name it" example:"user.credit"`
	Test      string   `json:"test,omitempty" enum:"true,false,equal,not_equal,less_than,at_least,more_than,at_most,one_of,none_of,contains,lacks"`
	Value     string   `json:"value,omitempty" doc:"what there is; absent: unknown or none"`
	Values    []string `json:"values,omitempty" doc:"what it is compared with"`
	Target    string   `json:"target,omitempty" doc:"the nearest value that is enough; absent: there is none"`
	Missing   int      `json:"missing,omitempty" doc:"target less value, of numbers"`
}

// Field is a fault at one place of the input.
type Field struct {
	Location string `json:"location"` // such as body.text
	Message  string `json:"message"`
	Code     string `json:"code,omitempty"`
}

func (p *Problem) Error() string {
	if p.Detail == "" {
		return string(p.Code)
	}
	return string(p.Code) + ": " + p.Detail
}

// Is lets errors.Is compare by code: errors.Is(err, problem.New(problem.PostNotFound, "")).
func (p *Problem) Is(target error) bool {
	var t *Problem
	return errors.As(target, &t) && t.Code == p.Code
}

// Status returns the HTTP status of the problem's code.
func (p *Problem) Status() int { return Status(p.Code) }

// New returns a problem with the code and a sentence made as fmt.Sprintf does.
func New(code Code, format string, args ...any) *Problem {
	return &Problem{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Invalid returns a 422 for one value: where it stands and what is wrong.
func Invalid(code Code, location, format string, args ...any) *Problem {
	detail := fmt.Sprintf(format, args...)
	return &Problem{Code: code, Detail: detail, Fields: []Field{{Location: location, Message: detail, Code: string(code)}}}
}

// From returns the problem in err's chain, or nil if there is none.
func From(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	return nil
}

// Has tells whether err carries a problem with the code.
func Has(err error, code Code) bool {
	p := From(err)
	return p != nil && p.Code == code
}
