package creditscore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/id"
	"lifecircle/internal/pg"
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
	progress id.ID
	hasTrust bool
	trust    model.Trust
}

func (s *Service) night(ctx context.Context, r *run) error {
	begin := time.Now()
	t, err := s.table(ctx, r.asOf)
	if err != nil {
		return err
	}
	if !r.hasTrust {
		if err := s.storeTrust(ctx, r.asOf, t); err != nil {
			return err
		}
	}
	r.trust = t.lookup()
	users := 0
	for {
		n, err := s.chunk(ctx, r)
		if err != nil {
			return err
		}
		if users += n; n == 0 {
			break
		}
	}
	s.Log.Info("scores are published", "as_of", r.asOf.Format(time.RFC3339), "people", users, "links", t.links, "took", time.Since(begin).Round(time.Millisecond))
	return nil
}

// chunk publishes the scores of the next people, and returns how many they were.
func (s *Service) chunk(ctx context.Context, r *run) (n int, err error) {
	var changed []id.ID
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		changed = nil
		users, joined, err := nextUsers(ctx, tx, r, s.Chunk)
		if err != nil {
			return err
		}
		now, err := s.now(ctx, tx)
		if err != nil {
			return err
		}
		if n = len(users); n == 0 {
			return endRun(ctx, tx, s.Node, r, now)
		}
		if err := renewLease(ctx, tx, s.Node, r, users[n-1], n, now); err != nil {
			return err
		}
		changed, err = s.publishNight(ctx, tx, r, users, joined)
		if err == nil {
			r.progress = users[n-1]
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, user := range changed {
		s.Changed(user)
	}
	return n, nil
}

// publishNight publishes the scores of these people and returns whose changed.
// Whose score was changed since the run began is left to the next one.
func (s *Service) publishNight(ctx context.Context, tx pgx.Tx, r *run, users []id.ID, joined map[id.ID]time.Time) (changed []id.ID, err error) {
	rows, err := lockScores(ctx, tx, users)
	if err != nil {
		return nil, err
	}
	mine := users[:0:0]
	for _, user := range users {
		row := rows[user]
		if row != nil { // a score of before must not follow from something dated before it
			joined[user] = r.asOf
		}
		if row == nil || row.asOf.Before(r.asOf) && !row.changed.After(r.asOf) {
			mine = append(mine, user)
		}
	}
	events, err := readEvents(ctx, tx, mine, r.asOf)
	if err != nil {
		return nil, err
	}
	if err := s.addIdentity(ctx, tx, r.asOf, mine, joined, events); err != nil {
		return nil, err
	}
	var b scoreBatch
	for _, user := range mine {
		row := rows[user]
		next, step := compute(user, events[user], row, r.asOf, r.asOf, r.trust, model.Change{Step: model.Night, Nights: r.nights})
		b.add(user, next)
		if row == nil || row.score != next.score || row.computed != next.computed || row.pinned != next.pinned {
			b.tell(user, next, r.asOf, step, 0)
		}
		if row == nil || row.score != next.score {
			changed = append(changed, user)
		}
	}
	return changed, b.write(ctx, tx)
}
