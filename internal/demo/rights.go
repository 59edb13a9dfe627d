package demo

import (
	"fmt"
	"hash/fnv"
	"slices"

	"lifecircle/internal/identity"
)

// Where the demo people study and work: places that do not exist.
const (
	school   = "钱江大学"
	employer = "梧桐里工作室"

	campusKey = "campus" // those who speak there are students
	officeKey = "office" // and here, employees
)

// traits are what is verified of a person: enough for what he or she does in
// this world. Students are about 20, the others 24 or older.
func (w World) traits(p Person) identity.Traits {
	h := fnv.New32a()
	_, _ = h.Write([]byte(p.Handle)) // never fails
	n, level := int(h.Sum32()%10_000), 2
	t := identity.Traits{Level: &level, City: p.City}
	year := w.year - 24 - n%35
	if w.speaksIn(campusKey, p.Handle) {
		t.Student, year = &identity.Belonging{Of: school}, w.year-19-n%4
	}
	if w.speaksIn(officeKey, p.Handle) {
		t.Employee = &identity.Belonging{Of: employer}
	}
	t.BirthDate = fmt.Sprintf("%04d-%02d-%02d", year-1, 1+n%12, 1+n%28)
	return t
}

// speaksIn tells whether a person has something to say in a circle.
func (w World) speaksIn(circle, handle string) bool {
	v := w.voice(circle)
	return v != nil && slices.ContainsFunc(v.members, func(m member) bool { return m.Handle == handle && m.talk > 0 })
}

// verified is what identity is told of all people.
func (p *plan) verified() []identity.SeedPerson {
	people := make([]identity.SeedPerson, len(p.people))
	for i, person := range p.people {
		people[i] = identity.SeedPerson{User: person.ID, Traits: person.traits}
	}
	return people
}
