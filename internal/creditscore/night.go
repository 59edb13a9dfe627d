package creditscore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/id"
)

const (
	nightHour = 4                // by the clocks of Shanghai
	chunkSize = 500              // people in a transaction of a run
	lease     = 2 * time.Minute  // a run whose node has been silent for so long is another's
	trustTime = 30 * time.Minute // the lease while trust is made
)

// shanghai is where nights are counted. Its offset has not changed since 1991.
var shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// LastNight returns the latest moment, at or before now, at which a run is due.
func LastNight(now time.Time) time.Time {
	y, m, d := now.In(shanghai).Date()
	at := time.Date(y, m, d, nightHour, 0, 0, 0, shanghai)
	if at.After(now) {
		at = at.AddDate(0, 0, -1)
	}
	return at
}

// nightsBetween counts the nights after one moment, up to and with another.
func nightsBetween(from, to time.Time) int {
	return int(LastNight(to).Sub(LastNight(from)) / (24 * time.Hour))
}

// ErrFuture is returned for a run of a moment that is still to come.
var ErrFuture = errors.New("the moment is still to come")

// RunNight publishes everybody's score as of a moment, normally a LastNight,
// and tells whether this call did so to the end: not if it had been done
// before, another node is at it, or a later one has been. What another node
// has left undone is done first.
func (s *Service) RunNight(ctx context.Context, asOf time.Time) (done bool, err error) {
	select {
	case s.running <- struct{}{}: // the demo and a night that is due may come together
		defer func() { <-s.running }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if err := s.Collect(ctx); err != nil {
		return false, err
	}
	for {
		run, err := s.claim(ctx, asOf)
		if err != nil || run == nil {
			return false, err
		}
		if err := s.night(ctx, run); err != nil {
			return false, fmt.Errorf("run the night of %s: %w", run.asOf.Format(time.DateTime), err)
		}
		if run.asOf.Equal(asOf) {
			return true, nil
		}
	}
}

// due returns the moment of a run that is due; zero: none is.
func (s *Service) due(ctx context.Context, now time.Time) (time.Time, error) {
	at := LastNight(now)
	latest, err := latestRun(ctx, s.pool)
	if err != nil {
		return at, err
	}
	if latest.Before(at) {
		return at, nil
	}
	left, err := unfinishedRun(ctx, s.pool, now)
	return left, err
}

// run is a nightly run that this node has claimed.
type run struct {
	asOf     time.Time
	nights   int
	progress id.ID // the last user before whom nobody is left
	hasTrust bool
	trust    model.Trust
}

func (s *Service) night(ctx context.Context, r *run) error {
	begin := time.Now()
	t, err := s.table(ctx, r.asOf)
	if err != nil {
		return err
	}
	f := Figures{AsOf: r.asOf, NewAccounts: t.newAccounts, LinksOfNew: float64(t.linksOfNew) / float64(max(1, t.newAccounts)), made: !r.hasTrust, counted: r.progress == 0}
	if !r.hasTrust {
		if err := s.storeTrust(ctx, r.asOf, t); err != nil {
			return err
		}
	}
	r.trust = t.lookup()
	var spread model.Spread
	if f.People, err = s.publishAll(ctx, r, &spread); err != nil {
		return err
	}
	if err := s.endNight(ctx, r, &f, &spread); err != nil {
		return err
	}
	f.Took = time.Since(begin)
	s.Log.Info("scores are published", "as_of", r.asOf.Format(time.RFC3339), "people", f.People, "links", t.links, "took", f.Took.Round(time.Millisecond))
	s.Observe(f)
	return nil
}

// endNight ends a run whose people are all done, and judges what has come of it.
func (s *Service) endNight(ctx context.Context, r *run, f *Figures, spread *model.Spread) error {
	now, err := s.now(ctx, s.pool)
	if err != nil {
		return err
	}
	var counted []int
	if f.counted {
		counted = spread.Bins()
	}
	if err := endRun(ctx, s.pool, s.Node, r, counted, now); err != nil {
		return err
	}
	return s.judge(ctx, f, spread)
}
