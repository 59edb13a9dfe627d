package model

import (
	"math"
	"time"

	"lifecircle/internal/id"
)

const halfLifeDays = 180 // of penalties and upheld reports

// figures are the numbers that the curves take: counts, and sums of trust in
// place of counts of people.
type figures struct {
	months    int // whole months since joining
	level     Level
	attribute bool
	revoked   bool
	trusted   bool    // the trust gate is open
	own       float64 // trust, in relation to the median

	cleanMonths    int
	transactions   int
	reversals      int
	counterparties int
	trustOfThem    float64 // sum, each at most 1
	kept, broken   int
	negativeDays   int

	reports      float64 // upheld, and removals by trust; each halved every 180 days
	items        int
	appreciation float64 // sum of trust of distinct people, a month
	people       int     // the same, only counted, and over 12 months
	contacts     float64 // sum of min(3, 3 trust)
	penalties    int     // points, from 0 down
}

// tau is the mean trust of the distinct counterparties, and 0 without any.
func (f *figures) tau() float64 {
	if f.counterparties == 0 {
		return 0
	}
	return f.trustOfThem / float64(f.counterparties)
}

func weigh(in Inputs, t Trust, date time.Time) figures {
	f := figures{
		months: monthsBetween(in.Joined, date), level: in.LevelAt(date), attribute: in.attributeAt(date), revoked: in.Revoked,
		own: t.Of(in.User), cleanMonths: in.CleanMonths, transactions: in.Transactions, reversals: in.Reversals,
		counterparties: len(in.Counterparties), trustOfThem: sum(in.Counterparties, t),
		kept: in.Kept, broken: in.Broken, negativeDays: in.NegativeDays, items: in.Items,
		contacts: float64(contactPoints * sum(in.Contacts, t)),
	}
	f.trusted = in.SupposedTrusted || f.own >= t.Threshold
	for _, c := range in.Appreciations {
		f.appreciation += float64(t.share(c.Person) * float64(c.Months))
		f.people += c.Months
	}
	f.appreciation /= appreciationMonths
	for _, at := range in.Reports {
		f.reports += left(at, date)
	}
	for _, r := range in.Removals {
		f.reports += float64(t.share(r.By) * left(r.At, date))
	}
	for _, p := range in.Penalties {
		f.penalties += p.pointsAt(date)
	}
	return f
}

func sum(people []id.ID, t Trust) (total float64) {
	for _, p := range people {
		total += t.share(p)
	}
	return total
}

// left is what is left of something after its half-life of 180 days, in whole days.
func left(at, date time.Time) float64 {
	days := math.Floor(date.Sub(at).Hours() / 24)
	return math.Exp2(-max(0, days) / halfLifeDays)
}

// pointsAt returns what the penalty takes at a date, as a number from 0 down.
func (p Penalty) pointsAt(date time.Time) int {
	return -int(math.Round(float64(p.Code.points()) * left(p.At, date)))
}

// monthsBetween returns the whole months since somebody joined, by the
// calendar of date.
func monthsBetween(joined, date time.Time) int {
	if joined.IsZero() || joined.After(date) {
		return 0
	}
	y, m, d := joined.In(date.Location()).Date()
	yy, mm, dd := date.Date()
	months := (yy-y)*12 + int(mm-m)
	if dd < d {
		months--
	}
	return max(0, months)
}
