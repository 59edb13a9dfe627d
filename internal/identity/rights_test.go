package identity_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/identity"
	"lifecircle/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestAgeGoesByTheCalendarOfShanghai(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		birth, now string
		want       int
	}{
		{"2008-11-28", "2026-11-27T15:59:59Z", 17},
		{"2008-11-28", "2026-11-27T16:00:00Z", 18}, // midnight in Shanghai
		{"2008-02-29", "2026-02-28T23:59:59+08:00", 17},
		{"2008-02-29", "2026-03-01T00:00:00+08:00", 18},
		{"2008-02-29", "2028-02-28T23:59:59+08:00", 19},
		{"2008-02-29", "2028-02-29T00:00:00+08:00", 20},
		{"2008-12-31", "2026-12-31T00:00:00+08:00", 18},
		{"2008-01-01", "2025-12-31T16:00:00Z", 18},
		{"2026-11-28", "2026-11-27T12:00:00Z", 0},
		{"2030-01-01", "2026-11-27T12:00:00Z", 0},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := identity.AgeAt(day(c.birth), now); got != c.want {
			t.Errorf("born on %s, at %s: %d years old, want %d", c.birth, c.now, got, c.want)
		}
	}
	if got := identity.AgeAt(time.Time{}, time.Now()); got != 0 {
		t.Errorf("an unknown date makes %d years", got)
	}
}

func TestWhatHasEndedIsNotValid(t *testing.T) {
	t.Parallel()
	end := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	r := &identity.Rights{
		CreatedAt: end.Add(-48 * time.Hour), Level: 2, StudentOf: "清华大学", StudentUntil: end, EmployeeOf: "Acme", EmployeeUntil: end.Add(time.Second),
	}
	if v := r.At(end.Add(-time.Microsecond)); !v.Student || v.StudentOf != "清华大学" || !v.Employee || v.MemberDays != 1 {
		t.Errorf("a moment before: %+v", v)
	}
	if v := r.At(end); v.Student || v.StudentOf != "" || !v.Employee || v.MemberDays != 2 || v.Level != 2 {
		t.Errorf("at that moment: %+v", v)
	}
	if v := r.At(end.Add(time.Second)); v.Student || v.Employee || v.EmployeeOf != "" {
		t.Errorf("a second later: %+v", v)
	}
	if v := (*identity.Rights)(nil).At(end); v != (identity.Valid{}) {
		t.Errorf("nobody has %+v", v)
	}
}

func TestRightsOfManyAreOneStatement(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	until := time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, sql := range []string{
		`INSERT INTO users (id, handle, display_name, password_hash) VALUES (1, 'one', 'One', ''), (2, 'two', 'Two', '')`,
		`INSERT INTO identities (user_id, level, gender, birth_date, city, student_of, student_until)
			VALUES (1, 3, 'female', '1990-02-28', '上海', '清华大学', '2027-01-02T03:04:05Z')`,
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	var q pgx.Batch
	rights := identity.QueueRights(&q, []id.ID{3, 2, 1, 1})
	if q.Len() != 1 {
		t.Fatalf("%d statements", q.Len())
	}
	if err := pool.SendBatch(t.Context(), &q).Close(); err != nil {
		t.Fatal(err)
	}
	if len(rights) != 2 || rights[3] != nil {
		t.Fatalf("rights of %v", rights)
	}
	one := rights[1]
	if one.Level != 3 || one.Gender != "female" || !one.BirthDate.Equal(day("1990-02-28")) || one.City != "上海" ||
		one.StudentOf != "清华大学" || !one.StudentUntil.Equal(until) || one.EmployeeOf != "" || !one.EmployeeUntil.IsZero() || one.CreatedAt.IsZero() {
		t.Errorf("one: %+v", one)
	}
	if two := rights[2].At(time.Now()); two != (identity.Valid{}) {
		t.Errorf("two: %+v", two)
	}
	again, err := identity.ReadRights(t.Context(), pool, 1)
	if err != nil || *again[1] != *one {
		t.Errorf("read alone: %+v, %v", again[1], err)
	}
}
