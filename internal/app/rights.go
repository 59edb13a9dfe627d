package app

import (
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed"
	"lifecircle/feed/policy"
	"lifecircle/internal/creditscore"
	"lifecircle/internal/id"
	"lifecircle/internal/identity"
)

// rights joins what is verified of people and their scores to what the rules
// of circles ask.
type rights struct{}

var _ feed.Rights = rights{}

// Queue implements feed.Rights.
func (rights) Queue(q *pgx.Batch, users []id.ID) func(id.ID, time.Time) policy.Subject {
	verified, scores := identity.QueueRights(q, users), creditscore.QueueScores(q, users)
	return func(user id.ID, at time.Time) policy.Subject {
		v := verified[user].At(at)
		points, _ := scores[user].Points() // 0: none yet
		return policy.Subject{
			Level: v.Level, Gender: v.Gender, Age: v.Age, City: v.City,
			Student: v.Student, StudentOf: v.StudentOf, Employee: v.Employee, EmployeeOf: v.EmployeeOf,
			Credit: points, MemberDays: v.MemberDays,
		}
	}
}
