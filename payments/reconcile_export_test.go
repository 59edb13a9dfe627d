package payments

import (
	"context"
	"time"

	"lifecircle/internal/id"
	"lifecircle/payments/provider"
)

// CompareDue is what the watch over books does each minute.
func (s *Service) CompareDue(ctx context.Context, now time.Time) { s.compareDue(ctx, now) }

// DueDays are the days that should have been compared by now.
var DueDays = dueDays

// Books are two sides of a day, for tests of what is pure.
type Books struct{ books }

// NewBooks returns those of a day that begins then, with nothing in them.
func NewBooks(day time.Time) *Books { return &Books{books{from: day, to: day.AddDate(0, 0, 1)}} }

// Ours adds a booking of ours.
func (b *Books) Ours(kind provider.Kind, of id.ID, fen int64, status Status, ended time.Time) {
	b.ours = append(b.ours, booking{kind: kind, id: of, ref: "ref-" + of.String(), amount: fen, status: status, ended: ended})
}

// Theirs adds a line to the day to which it belongs.
func (b *Books) Theirs(l provider.Line) {
	switch {
	case l.At.Before(b.from):
		b.before = append(b.before, l)
	case l.At.Before(b.to):
		b.lines = append(b.lines, l)
	default:
		b.after = append(b.after, l)
	}
}

// Compare finds the differences.
func (b *Books) Compare() (int64, []Difference) { return b.compare() }
