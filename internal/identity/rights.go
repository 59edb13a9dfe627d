package identity

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
)

// Rights is what is known of a person, valid or not: At judges. A nil Rights is
// that of nobody.
type Rights struct {
	User          id.ID
	CreatedAt     time.Time // of the account
	Level         int       // 0 to 3
	Gender        string    // female, male, other; empty: unknown
	BirthDate     time.Time // midnight UTC of the day; zero: unknown
	City          string    // empty: unknown
	StudentOf     string    // empty: never a student
	StudentUntil  time.Time // from then on no student
	EmployeeOf    string
	EmployeeUntil time.Time
}

// Valid is what rules may use at one moment. Its zero value is a person of whom
// nothing is known.
type Valid struct {
	Level      int
	Student    bool
	StudentOf  string // empty unless Student; so with EmployeeOf
	Employee   bool
	EmployeeOf string
	Gender     string // female, male, other; empty: unknown
	Age        int    // in years; 0: unknown
	City       string // empty: unknown
	MemberDays int    // whole days since joining
}

// shanghai is where birthdays begin. Its offset has not changed since 1991.
var shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// At returns what is valid at a moment of the database's clock.
func (r *Rights) At(now time.Time) Valid {
	if r == nil {
		return Valid{}
	}
	v := Valid{Level: r.Level, Gender: r.Gender, City: r.City, Age: AgeAt(r.BirthDate, now)}
	if r.StudentOf != "" && now.Before(r.StudentUntil) {
		v.Student, v.StudentOf = true, r.StudentOf
	}
	if r.EmployeeOf != "" && now.Before(r.EmployeeUntil) {
		v.Employee, v.EmployeeOf = true, r.EmployeeOf
	}
	if now.After(r.CreatedAt) {
		v.MemberDays = int(now.Sub(r.CreatedAt) / (24 * time.Hour))
	}
	return v
}

// AgeAt returns the years since a birth date, by the calendar of Shanghai; 0 for
// an unknown date or one to come. Whoever was born on 29 February has the
// birthday on 1 March in other years.
func AgeAt(birth, now time.Time) int {
	if birth.IsZero() {
		return 0
	}
	now = now.In(shanghai)
	age := now.Year() - birth.Year()
	if now.Month() < birth.Month() || now.Month() == birth.Month() && now.Day() < birth.Day() {
		age--
	}
	return max(age, 0)
}

const selectRights = `SELECT user_id, created_at, level, gender, birth_date, city, student_of, student_until, employee_of, employee_until
	FROM user_rights WHERE user_id = ANY($1::bigint[])`

// QueueRights queues the reading of all that rules ask of these people, in one
// statement by key. The map is filled when the batch is read; who has no
// account is not in it. Nothing is locked: who loses a right while a
// transaction is under way may still have it in that one.
func QueueRights(q *pgx.Batch, users []id.ID) map[id.ID]*Rights {
	into := make(map[id.ID]*Rights, len(users))
	if len(users) == 0 {
		return into
	}
	q.Queue(selectRights, users).Query(func(rows pgx.Rows) error { return scanRights(rows, into) })
	return into
}

// Querier is a pool, a connection or a transaction.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// ReadRights reads the same outside of a batch.
func ReadRights(ctx context.Context, q Querier, users ...id.ID) (map[id.ID]*Rights, error) {
	into := make(map[id.ID]*Rights, len(users))
	rows, err := q.Query(ctx, selectRights, users)
	if err == nil {
		err = scanRights(rows, into)
	}
	if err != nil {
		return nil, fmt.Errorf("read rights: %w", err)
	}
	return into, nil
}

func scanRights(rows pgx.Rows, into map[id.ID]*Rights) error {
	var (
		r                        Rights
		birth, student, employee *time.Time
	)
	_, err := pgx.ForEachRow(rows, []any{
		&r.User, &r.CreatedAt, &r.Level, &r.Gender, &birth, &r.City, &r.StudentOf, &student, &r.EmployeeOf, &employee,
	}, func() error {
		one := r
		one.BirthDate, one.StudentUntil, one.EmployeeUntil = orZero(birth), orZero(student), orZero(employee)
		into[one.User] = &one
		return nil
	})
	return err
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
