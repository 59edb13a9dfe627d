package model

import "fmt"

// hintSteps is how far ahead a hint looks for the next point.
const hintSteps = 36

// next says what the next gain of an item is, such as "+3 at 30 months": the
// fewest more of it that raise the points before the gates, and by how much.
// It is empty where nothing more can be done, or nothing but not to do again.
func next(f *figures, item string) string {
	more, name := lever(item)
	if more == nil {
		return ""
	}
	before := raw(f)
	for n := 1; n <= hintSteps; n++ {
		after := *f
		value, ok := more(&after, n)
		if !ok {
			return ""
		}
		if gain := raw(&after) - before; gain > 0 {
			return fmt.Sprintf("+%d at %s", gain, amount(value, name))
		}
	}
	return ""
}

func amount(n int, name string) string {
	switch {
	case name == "level":
		return fmt.Sprintf("level %d", n)
	case name == "attribute":
		return "one verified attribute"
	case n == 1:
		return "1 " + name
	case name == "person a month":
		return fmt.Sprintf("%d people a month", n)
	default:
		return fmt.Sprintf("%d %s", n, plural(name))
	}
}

func plural(name string) string {
	if name == "counterparty" {
		return "counterparties"
	}
	return name + "s"
}

// lever returns how n more of an item change the figures, what its value then
// is, and whether there can be so many.
func lever(item string) (func(f *figures, n int) (int, bool), string) {
	switch item {
	case "clean_months":
		return func(f *figures, n int) (int, bool) {
			f.cleanMonths += n
			return f.cleanMonths, f.cleanMonths <= windowMonths
		}, "month"
	case "counterparties":
		return func(f *figures, n int) (int, bool) {
			f.addCounterparties(n)
			return f.counterparties, true
		}, "counterparty"
	case "obligations":
		return func(f *figures, n int) (int, bool) { f.kept += n; return f.kept, true }, "kept obligation"
	case "conduct_appreciation":
		return func(f *figures, n int) (int, bool) {
			f.appreciation += float64(n)
			f.people += n * appreciationMonths
			return f.people / appreciationMonths, true
		}, "person a month"
	case "conduct_months", "identity_months":
		return func(f *figures, n int) (int, bool) {
			f.months += n
			return f.months, f.months <= 36
		}, "month"
	case "identity_level":
		return func(f *figures, n int) (int, bool) {
			f.level += Level(n) //nolint:gosec // at most hintSteps
			return int(f.level), f.level <= LevelBank
		}, "level"
	case "identity_attribute":
		return func(f *figures, n int) (int, bool) { ok := !f.attribute && n == 1; f.attribute = true; return 1, ok }, "attribute"
	case "contacts":
		return func(f *figures, n int) (int, bool) { f.contacts += contactPoints * float64(n); return n, true }, "more contact"
	default:
		return nil, ""
	}
}

// addCounterparties adds transactions with n new people of median trust.
func (f *figures) addCounterparties(n int) {
	f.counterparties += n
	f.transactions += n
	f.trustOfThem += float64(n)
}
