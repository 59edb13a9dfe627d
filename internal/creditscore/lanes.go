package creditscore

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/id"
	"lifecircle/internal/pg"
)

// lanes is how many chunks of a night are published at the same time: one for
// each core, and never more than half of the connections, so that those who
// only want to read find some.
func lanes(pool *pgxpool.Pool) int {
	return max(1, min(runtime.GOMAXPROCS(0), int(pool.Config().MaxConns)/2))
}

// chunk is people whose scores are published in one transaction.
type chunk struct {
	users  []id.ID // rising
	joined map[id.ID]time.Time
}

func (c chunk) last() id.ID { return c.users[len(c.users)-1] }

// publishAll publishes the scores of all who are left, in the order of their
// ids with Lanes chunks at the same time, adds the active to spread and returns
// how many people there were. The first failure ends it, when the chunks that are under way have ended.
func (s *Service) publishAll(ctx context.Context, r *run, spread *model.Spread) (people int, err error) {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(s.Lanes)
	f := &frontier{s: s, run: r, ended: map[id.ID]chunk{}, spread: spread}
	for after := r.progress; ; {
		var c chunk
		if c, err = nextChunk(ctx, s.pool, r, after, s.Chunk); err != nil || len(c.users) == 0 {
			break
		}
		before := after
		after = c.last()
		people += len(c.users)
		g.Go(func() error { // waits while all lanes are taken
			counted, err := s.chunk(ctx, r, c)
			if err != nil {
				return err
			}
			return f.end(ctx, before, c, counted)
		})
	}
	if failed := g.Wait(); failed != nil {
		return people, failed
	}
	return people, err
}

// frontier is how far a run has come: everybody up to run.progress is done, and
// so are chunks beyond it. Whoever takes over does those again, which changes
// nothing.
type frontier struct {
	s      *Service
	mu     sync.Mutex // guards what follows, and is held while progress is written: the lanes alone wait for it
	run    *run
	ended  map[id.ID]chunk // beyond progress, by the user before their first
	spread *model.Spread   // of the active
}

// end notes that a chunk has been published, and renews the lease.
func (f *frontier) end(ctx context.Context, before id.ID, c chunk, active []int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, score := range active {
		f.spread[score]++
	}
	f.ended[before] = c
	progress, people := f.run.progress, 0
	for {
		next, ok := f.ended[progress]
		if !ok {
			break
		}
		delete(f.ended, progress)
		progress, people = next.last(), people+len(next.users)
	}
	now, err := f.s.now(ctx, f.s.pool)
	if err != nil {
		return err
	}
	if err := renewLease(ctx, f.s.pool, f.s.Node, f.run, progress, people, now); err != nil {
		return err
	}
	f.run.progress = progress
	return nil
}

// chunk publishes the scores of these people, if the run is still this node's,
// and returns those of the active.
func (s *Service) chunk(ctx context.Context, r *run, c chunk) (active []int, err error) {
	var changed []id.ID
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		if err := holdRun(ctx, tx, s.Node, r); err != nil {
			return err
		}
		changed, active, err = s.publishNight(ctx, tx, r, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, user := range changed {
		s.Changed(user)
	}
	return active, nil
}

// publishNight publishes the scores of these people and returns whose changed, and the scores of the active.
// Whose score was changed since the run began is left to the next one.
func (s *Service) publishNight(ctx context.Context, tx pgx.Tx, r *run, c chunk) (changed []id.ID, counted []int, err error) {
	rows, err := lockScores(ctx, tx, c.users)
	if err != nil {
		return nil, nil, err
	}
	mine := c.users[:0:0]
	for _, user := range c.users {
		row := rows[user]
		if row != nil { // a score of before must not follow from something dated before it
			c.joined[user] = r.asOf
		}
		if row == nil || row.asOf.Before(r.asOf) && !row.changed.After(r.asOf) {
			mine = append(mine, user)
		}
	}
	events, err := readEvents(ctx, tx, mine, r.asOf)
	if err != nil {
		return nil, nil, err
	}
	if err := s.addIdentity(ctx, tx, r.asOf, mine, c.joined, events); err != nil {
		return nil, nil, err
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
		if active(events[user], r.asOf) {
			counted = append(counted, next.score)
		}
	}
	return changed, counted, b.write(ctx, tx)
}
