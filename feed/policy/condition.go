package policy

import (
	"slices"
	"strconv"
	"strings"
)

// test is how a condition compares.
type test uint8

const (
	isTrue test = iota // each stands beside its opposite
	isFalse
	equals
	differs
	below
	atLeast
	above
	atMost
	oneOf
	noneOf
	contains
	lacks
)

// testNames are stable names for clients.
var testNames = [...]string{
	isTrue: "true", isFalse: "false", equals: "equal", differs: "not_equal", below: "less_than", atLeast: "at_least",
	atMost: "at_most", above: "more_than", oneOf: "one_of", noneOf: "none_of", contains: "contains", lacks: "lacks",
}

// not is the opposite test.
func (t test) not() test { return t ^ 1 }

// flipped is the test with its sides exchanged.
func (t test) flipped() test {
	switch t {
	case below:
		return above
	case above:
		return below
	case atLeast:
		return atMost
	case atMost:
		return atLeast
	default:
		return t
	}
}

// condition is one comparison of a rule: an attr with constants, or with
// another attr of the circle.
type condition struct {
	left  attr
	test  test
	other attr // attrs: none, compare with nums or strs
	nums  []int
	strs  []string
	text  string // as the rule says it

	number int      // among the conditions of its circle, from 0
	said   struct { // made once, of what compares with constants
		need   string
		values []string
	}
}

// holds evaluates a condition; false where something is unknown.
func (c *condition) holds(f *facts) bool {
	v, known := f.of(c.left)
	if !known {
		return false
	}
	if c.other == attrs {
		return c.compare(v, c.nums, c.strs)
	}
	nums, strs := c.against(f)
	return (nums != nil || strs != nil || attributes[c.other].kind == list) && c.compare(v, nums, strs)
}

func (c *condition) compare(v value, nums []int, strs []string) bool {
	switch attributes[c.left].kind {
	case boolean:
		return v.b == (c.test == isTrue)
	case list:
		return slices.Contains(v.ss, strs[0]) == (c.test == contains)
	case words:
		return slices.Contains(strs, v.s) == (c.test == equals || c.test == oneOf)
	default:
		return compareNumber(c.test, v.n, nums)
	}
}

func compareNumber(t test, n int, with []int) bool {
	switch t {
	case equals, oneOf:
		return slices.Contains(with, n)
	case differs, noneOf:
		return !slices.Contains(with, n)
	case below:
		return n < with[0]
	case atMost:
		return n <= with[0]
	case above:
		return n > with[0]
	case atLeast:
		return n >= with[0]
	default:
		return false
	}
}

// against returns what a condition compares with, where f stands.
func (c *condition) against(f *facts) (nums []int, strs []string) {
	if c.other == attrs {
		return c.nums, c.strs
	}
	v, known := f.of(c.other)
	switch {
	case !known:
		return nil, nil
	case attributes[c.other].kind == list:
		return nil, v.ss
	case attributes[c.other].kind == number:
		return []int{v.n}, nil
	default:
		return nil, []string{v.s}
	}
}

// key tells conditions apart.
func (c *condition) key() string {
	var b strings.Builder
	for _, n := range append([]int{int(c.left), int(c.test), int(c.other)}, c.nums...) {
		b.WriteString(strconv.Itoa(n))
		b.WriteByte(' ')
	}
	for _, s := range c.strs {
		b.WriteString(strconv.Quote(s))
	}
	return b.String()
}
