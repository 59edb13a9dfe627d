package identity

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/id"
	"lifecircle/internal/pg"
	"lifecircle/internal/text"
)

// Issuers of what no verifier found.
const (
	IssuerDev  = "dev"  // set by a developer
	IssuerDemo = "demo" // of the people of the demo world
)

// Belonging is being a student or an employee of something.
type Belonging struct {
	Of    string
	Until time.Time // zero: 12 months from now
}

// Traits are attributes that are set without a verifier. What is empty or nil
// stays as it is.
type Traits struct {
	Level     *int
	BirthDate string // YYYY-MM-DD
	Gender    string
	City      string
	Student   *Belonging
	Employee  *Belonging
}

// Set gives many people the same traits: for developers, who say what they want
// to be true. Any end is good, also a past one. It fails with ClaimUnsuitable
// or a text problem.
func (s *Service) Set(ctx context.Context, users []id.ID, t Traits) error {
	grants, drops, err := t.grants(IssuerDev, time.Now())
	if err != nil || len(users) == 0 || len(grants)+len(drops) == 0 {
		return err
	}
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		all := make([]grant, 0, len(users)*len(grants))
		for _, u := range users {
			for _, g := range grants {
				g.user = u
				all = append(all, g)
			}
		}
		return write(ctx, tx, users, all, drops)
	})
	if err != nil {
		return fmt.Errorf("set traits: %w", err)
	}
	if s.o.Changed != nil {
		for _, u := range users {
			s.o.Changed(u)
		}
	}
	return nil
}

// write changes attributes and what follows from them.
func write(ctx context.Context, tx pgx.Tx, users []id.ID, grants []grant, drops []string) error {
	if err := lockIdentities(ctx, tx, users...); err != nil {
		return err
	}
	if err := dropAttributes(ctx, tx, users, drops); err != nil {
		return err
	}
	if err := writeGrants(ctx, tx, grants); err != nil {
		return err
	}
	return sumUp(ctx, tx, users...)
}

// grants returns what to write for nobody yet, and which kinds to remove.
func (t Traits) grants(issuer string, now time.Time) (grants []grant, drops []string, err error) {
	add := func(kind, value string, until *time.Time) {
		grants = append(grants, grant{kind: kind, value: value, issuer: issuer, at: now, until: until})
	}
	if t.Level != nil {
		if *t.Level < 0 || *t.Level > MaxLevel {
			return nil, nil, unsuitable("level", "it is 0, 1, 2 or 3")
		}
		for _, kind := range levelKinds[:*t.Level] {
			add(kind, "", nil)
		}
		drops = append(drops, levelKinds[*t.Level:]...)
	}
	if t.BirthDate != "" {
		if _, err := readBirthDate(t.BirthDate, now); err != nil {
			return nil, nil, unsuitable("attributes.birth_date", "it is a day like 1990-01-01, and not one to come")
		}
		add(kindBirthDate, t.BirthDate, nil)
	}
	if t.Gender != "" {
		if !slices.Contains(genders, t.Gender) {
			return nil, nil, unsuitable("attributes.gender", "it is female, male or other")
		}
		add(kindGender, t.Gender, nil)
	}
	for _, f := range []struct {
		kind, name, of string
		most           int
		belonging      *Belonging
	}{
		{kindCity, "city", t.City, MaxCity, nil}, {kindStudent, "student.of", "", MaxOf, t.Student}, {kindEmployee, "employee.of", "", MaxOf, t.Employee},
	} {
		var until *time.Time
		if f.belonging != nil {
			end := f.belonging.Until
			if end.IsZero() {
				end = longest(now)
			}
			f.of, until = f.belonging.Of, &end
		} else if f.of == "" {
			continue
		}
		clean, err := text.Name("body.attributes."+f.name, f.of, f.most)
		if err != nil {
			return nil, nil, err
		}
		add(f.kind, clean, until)
	}
	return grants, drops, nil
}

// SeedPerson is somebody of the demo world.
type SeedPerson struct {
	User id.ID
	Traits
}

// Seed gives the people of the demo world what is verified of them.
func Seed(ctx context.Context, pool *pgxpool.Pool, people []SeedPerson) error {
	err := pg.InTx(ctx, pool, func(tx pgx.Tx) error { return SeedTx(ctx, tx, people) })
	if err != nil {
		return fmt.Errorf("seed identities: %w", err)
	}
	return nil
}

// SeedTx does the same as a part of a transaction.
func SeedTx(ctx context.Context, tx pgx.Tx, people []SeedPerson) error {
	var (
		users []id.ID
		all   []grant
	)
	now := time.Now()
	for _, p := range people {
		grants, _, err := p.grants(IssuerDemo, now)
		if err != nil {
			return err
		}
		for _, g := range grants {
			g.user = p.User
			all = append(all, g)
		}
		users = append(users, p.User)
	}
	return write(ctx, tx, users, all, nil)
}
