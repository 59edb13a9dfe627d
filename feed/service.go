package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"

	"lifecircle/internal/circlelog"
	"lifecircle/internal/cursor"
	"lifecircle/internal/groupcommit"
	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/pg"
	"lifecircle/internal/problem"
)

// Audience is told what happened, after the commit and before the caller has
// his answer. Its methods are called from several goroutines, for one circle
// nearly always in the order of its log (who must be sure goes by the
// offsets), and must not block.
type Audience interface {
	Published(events []circlelog.Event)
	Counted(post id.Post, counts Counts)
}

// Options of a Service; zero values take the defaults.
type Options struct {
	Audience Audience // nil: nobody listens
	Log      *slog.Logger
	Commit   groupcommit.Options
	Tracer   trace.Tracer // of commits for traced requests; nil: there are none

	Rights    Rights // nil: nothing is known of anybody
	Photos    Photos // nil: there are none
	AdultTips bool   // tips take a verified adult
}

// Service is the feed on one node. Its methods may be called from many
// goroutines; those that change something need Run to be running.
type Service struct {
	pool       *pgxpool.Pool
	audience   Audience
	log        *slog.Logger
	tracer     trace.Tracer // nil: nothing is traced
	cursors    *cursor.Sealer
	commits    *groupcommit.Committer[*command]
	inProgress idempotency.InProgress
	window     *window
	rights     Rights
	photos     Photos
	adultTips  bool
	rules      *ruleCache
	queued     atomic.Int64      // bytes of text that wait for a commit
	uncertain  chan set[id.Post] // posts of batches that may or may not have been committed
}

// New returns a Service on a migrated database.
func New(ctx context.Context, pool *pgxpool.Pool, o Options) (*Service, error) {
	var key []byte
	if err := pool.QueryRow(ctx, `SELECT cursor_key FROM deployment`).Scan(&key); err != nil {
		return nil, fmt.Errorf("read the key of cursors: %w", err)
	}
	s := &Service{
		pool: pool, audience: o.Audience, log: o.Log, tracer: o.Tracer, cursors: cursor.NewSealer(key), window: newWindow(),
		uncertain: make(chan set[id.Post], maxUncertain),
	}
	s.rights, s.adultTips, s.photos = o.Rights, o.AdultTips, o.Photos
	if s.rights == nil {
		s.rights = nobodyKnown{}
	}
	if s.photos == nil {
		s.photos = noPhotos{}
	}
	if s.audience == nil {
		s.audience = nobody{}
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.rules = newRuleCache(s.log)
	s.commits = groupcommit.New(o.Commit, s.flushQueued)
	return s, nil
}

// Run commits what the other methods queue, until ctx ends and the queue is
// empty.
func (s *Service) Run(ctx context.Context) error {
	var g errgroup.Group
	g.Go(func() error { return s.commits.Run(ctx) })
	g.Go(func() error { return s.recount(ctx) })
	g.Go(func() error { return idempotency.Sweep(ctx, s.pool, s.log) })
	return g.Wait()
}

// Queued returns how many changes wait for a commit at this moment.
func (s *Service) Queued() int { return s.commits.Queued() }

// Crowded tells whether any change would be refused as Overloaded at this
// moment, so that the edges can refuse it before they look at it.
func (s *Service) Crowded() bool { return s.commits.Crowded() }

// publish tells the audience of events, just committed under ctx.
func (s *Service) publish(ctx context.Context, events []circlelog.Event) {
	at, cause := time.Now(), trace.SpanContextFromContext(ctx)
	for i := range events {
		events[i].At, events[i].Cause = at, cause
	}
	s.audience.Published(events)
}

type nobody struct{}

func (nobody) Published([]circlelog.Event) {}
func (nobody) Counted(id.Post, Counts)     {}

// retryLater is what an overloaded or unreachable part asks people to wait.
const retryLater = time.Second

// outward turns the errors of the parts below into problems where they mean
// something outside.
func outward(err error) error {
	switch {
	case err == nil || problem.From(err) != nil:
		return err
	case errors.Is(err, groupcommit.ErrFull):
		return &problem.Problem{Code: problem.Overloaded, Detail: "Too many people are writing just now.", RetryAfter: retryLater}
	case errors.Is(err, groupcommit.ErrClosed), pg.IsUnavailable(err):
		away := &problem.Problem{Code: problem.Unavailable, Detail: "The service is restarting.", RetryAfter: retryLater}
		return fmt.Errorf("%w: %w", away, err) // the cause is for the log
	default:
		return err
	}
}
