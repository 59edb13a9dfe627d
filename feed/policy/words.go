package policy

import (
	"fmt"
	"strconv"
	"strings"
)

// have says in English what somebody has of an attr.
func have(a attr, v value, known bool) string {
	if !known {
		return unknownWords[a]
	}
	switch a {
	case credit:
		return "score " + strconv.Itoa(v.n)
	case age:
		return count(v.n, "year") + " old"
	case level:
		return "identity level " + strconv.Itoa(v.n)
	case memberDays:
		return "a member for " + count(v.n, "day")
	case role:
		return roleName(v.s)
	case studentOf:
		return "a student of " + v.s
	case employeeOf:
		return "an employee of " + v.s
	case city:
		return "in " + v.s
	case gender:
		return v.s
	case signedIn, student, employee, follows:
		return truths[a][v.b]
	case circleAge:
		return "a circle of " + count(v.n, "day")
	case circleTags:
		return "a circle tagged " + listed(v.ss)
	default:
		return "a circle with " + strings.TrimPrefix(attributes[a].name, "circle.") + " " + v.s
	}
}

// unknownWords say what is not known of somebody.
var unknownWords = [attrs]string{
	role: "a guest", level: "a guest", student: "a guest", employee: "a guest", memberDays: "a guest", follows: "a guest",
	studentOf: "no verified school", employeeOf: "no verified employer", gender: "gender not verified", age: "age not verified",
	city: "city not verified", credit: "no score yet",
	circleName: "a circle without a name", circlePlace: "a circle without a place", circleCategory: "a circle without a category",
}

// truths say what is true or false of somebody.
var truths = map[attr]map[bool]string{
	signedIn: {true: "an account", false: "a guest"},
	student:  {true: "a verified student", false: "not a verified student"},
	employee: {true: "a verified employee", false: "not a verified employee"},
	follows:  {true: "following the circle", false: "not following the circle"},
}

// values are what a condition compares with, for clients.
func (c *condition) values(f *facts) []string {
	if c.said.values != nil {
		return c.said.values
	}
	if attributes[c.left].kind == boolean {
		return nil
	}
	nums, strs := c.against(f)
	values := make([]string, 0, len(nums)+len(strs))
	for _, n := range nums {
		values = append(values, strconv.Itoa(n))
	}
	return append(values, strs...)
}

// need says what a condition asks for.
func (c *condition) need(f *facts) string {
	if c.said.need != "" {
		return c.said.need
	}
	nums, strs := c.against(f)
	if len(nums) == 0 && len(strs) == 0 && attributes[c.left].kind != boolean {
		return "a value that does not exist"
	}
	items := make([]string, 0, len(nums)+len(strs))
	for _, n := range nums {
		items = append(items, strconv.Itoa(n))
	}
	for _, s := range strs {
		if c.left == role {
			s = roleName(s)
		}
		items = append(items, s)
	}
	switch c.test {
	case isTrue, isFalse:
		return truths[c.left][c.test == isTrue]
	case oneOf:
		return "one of " + listed(items)
	case noneOf:
		return "none of " + listed(items)
	case contains:
		return "the tag " + strs[0]
	case lacks:
		return "not the tag " + strs[0]
	default:
		return testWords[c.test] + items[0]
	}
}

var testWords = [...]string{below: "less than ", atMost: "at most ", above: "more than ", atLeast: "at least ", equals: "", differs: "anything but ", lacks: ""}

// how says what to do about conditions on an attr that fail.
func (p *plan) how(a attr, f *facts) string {
	v, known := f.of(a)
	to := p.at(a)
	switch {
	case !a.ofUser():
		return "this depends on the circle: ask its owner"
	case !f.SignedIn && !p.possible:
		return "no account can have this"
	case a == gender && known:
		return "a verified gender stays as it is"
	case to == nil:
		return impossible(a)
	}
	switch a {
	case signedIn:
		return "sign up or sign in"
	case credit:
		return howCredit(v.n, to.n, known)
	case age:
		if !known {
			return "verify your identity: " + count(to.n, "year") + " old is enough"
		}
		return "wait until you are " + strconv.Itoa(to.n)
	case gender:
		return "verify your identity, if you are " + to.s
	case level:
		return "verify your identity up to level " + strconv.Itoa(to.n)
	case memberDays:
		return "wait " + count(to.n-v.n, "day")
	case role:
		return "ask an owner to make you " + roleName(to.s)
	case follows:
		if to.b {
			return "follow the circle"
		}
		return "stop following the circle"
	default:
		return howVerified(a, *to)
	}
}

func howCredit(from, to int, known bool) string {
	switch {
	case !known:
		return "your first score is still to come; " + strconv.Itoa(to) + " is enough"
	case to < from:
		return strconv.Itoa(to) + " is enough, " + count(from-to, "point") + " less"
	default:
		return count(to-from, "point") + ": the page of your score shows the shortest way to " + strconv.Itoa(to)
	}
}

func howVerified(a attr, to value) string {
	switch {
	case a == student && to.b:
		return "verify that you are a student"
	case a == student:
		return "end your verification as a student"
	case a == employee && to.b:
		return "verify where you work"
	case a == employee:
		return "end your verification as an employee"
	case strings.HasPrefix(to.s, elsewhere):
		return "verify another " + verified[a]
	default:
		return "verify your " + verified[a] + ": " + to.s
	}
}

var verified = map[attr]string{studentOf: "school", employeeOf: "employer", city: "city"}

func impossible(a attr) string {
	switch a {
	case credit:
		return "no score is enough for all that is asked: scores run from 350 to 950"
	case age, memberDays, level:
		return "this only grows: there is no way back"
	default:
		return "nothing meets all that is asked"
	}
}

func count(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return strconv.Itoa(n) + " " + unit + "s"
}

// maxListed bounds the items of a list in a sentence.
const maxListed = 8

func listed(items []string) string {
	if len(items) > maxListed {
		return fmt.Sprintf("%s and %d more", strings.Join(items[:maxListed], ", "), len(items)-maxListed)
	}
	return strings.Join(items, ", ")
}
