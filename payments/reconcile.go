package payments

import (
	"context"
	"fmt"
	"time"

	"lifecircle/internal/id"
	"lifecircle/internal/money"
	"lifecircle/internal/problem"
	"lifecircle/payments/provider"
)

// Comparison is a provider's books of a day beside ours.
type Comparison struct {
	Provider    string       `json:"provider"`
	Day         string       `json:"day"` // in Asia/Shanghai
	StartedAt   time.Time    `json:"started_at"`
	FinishedAt  time.Time    `json:"finished_at"`
	Matched     int64        `json:"matched"` // lines of theirs that are as ours
	Differences []Difference `json:"differences"`
}

// Difference is something that one of us has booked otherwise.
type Difference struct {
	Code   Code          `json:"code"`
	Kind   provider.Kind `json:"kind"`
	ID     string        `json:"id"`     // ours, of the top-up or withdrawal, as far as it is known
	Ref    string        `json:"ref"`    // theirs
	Cause  string        `json:"cause"`  // in words, and what was done about it
	Ours   *int64        `json:"ours"`   // fen; null: we have nothing
	Theirs *int64        `json:"theirs"` // fen; null: they have nothing
}

// Code says what kind of a difference it is. Codes are never renamed.
type Code string

// The codes.
const (
	MissingHere   Code = "missing_here"   // they were paid, or have paid, and we did not know
	MissingThere  Code = "missing_there"  // we have booked it and they have not
	AmountDiffers Code = "amount_differs" // or the currency
	TwiceThere    Code = "twice_there"
	UnknownID     Code = "unknown_id"     // it is none of ours
	StatusDiffers Code = "status_differs" // they have paid out what we call failed
	RefundedThere Code = "refunded_there" // they have given a payment back
)

const (
	booksAt      = 4 * time.Hour    // after midnight in Shanghai, the day before is compared
	booksDays    = 7                // so many days back
	booksEvery   = time.Minute      // how late
	booksTime    = 10 * time.Minute // of one comparison
	booksClaim   = 15 * time.Minute // how long one node has it for itself; then it is tried again
	booksOverdue = 36 * time.Hour   // after its end, a day without a comparison is an operator's matter
	edge         = 24 * time.Hour   // between their booking and ours
)

// watchBooks compares the days of which there is no finished comparison, until
// ctx ends. Of several nodes one does it; if that dies or the provider is away,
// any node tries again after booksClaim.
func (s *Service) watchBooks(ctx context.Context) error {
	for pause(ctx, booksEvery) {
		s.compareDue(ctx, time.Now())
	}
	return nil
}

func (s *Service) compareDue(ctx context.Context, now time.Time) {
	for _, name := range s.Providers() {
		for _, day := range dueDays(now) {
			mine, err := s.claimDay(ctx, name, day, now)
			if err == nil && mine {
				_, err = s.reconcile(ctx, name, day, now)
			}
			if err == nil || ctx.Err() != nil {
				continue
			}
			s.log.Warn("compare a provider's books", "provider", name, "day", day.Format(time.DateOnly), "err", err)
			if now.Sub(day.AddDate(0, 0, 1)) > booksOverdue {
				s.raise(alarmDifference, "a provider's books of a day cannot be compared", "provider", name, "day", day.Format(time.DateOnly))
			}
		}
	}
}

// dueDays are the last days whose books should have been compared by now,
// oldest first, each as its beginning.
func dueDays(now time.Time) (days []time.Time) {
	last := beginOfDay(now.Add(-booksAt)).AddDate(0, 0, -1)
	for i := range booksDays {
		days = append(days, last.AddDate(0, 0, i+1-booksDays))
	}
	return days
}

func beginOfDay(t time.Time) time.Time {
	y, m, d := t.In(shanghai).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, shanghai)
}

// Reconcile compares what a provider has booked on a day, that of Asia/Shanghai
// in which the time lies, with ours, stores the differences in the place of
// those of an earlier comparison, and raises an alarm for each. What they were
// paid and we did not know is settled at once. Of a day that is not over, it
// compares what there is. It fails with ProviderUnknown, with a day to come, and
// when the provider's books cannot be read.
func (s *Service) Reconcile(ctx context.Context, provider string, day time.Time) (Comparison, error) {
	now := time.Now()
	if s.providers[provider] == nil {
		return Comparison{}, problem.New(problem.ProviderUnknown, "There is no provider %q here.", provider)
	}
	day = beginOfDay(day)
	if day.After(now) {
		return Comparison{}, fmt.Errorf("the day %s is still to come", day.Format(time.DateOnly))
	}
	if err := s.startComparison(ctx, provider, day, now); err != nil {
		return Comparison{}, err
	}
	return s.reconcile(ctx, provider, day, now)
}

// reconcile does it, after a claim.
func (s *Service) reconcile(ctx context.Context, name string, day, now time.Time) (Comparison, error) {
	out := Comparison{Provider: name, Day: day.Format(time.DateOnly), StartedAt: now.UTC(), Differences: []Difference{}}
	ctx, cancel := context.WithTimeout(ctx, booksTime)
	defer cancel()
	b, err := s.readBooks(ctx, s.providers[name], day, now)
	if err != nil {
		err = fmt.Errorf("compare the books of %s of %s: %w", name, out.Day, err)
		s.failComparison(ctx, name, day, err)
		return out, err
	}
	out.Matched, out.Differences = b.compare()
	for i := range out.Differences {
		d := &out.Differences[i]
		s.raise(alarmDifference, d.Cause, "provider", name, "day", out.Day, "code", d.Code, "kind", d.Kind, "id", d.ID, "ref", d.Ref)
		if d.Code == MissingHere {
			d.Cause += s.catchUp(ctx, name, *d)
		}
	}
	out.FinishedAt = time.Now().UTC().Truncate(time.Microsecond)
	return out, s.finishComparison(ctx, day, out)
}

// readBooks reads theirs of the day, and ours that may belong to it.
func (s *Service) readBooks(ctx context.Context, p provider.Provider, day, now time.Time) (b books, err error) {
	b.from, b.to = day, day.AddDate(0, 0, 1)
	if b.lines, err = p.Book(ctx, b.from, earlier(b.to, now)); err != nil {
		return b, err
	}
	if b.ours, err = s.readBookings(ctx, p.Name(), b); err != nil {
		return b, err
	}
	before, after := b.looksAround()
	if before {
		if b.before, err = p.Book(ctx, b.from.Add(-edge), b.from); err != nil {
			return b, err
		}
	}
	if end := earlier(b.to.Add(edge), now); after && end.After(b.to) {
		// They book before we do, unless the clocks differ: who has not closed
		// that day yet need not tell.
		if b.after, err = p.Book(ctx, b.to, end); err != nil {
			s.log.Info("a provider does not show the day after yet", "provider", p.Name(), "err", err)
		}
	}
	return b, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// catchUp asks the provider about something that we have missed and settles
// it. It returns what came of that, as the end of a sentence.
func (s *Service) catchUp(ctx context.Context, name string, d Difference) string {
	event, err := s.ask(ctx, name, d)
	if err == nil && event.State == provider.Paid {
		err = s.settle(ctx, name, event)
	}
	switch {
	case err != nil:
		s.log.Warn("settle what a comparison has found", "provider", name, "id", d.ID, "err", err)
		return " It could not be settled: ask again."
	case event.State == provider.Paid:
		return " It was settled when we found out."
	default:
		return fmt.Sprintf(" Asked again, they call it %s.", event.State)
	}
}

func (s *Service) ask(ctx context.Context, name string, d Difference) (provider.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	subject, err := id.Parse(d.ID)
	if err != nil {
		return provider.Event{}, err
	}
	if d.Kind == provider.Payment {
		row, err := s.readTopUp(ctx, subject)
		if err != nil {
			return provider.Event{}, err
		}
		return s.providers[name].Payment(ctx, row.order(s.baseURL))
	}
	row, err := s.readWithdrawal(ctx, subject)
	if err != nil {
		return provider.Event{}, err
	}
	return s.providers[name].Payout(ctx, row.payout()) // they have booked it: nothing is paid again
}

// theirs writes what a line says, with a currency that is not ours.
func theirs(l provider.Line) string {
	if l.Amount.Currency != money.CNY {
		return fmt.Sprintf("%d of the smallest unit of %s", l.Amount.Amount, l.Amount.Currency)
	}
	return fmt.Sprintf("%d fen", l.Amount.Amount)
}
