package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/identity/verifier"
	"lifecircle/internal/problem"
)

// Options are the parts that New joins.
type Options struct {
	// Verifiers, in the order in which they are tried for an application that
	// names none.
	Verifiers []verifier.Verifier

	// Changed is told after the commit whose rights have changed. With nil, as in
	// a command beside the server, the change is left to a server to tell.
	Changed func(user id.ID)

	Log *slog.Logger // nil: slog.Default()
}

// Service is the identity service. Run must run for as long as it is used by a
// server.
type Service struct {
	pool       *pgxpool.Pool
	keys       *verifier.Keys
	o          Options
	inProgress idempotency.InProgress
}

// New returns a service on a database with our schema.
func New(pool *pgxpool.Pool, keys *verifier.Keys, o Options) *Service {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Service{pool: pool, keys: keys, o: o}
}

// Run asks verifiers what became of applications that they have not told us
// about, ends those whose time is over, and has verifiers forget what is
// decided, until ctx ends. Several nodes may run at once.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := s.look(ctx); err != nil && ctx.Err() == nil {
			s.o.Log.Warn("look after verifications", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// look does what is due. One that fails is logged and comes again later.
func (s *Service) look(ctx context.Context) error {
	due, err := claimDue(ctx, s.pool, s.verifierNames())
	if err != nil {
		return err
	}
	for _, v := range due {
		if _, err := s.Settle(ctx, v); err != nil && ctx.Err() == nil {
			s.o.Log.Warn("look after a verification", "verification", v, "err", err)
		}
	}
	return nil
}

// Told is what verifiers call when they have decided: the id is that of a
// verification, or nothing happens. Whoever calls it proves nothing by it: the
// verifier is asked.
func (s *Service) Told(ctx context.Context, name string) {
	v, err := id.Parse(name)
	if err != nil {
		return
	}
	if _, err := s.Settle(ctx, v); err != nil && ctx.Err() == nil {
		s.o.Log.Warn("settle a verification", "verification", v, "err", err) // look comes back to it
	}
}

func (s *Service) verifierNames() []string {
	names := make([]string, len(s.o.Verifiers))
	for i, v := range s.o.Verifiers {
		names[i] = v.Name()
	}
	return names
}

func (s *Service) verifier(name string) verifier.Verifier {
	i := slices.Index(s.verifierNames(), name)
	if i < 0 {
		return nil
	}
	return s.o.Verifiers[i]
}

var (
	errSignIn    = problem.New(problem.Unauthorized, "Sign in first.")
	errSuspended = &problem.Problem{Code: problem.Banned, Detail: "This account is suspended.", Rule: []problem.Clause{
		{Clause: "account", Have: "suspended", Need: "an account in good standing", How: "write to the operator"},
	}}
	errNotFound = problem.New(problem.VerificationNotFound, "There is no such verification.")
	errNobody   = errors.New("no verifier of this name here")
)

const retryLater = 10 * time.Second

// away says that a verifier did not do its work.
func away(name string, err error) error {
	if problem.From(err) != nil {
		return err
	}
	p := &problem.Problem{Code: problem.Unavailable, Detail: "The verifier does not answer just now.", RetryAfter: retryLater}
	return fmt.Errorf("%w: ask %s: %w", p, name, err)
}
