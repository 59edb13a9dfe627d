package payments

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"lifecircle/internal/cursor"
	"lifecircle/internal/groupcommit"
	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/pg"
	"lifecircle/internal/problem"
	"lifecircle/payments/provider"
)

// Options of a Service; zero values take the defaults.
type Options struct {
	Posts     Posts
	Circles   Circles
	Audience  Audience // nil: nobody listens
	Providers []provider.Provider
	Log       *slog.Logger
	Commit    groupcommit.Options
	BaseURL   string // of the web client, where a provider's page sends the payer back to; empty: paths

	// Unlimited lifts the standard limits of tips a day and a month; what a
	// payer has set himself still holds.
	Unlimited bool

	// Idle leaves what waits for a provider or a date to other nodes: for
	// commands beside servers.
	Idle bool

	// Alarm is told of what an operator must look at: a name from alarms.go.
	// The log has the details. Nil: the log only.
	Alarm func(what string)
}

// Service is money on one node. Its methods may be called from many
// goroutines; those that change something need Run to be running.
type Service struct {
	pool       *pgxpool.Pool
	posts      Posts
	circles    Circles
	audience   Audience
	providers  map[string]provider.Provider
	log        *slog.Logger
	cursors    *cursor.Sealer
	commits    *groupcommit.Committer[*command]
	inProgress idempotency.InProgress
	baseURL    string
	unlimited  bool
	idle       bool
	alarm      func(string)
	look       chan struct{} // a withdrawal waits to be paid out
	slots      chan id.ID    // of our accounts, that no batch of this node uses just now
}

// New returns a Service on a migrated database.
func New(ctx context.Context, pool *pgxpool.Pool, o Options) (*Service, error) {
	var key []byte
	if err := pool.QueryRow(ctx, `SELECT cursor_key FROM deployment`).Scan(&key); err != nil {
		return nil, fmt.Errorf("read the key of cursors: %w", err)
	}
	s := &Service{
		pool: pool, posts: o.Posts, circles: o.Circles, audience: o.Audience, log: o.Log, cursors: cursor.NewSealer(key), baseURL: o.BaseURL,
		unlimited: o.Unlimited, idle: o.Idle, alarm: o.Alarm, providers: map[string]provider.Provider{}, look: make(chan struct{}, 1),
	}
	if s.audience == nil {
		s.audience = nobody{}
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.alarm == nil {
		s.alarm = func(string) {}
	}
	for _, p := range o.Providers {
		if _, known := accountOf[p.Name()]; !known {
			return nil, fmt.Errorf("there is no account for the provider %q", p.Name())
		}
		s.providers[p.Name()] = p
	}
	s.commits = groupcommit.New(o.Commit, s.flush)
	s.slots = make(chan id.ID, slots)
	for _, i := range rand.Perm(slots) { //nolint:gosec // other nodes begin elsewhere
		s.slots <- id.ID(1 + i)
	}
	return s, nil
}

// Run commits what the other methods queue, and unless it is idle looks after
// what waits for a provider or a date, until ctx ends and the queue is empty.
func (s *Service) Run(ctx context.Context) error {
	var g errgroup.Group
	commits, stop := context.WithCancel(context.WithoutCancel(ctx))
	g.Go(func() error { return s.commits.Run(commits) })
	var watches errgroup.Group
	if !s.idle {
		watches.Go(func() error { return s.watchProviders(ctx) })
		watches.Go(func() error { return s.watchHolds(ctx) })
		watches.Go(func() error { return s.watchBooks(ctx) })
	}
	g.Go(func() error {
		<-ctx.Done()
		defer stop() // the watches commit through the queue
		return watches.Wait()
	})
	return g.Wait()
}

// Queued returns how many changes wait for a commit at this moment.
func (s *Service) Queued() int { return s.commits.Queued() }

// Crowded tells whether any change would be refused as Overloaded just now.
func (s *Service) Crowded() bool { return s.commits.Crowded() }

// Providers returns the names of the providers that can be used, sorted.
func (s *Service) Providers() []string { return sortedKeys(s.providers) }

const retryLater = time.Second // what an overloaded or unreachable part asks people to wait

// outward turns the errors of the parts below into problems where they mean
// something outside.
func outward(err error) error {
	switch {
	case err == nil || problem.From(err) != nil:
		return err
	case errors.Is(err, groupcommit.ErrFull):
		return &problem.Problem{Code: problem.Overloaded, Detail: "Too many people are paying just now.", RetryAfter: retryLater}
	case errors.Is(err, groupcommit.ErrClosed), pg.IsUnavailable(err):
		away := &problem.Problem{Code: problem.Unavailable, Detail: "The service is restarting.", RetryAfter: retryLater}
		return fmt.Errorf("%w: %w", away, err) // the cause is for the log
	default:
		return err
	}
}

var (
	errSuspended      = refusal(problem.Banned, "This account is suspended.", problem.Clause{Clause: "account", Have: "suspended", Need: "an account in good standing", How: "write to the operator"})
	errSignIn         = problem.New(problem.Unauthorized, "Sign in first.")
	errKeyMissing     = problem.New(problem.IdempotencyKeyNeeded, "Moving money takes an Idempotency-Key, so that a repeated request moves it once.")
	errCircleNotFound = problem.New(problem.CircleNotFound, "There is no such circle.")
	errTipNotFound    = problem.New(problem.TipNotFound, "There is no such tip.")
)

// refusal says which rule stands against an action.
func refusal(code problem.Code, detail string, rule problem.Clause) error {
	return &problem.Problem{Code: code, Detail: detail, Rule: []problem.Clause{rule}}
}

// pause waits; false if ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
