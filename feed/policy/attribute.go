package policy

import (
	"strconv"
	"strings"
)

// Subject is who asks, as far as rules care. It is comparable: people with the
// same Subject may do the same. The zero value of what must be verified means
// unknown, which makes no condition true.
type Subject struct {
	SignedIn bool
	Banned   bool
	Role     string // in the circle; empty: none
	Author   bool   // of the post or comment in question

	Level      int  // of identity, 0 to 3
	Student    bool // verified, and valid now
	StudentOf  string
	Employee   bool // verified, and valid now
	EmployeeOf string
	Gender     string // Female, Male or Other; empty: unknown
	Age        int    // in years; 0 or less: unknown
	City       string // empty: unknown
	Credit     int    // the score, 350 to 950; 0: none yet
	MemberDays int    // days since joining Life Circle
	Follows    bool   // this circle
}

// Genders as rules write them.
const (
	Female = "female"
	Male   = "male"
	Other  = "other"
)

// Circle is where it happens, as far as rules care.
type Circle struct {
	Name      string
	Place     string // empty: none, which makes no condition true; so with Category
	Category  string
	Tags      []string
	AgeDays   int
	AdultTips bool // tips take a verified adult
}

// attr names what a rule may speak of.
type attr uint8

const (
	signedIn attr = iota
	role
	level
	student
	studentOf
	employee
	employeeOf
	gender
	age
	city
	credit
	memberDays
	follows
	circleName // from here on the circle's, which no person can change
	circlePlace
	circleCategory
	circleTags
	circleAge
	attrs
)

type kind uint8

const (
	boolean kind = iota
	number
	words
	list // of strings
)

// attribute describes an attr.
type attribute struct {
	name   string // in rules
	kind   kind
	lo, hi int      // of numbers: what a person can have
	only   []string // of strings: all that there are; empty: any
}

var attributes = [attrs]attribute{
	signedIn:       {name: "user.signed_in"},
	role:           {name: "user.role", kind: words, only: []string{"", Owner, Moderator, Partner}},
	level:          {name: "user.level", kind: number, lo: 0, hi: 3},
	student:        {name: "user.student"},
	studentOf:      {name: "user.student_of", kind: words},
	employee:       {name: "user.employee"},
	employeeOf:     {name: "user.employee_of", kind: words},
	gender:         {name: "user.gender", kind: words, only: []string{Female, Male, Other}},
	age:            {name: "user.age", kind: number, lo: 1, hi: 130},
	city:           {name: "user.city", kind: words},
	credit:         {name: "user.credit", kind: number, lo: 350, hi: 950},
	memberDays:     {name: "user.member_days", kind: number, lo: 0, hi: 36500},
	follows:        {name: "user.follows"},
	circleName:     {name: "circle.name", kind: words},
	circlePlace:    {name: "circle.place", kind: words},
	circleCategory: {name: "circle.category", kind: words},
	circleTags:     {name: "circle.tags", kind: list},
	circleAge:      {name: "circle.age_days", kind: number},
}

// byName finds an attr by its name in rules.
var byName = func() map[string]attr {
	m := make(map[string]attr, attrs)
	for a, is := range attributes {
		m[is.name] = attr(a) //nolint:gosec // fewer than 256
	}
	return m
}()

func (a attr) ofUser() bool { return a < circleName }

// value is what somebody has of an attr: the member of its kind is set.
type value struct {
	b  bool
	n  int
	s  string
	ss []string
}

// facts are a subject in a circle.
type facts struct {
	Subject
	Circle
}

// of returns the value of an attr, and false if it is unknown.
func (f *facts) of(a attr) (v value, known bool) {
	if a == signedIn {
		return value{b: f.SignedIn}, true
	}
	if a.ofUser() && !f.SignedIn {
		return value{}, false
	}
	switch a {
	case role:
		return value{s: f.Role}, true
	case level:
		return value{n: f.Level}, true
	case student:
		return value{b: f.Student}, true
	case studentOf:
		return value{s: f.StudentOf}, f.Student && f.StudentOf != ""
	case employee:
		return value{b: f.Employee}, true
	case employeeOf:
		return value{s: f.EmployeeOf}, f.Employee && f.EmployeeOf != ""
	case gender:
		return value{s: f.Gender}, f.Gender != ""
	case age:
		return value{n: f.Age}, f.Age > 0
	case city:
		return value{s: f.City}, f.City != ""
	case credit:
		return value{n: f.Credit}, f.Credit > 0
	case memberDays:
		return value{n: f.MemberDays}, true
	case follows:
		return value{b: f.Follows}, true
	default:
		return f.ofCircle(a)
	}
}

func (f *facts) ofCircle(a attr) (v value, known bool) {
	switch a {
	case circleName:
		return value{s: f.Name}, f.Name != ""
	case circlePlace:
		return value{s: f.Place}, f.Place != ""
	case circleCategory:
		return value{s: f.Category}, f.Category != ""
	case circleTags:
		return value{ss: f.Tags}, true
	case circleAge:
		return value{n: f.AgeDays}, true
	default:
		return value{}, false
	}
}

// set gives a subject another value of an attr, with what follows from it:
// who studies somewhere is a student, and who is none studies nowhere.
func (s *Subject) set(a attr, v value) {
	switch a {
	case signedIn:
		s.SignedIn = v.b
	case role:
		s.Role = v.s
	case level:
		s.Level = v.n
	case student:
		s.Student = v.b
		if !v.b {
			s.StudentOf = ""
		}
	case studentOf:
		s.Student, s.StudentOf = true, v.s
	case employee:
		s.Employee = v.b
		if !v.b {
			s.EmployeeOf = ""
		}
	case employeeOf:
		s.Employee, s.EmployeeOf = true, v.s
	case gender:
		s.Gender = v.s
	case age:
		s.Age = v.n
	case city:
		s.City = v.s
	case credit:
		s.Credit = v.n
	case memberDays:
		s.MemberDays = v.n
	case follows:
		s.Follows = v.b
	default: // the circle's
	}
}

// text writes a value of an attr.
func (a attr) text(v value) string {
	switch attributes[a].kind {
	case boolean:
		return strconv.FormatBool(v.b)
	case number:
		return strconv.Itoa(v.n)
	case list:
		return strings.Join(v.ss, ", ")
	default:
		return v.s
	}
}
