package demo

import (
	"reflect"
	"testing"
	"time"

	"lifecircle/internal/identity"
)

// Everybody in the demo world is an adult whose traits stay the same, and those
// whom visitors sign in as have shown a document.
func TestWhatIsVerifiedOfTheDemoPeople(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	citizens, _ := mustLoad()
	students, employees := 0, 0
	for _, c := range citizens {
		traits := c.traitsOf(now)
		born, err := time.Parse(time.DateOnly, traits.BirthDate)
		if age := identity.AgeAt(born, now); err != nil || age < 18 || age > 100 {
			t.Errorf("%s was born on %q: %d years, %v", c.Handle, traits.BirthDate, age, err)
		}
		if traits.Level == nil || *traits.Level < 1 || *traits.Level > identity.MaxLevel || c.Demo && *traits.Level < 2 {
			t.Errorf("%s has the level %v", c.Handle, traits.Level)
		}
		if again := c.traitsOf(now); !reflect.DeepEqual(again, traits) {
			t.Errorf("%s is another person the second time", c.Handle)
		}
		if traits.Student != nil {
			students++
		}
		if traits.Employee != nil {
			employees++
		}
	}
	if students == 0 || employees == 0 {
		t.Errorf("%d students and %d employees", students, employees)
	}

	pool := seeded(t)
	for what, query := range map[string]string{
		"attributes of another issuer":       `SELECT count(*) FROM attributes WHERE issuer <> 'demo' OR verified_at > now()`,
		"students for more than 12 months":   `SELECT count(*) FROM attributes WHERE kind IN ('student', 'employee') AND expires_at NOT BETWEEN now() AND now() + interval '12 months'`,
		"people without a birth date":        `SELECT count(*) FROM user_rights WHERE birth_date IS NULL`,
		"documents, of which there are none": `SELECT count(*) FROM documents`,
	} {
		if n := count(t, pool, query); n != 0 {
			t.Errorf("%s: %d", what, n)
		}
	}
}
