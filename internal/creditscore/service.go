package creditscore

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"lifecircle/internal/cursor"
	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/pg"
	"lifecircle/internal/problem"
)

// Verified is what the score asks of somebody's identity.
type Verified struct {
	JoinedAt      time.Time
	Level         int       // 0 to 3
	StudentUntil  time.Time // zero: never was one
	EmployeeUntil time.Time
}

// Options of a Service; zero values take the defaults.
type Options struct {
	// Identity reads what is verified of people, those without an account left
	// out. Nil: nothing is verified of anybody.
	Identity func(ctx context.Context, tx pgx.Tx, users []id.ID) (map[id.ID]Verified, error)
	// Changed is told whose score, or whose notifications, became others, after
	// the commit. It must not block. Nil: nobody listens.
	Changed func(user id.ID)
	// Alarm is told when an operator should look, by one of Alarms; Observe what
	// each night has found. They must not block. Nil: nobody listens.
	Alarm   func(what string)
	Observe func(Figures)
	// Clock is asked instead of the database's; for tests.
	Clock func() time.Time
	Node  string // names this node among those that run nights; empty: a name of its own
	Log   *slog.Logger
	Chunk int // people per transaction of a nightly run; 0: chunkSize
	Lanes int // such transactions at the same time; 0: as lanes says
}

// Service is scores on one node. Its methods may be called from many goroutines.
type Service struct {
	Options
	pool    *pgxpool.Pool
	cursors *cursor.Sealer
	key     ed25519.PrivateKey
	seedKey []byte // of trust

	inProgress idempotency.InProgress
	running    chan struct{} // holds one while a night is run

	mu     sync.Mutex // guards tables
	tables map[time.Time]*trustTable
}

// New returns a Service on a migrated database.
func New(ctx context.Context, pool *pgxpool.Pool, o Options) (*Service, error) {
	s := &Service{Options: o, pool: pool, tables: map[time.Time]*trustTable{}, running: make(chan struct{}, 1)}
	var cursorKey, seed []byte
	if err := pool.QueryRow(ctx, `SELECT cursor_key, score_key, trust_key FROM deployment`).Scan(&cursorKey, &seed, &s.seedKey); err != nil {
		return nil, fmt.Errorf("read the keys of scores: %w", err)
	}
	s.cursors, s.key = cursor.NewSealer(cursorKey), ed25519.NewKeyFromSeed(seed)
	if s.Log == nil {
		s.Log = slog.Default()
	}
	if s.Node == "" {
		s.Node = id.New().String()
	}
	if s.Changed == nil {
		s.Changed = func(id.ID) {}
	}
	if s.Alarm == nil {
		s.Alarm = func(string) {}
	}
	if s.Observe == nil {
		s.Observe = func(Figures) {}
	}
	if s.Chunk <= 0 {
		s.Chunk = chunkSize
	}
	if s.Lanes <= 0 {
		s.Lanes = lanes(pool)
	}
	return s, nil
}

// PublicKey verifies the signatures of explanations.
func (s *Service) PublicKey() ed25519.PublicKey {
	return s.key.Public().(ed25519.PublicKey) //nolint:forcetypeassert // Ed25519 has no other
}

const collectEvery = 20 * time.Second

// Run collects events, runs the nights that are due and sweeps old
// notifications, until ctx ends. What fails is tried again.
func (s *Service) Run(ctx context.Context) error {
	var g errgroup.Group
	g.Go(func() error { return s.every(ctx, collectEvery, "collect score events", s.tick) })
	g.Go(func() error { return s.every(ctx, sweepEvery, "sweep notifications", s.sweepNotes) })
	return g.Wait()
}

// every does work at once and then again and again. A failure is logged once.
func (s *Service) every(ctx context.Context, pause time.Duration, what string, work func(context.Context) error) error {
	t := time.NewTimer(0)
	defer t.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		err := work(ctx)
		if err != nil && ctx.Err() == nil && !failing {
			s.Log.Warn("cannot "+what+"; trying again", "err", err)
		}
		failing = err != nil
		t.Reset(pause)
	}
}

// tick collects and runs a night that is due.
func (s *Service) tick(ctx context.Context) error {
	now, err := s.now(ctx, s.pool)
	if err != nil {
		return err
	}
	due, err := s.due(ctx, now)
	if err != nil {
		return err
	}
	if !due.IsZero() {
		_, err := s.RunNight(ctx, due)
		return err
	}
	return s.Collect(ctx)
}

// now is the database's clock, which is the same for all nodes.
func (s *Service) now(ctx context.Context, q querier) (now time.Time, err error) {
	if s.Clock != nil {
		return s.Clock().Truncate(time.Microsecond), nil
	}
	if err := q.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&now); err != nil {
		return now, fmt.Errorf("read the clock: %w", err)
	}
	return now, nil
}

// appendLock is held shared by all who append score events and alone by who
// begins a run, see writer.
const appendLock = 0x73636f7265

// writer is a transaction that appends score events. While it lasts no run
// begins; floor is the latest that has begun, and nothing is dated before it, so
// that what a run has read stays what it was.
type writer struct {
	s          *Service
	tx         pgx.Tx
	now, floor time.Time
	changed    []id.ID
}

func (s *Service) write(ctx context.Context, work func(context.Context, *writer) error) error {
	var changed []id.ID
	err := pg.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		w := &writer{s: s, tx: tx}
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock_shared($1)`, appendLock); err != nil {
			return fmt.Errorf("wait for a run to begin: %w", err)
		}
		if w.floor, err = latestRun(ctx, tx); err != nil {
			return err
		}
		if err := w.tick(ctx); err != nil {
			return err
		}
		err = work(ctx, w)
		changed = w.changed
		return err
	})
	if err != nil {
		return outward(err)
	}
	for _, user := range changed {
		s.Changed(user)
	}
	return nil
}

// tick reads the clock again: after a lock was waited for.
func (w *writer) tick(ctx context.Context) (err error) {
	w.now, err = w.s.now(ctx, w.tx)
	w.now = later(w.now, w.floor.Add(time.Microsecond))
	return err
}

// dated returns the moment from which something that happened then counts.
func (w *writer) dated(happened time.Time) time.Time {
	at := happened.Truncate(time.Microsecond)
	if at.After(w.now) || at.IsZero() {
		at = w.now
	}
	return later(at, w.floor.Add(time.Microsecond))
}

// append stores events, dates them and returns those that are new. What takes
// effect at once does so: see publish.
func (w *writer) append(ctx context.Context, events []Event) (fresh []Event, err error) {
	first := id.New()
	var severe, plain []Event
	for i, e := range events {
		e.ID = first + id.ID(i)
		if e.severe() {
			severe = append(severe, e)
			continue
		}
		e.At = w.dated(e.At)
		plain = append(plain, e)
	}
	if fresh, err = insertEvents(ctx, w.tx, plain); err != nil {
		return nil, err
	}
	if err := w.link(ctx, fresh); err != nil {
		return nil, err
	}
	for _, e := range severe {
		one, err := w.sanction(ctx, e)
		if err != nil {
			return nil, err
		}
		fresh = append(fresh, one...)
	}
	return fresh, nil
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

const retryLater = time.Second // what an unreachable database asks people to wait

// outward turns the errors of the parts below into problems where they mean
// something outside.
func outward(err error) error {
	if err == nil || problem.From(err) != nil || !pg.IsUnavailable(err) {
		return err
	}
	away := &problem.Problem{Code: problem.Unavailable, Detail: "The service is restarting.", RetryAfter: retryLater}
	return fmt.Errorf("%w: %w", away, err)
}

var errNoRows = pgx.ErrNoRows

func missing(err error) bool { return errors.Is(err, errNoRows) }
