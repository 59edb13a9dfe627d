package demo

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/identity"
)

// Where the students and the office people of the demo world belong; there are
// no such places.
const (
	demoSchool  = "梧桐大学"
	demoCompany = "梧桐科技"
)

// traitsOf makes up what is verified of a person: everybody is an adult, most
// have shown a document, and the circles that somebody speaks in tell whether
// he or she studies or works in an office. The same person gets the same.
func (c citizen) traitsOf(now time.Time) identity.Traits {
	h := fnv.New32a()
	fmt.Fprint(h, c.Handle)
	dice := int(h.Sum32() >> 1)
	level := min(1+(dice%10+2)/3, identity.MaxLevel)
	if c.Demo {
		level = max(level, 2) // visitors should see most of it
	}
	t := identity.Traits{Level: &level, City: c.City}
	age := 23 + dice/10%40
	switch {
	case slices.Contains(c.circles, "campus"):
		age = 19 + dice/10%6
		t.Student = &identity.Belonging{Of: demoSchool}
	case slices.Contains(c.circles, "office"):
		t.Employee = &identity.Belonging{Of: demoCompany}
	}
	t.BirthDate = now.AddDate(-age, 0, -dice/400%365).Format(time.DateOnly)
	return t
}

// writeIdentities writes what is verified of the people.
func (p *plan) writeIdentities(ctx context.Context, tx pgx.Tx) error {
	citizens, _ := mustLoad()
	byHandle := make(map[string]citizen, len(citizens))
	for _, c := range citizens {
		byHandle[c.Handle] = c
	}
	people := make([]identity.SeedPerson, len(p.people))
	for i, person := range p.people {
		people[i] = identity.SeedPerson{User: person.ID, Traits: byHandle[person.Handle].traitsOf(time.Now())}
	}
	if err := identity.SeedTx(ctx, tx, people); err != nil {
		return fmt.Errorf("write what is verified of the people: %w", err)
	}
	return nil
}
