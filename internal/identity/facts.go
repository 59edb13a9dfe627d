package identity

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"lifecircle/internal/id"
	"lifecircle/internal/identity/verifier"
	"lifecircle/internal/text"
)

var genders = []string{"female", "male", "other"}

// grant is one attribute to be written.
type grant struct {
	user   id.ID
	kind   string
	value  string
	issuer string
	at     time.Time
	until  *time.Time
}

// findings are what a verifier found, in the form in which it is kept.
type findings struct {
	hash   []byte // of the document or mailbox; nil: none
	grants []grant
	born   string // the birth date of a document
}

// read checks what a verifier found: not even verifiers are believed everything.
// A reason that is not empty says why it cannot be used.
func (s *Service) read(v row, f verifier.Facts, now time.Time) (out findings, reason verifier.Reason) {
	add := func(kind, value string, until *time.Time) {
		out.grants = append(out.grants, grant{user: v.user, kind: kind, value: value, issuer: f.Issuer, at: now, until: until})
	}
	if f.Mailbox != "" {
		out.hash = s.keys.MAC("mailbox", f.Mailbox)
	}
	if v.Kind != verifier.Identity {
		of, until, reason := belongs(f, now)
		if v.Kind == verifier.Student {
			add(kindStudent, of, &until)
		} else {
			add(kindEmployee, of, &until)
		}
		return out, reason
	}
	if f.Level < 1 || f.Level > MaxLevel {
		return out, verifier.Unusable
	}
	add(kindPhone, "", nil)
	if f.Level == 1 {
		return out, ""
	}
	if _, err := readBirthDate(f.BirthDate, now); err != nil || !usableDocument(f.Document) {
		return out, verifier.Unusable
	}
	out.hash, out.born = s.keys.MAC("document", normalDocument(f.Document)), f.BirthDate
	add(kindDocument, "", nil)
	add(kindBirthDate, f.BirthDate, nil)
	if slices.Contains(genders, f.Gender) {
		add(kindGender, f.Gender, nil)
	}
	if city, err := text.Name("city", f.City, MaxCity); err == nil {
		add(kindCity, city, nil)
	}
	if f.Level == MaxLevel {
		add(kindBankName, "", nil)
	}
	return out, ""
}

// longest is when what may be kept no longer than 12 months ends at the latest.
func longest(now time.Time) time.Time { return now.AddDate(0, MaxBelongingMonths, 0) }

// belongs reads what makes a student or an employee.
func belongs(f verifier.Facts, now time.Time) (of string, until time.Time, reason verifier.Reason) {
	of, err := text.Name("of", f.Of, MaxOf)
	if err != nil {
		return "", now, verifier.Unusable
	}
	until = longest(now)
	if !f.Until.IsZero() && f.Until.Before(until) {
		until = f.Until
	}
	if !now.Before(until) {
		return of, until, verifier.Expired
	}
	return of, until, ""
}

var errBirthDate = errors.New("not a birth date")

const oldest = 130 // years

func readBirthDate(s string, now time.Time) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.After(now) || AgeAt(t, now) > oldest {
		return time.Time{}, errBirthDate
	}
	return t, nil
}

// normalDocument is what makes two spellings of a number the same: width, case,
// spaces and marks do not matter.
func normalDocument(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToUpper(r)
		}
		return -1
	}, norm.NFKC.String(s))
}

// usableDocument refuses letters that only look like those of numbers.
func usableDocument(s string) bool {
	number := normalDocument(s)
	for _, r := range number {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return false
		}
	}
	return len(number) >= minDocument && len(s) <= 4*MaxDocument
}
