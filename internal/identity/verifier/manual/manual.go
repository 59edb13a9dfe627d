package manual

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/id"
	"lifecircle/internal/identity/verifier"
	"lifecircle/internal/problem"
)

const (
	// Name is what this verifier is called in requests.
	Name = "manual"

	// Life is how long a case waits for staff.
	Life = 14 * 24 * time.Hour

	issuer  = "staff"
	level   = 2 // what people can see in a document; a bank's answer they cannot
	waiting = 200
)

// Desk is where cases wait for staff. It implements verifier.Verifier.
type Desk struct {
	verifier.Cases
	told func(ctx context.Context, id string)
}

var _ verifier.Verifier = (*Desk)(nil)

// New returns the desk whose cases are in the database of pool. told is called
// after a decision; nil: asking finds out.
func New(pool *pgxpool.Pool, keys *verifier.Keys, told func(ctx context.Context, id string)) *Desk {
	if told == nil {
		told = func(context.Context, string) {}
	}
	return &Desk{Cases: verifier.Cases{Pool: pool, Keys: keys, Verifier: Name}, told: told}
}

// Name implements verifier.Verifier.
func (*Desk) Name() string { return Name }

// Kinds implements verifier.Verifier.
func (*Desk) Kinds() []verifier.Kind {
	return []verifier.Kind{verifier.Identity, verifier.Student, verifier.Employment}
}

// Life implements verifier.Verifier.
func (*Desk) Life() time.Duration { return Life }

// Check implements verifier.Verifier.
func (*Desk) Check(_ context.Context, a verifier.Application) error {
	need := [][2]string{{"of", a.Claim.Of}}
	if a.Kind == verifier.Identity {
		if a.Level != level {
			return problem.Invalid(problem.ClaimUnsuitable, "body.level", "staff verify level %d only", level)
		}
		need = [][2]string{{"name", a.Claim.Name}, {"document", a.Claim.Document}, {"birth_date", a.Claim.BirthDate}}
	}
	for _, field := range need {
		if field[1] == "" {
			return problem.Invalid(problem.ClaimUnsuitable, "body."+field[0], "staff cannot decide without it")
		}
	}
	return nil
}

// Start implements verifier.Verifier. There is nowhere to go on: it takes waiting.
func (d *Desk) Start(ctx context.Context, a verifier.Application) (string, error) {
	_, err := d.Open(ctx, a, "")
	return "", err
}

// Approve says that what the applicant wrote is true, of students and employees
// until a day; the zero one is as long as may be.
func (d *Desk) Approve(ctx context.Context, id string, by id.ID, until time.Time) error {
	c, err := d.Read(ctx, id)
	if err != nil {
		return err
	}
	f := verifier.Facts{Issuer: issuer, Of: c.Claim.Of, Until: until}
	if c.Kind == verifier.Identity {
		f = verifier.Facts{
			Issuer: issuer, Level: level, Document: c.Claim.Document, BirthDate: c.Claim.BirthDate, Gender: c.Claim.Gender, City: c.Claim.City,
		}
	}
	return d.decide(ctx, id, verifier.Result{State: verifier.Verified, Facts: f, DecidedBy: by})
}

// Refuse says no; the applicant reads the note.
func (d *Desk) Refuse(ctx context.Context, id string, by id.ID, note string) error {
	return d.decide(ctx, id, verifier.Result{State: verifier.Refused, Reason: verifier.NotConfirmed, Note: note, DecidedBy: by})
}

func (d *Desk) decide(ctx context.Context, id string, r verifier.Result) error {
	if err := d.Decide(ctx, id, r); err != nil {
		return err
	}
	d.told(ctx, id)
	return nil
}

// List writes the cases that wait, without anything that is secret.
func (d *Desk) List(ctx context.Context, to io.Writer) error {
	cases, err := d.Waiting(ctx, waiting)
	if err != nil {
		return err
	}
	for _, c := range cases {
		if _, err := fmt.Fprintf(to, "%s  %-10s  @%s, until %s\n", c.ID, c.Kind, c.Handle, c.ExpiresAt.UTC().Format("2006-01-02 15:04 MST")); err != nil {
			return err
		}
	}
	if len(cases) == 0 {
		_, err = fmt.Fprintln(to, "Nothing waits for a decision.")
	}
	return err
}

// Show writes what an applicant wrote, for the member of staff who decides.
func (d *Desk) Show(ctx context.Context, id string, to io.Writer) error {
	c, err := d.Read(ctx, id)
	if err != nil {
		return err
	}
	fmt.Fprintf(to, "%s of @%s\n", c.Kind, c.Handle)
	for _, line := range [][2]string{
		{"Name", c.Claim.Name},
		{"Document", c.Claim.Document},
		{"Born on", c.Claim.BirthDate},
		{"Gender", c.Claim.Gender},
		{"City", c.Claim.City},
		{"Of", c.Claim.Of},
		{"E-mail", c.Claim.Email},
		{"Note", c.Claim.Note},
	} {
		if line[1] != "" {
			if _, err := fmt.Fprintf(to, "  %-9s %q\n", line[0], line[1]); err != nil { // quoted: a terminal obeys some characters
				return err
			}
		}
	}
	return nil
}
