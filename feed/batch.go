package feed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/trace"

	"lifecircle/feed/policy"
	"lifecircle/internal/circlelog"
	"lifecircle/internal/groupcommit"
	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/media"
	"lifecircle/internal/pg"
	"lifecircle/internal/problem"
)

// command is one change that waits for the next commit.
type command struct {
	actor  Actor
	key    idempotency.Request
	action action
	span   trace.Span // its wait for the batch; nil unless it is traced
	result any        // set by the batch, or read from the key's stored answer
	answer *idempotency.Answer
}

// action is what a command does. need names the rows to lock and read; decide
// judges with them and, only if nothing stands against it, records the writes.
// Neither touches the database.
type action interface {
	circle() id.ID
	size() int // bytes of text
	need(n *needs)
	decide(b *batch, a Actor) (result any, err error)
}

// run queues the command and waits until it is durable or refused. result
// points to where the answer goes.
func run[T any](ctx context.Context, s *Service, a Actor, key idempotency.Request, do action) (result T, err error) {
	if a.Guest() {
		return result, errSignIn
	}
	end, err := s.inProgress.Begin(key)
	if err != nil {
		return result, err
	}
	defer end()
	c := &command{actor: a, key: key, action: do}
	switch err := s.queue(ctx, c); {
	case err != nil:
		return result, outward(err)
	case c.answer != nil:
		err := c.answer.Into(&result)
		return result, err
	default:
		return c.result.(T), nil
	}
}

var (
	errSignIn    = problem.New(problem.Unauthorized, "Sign in first.")
	errSuspended = policy.Decide(policy.Subject{SignedIn: true, Banned: true}, policy.MakePost).Err()
)

// maxQueuedBytes bounds the texts that wait on one node, and so those of one
// batch; beyond it commands are refused as if the queue were full.
const maxQueuedBytes = 16 << 20

func (s *Service) queue(ctx context.Context, c *command) error {
	size := int64(c.action.size())
	if s.queued.Add(size) > maxQueuedBytes {
		s.queued.Add(-size)
		return groupcommit.ErrFull
	}
	span := s.traceWait(ctx)
	c.span = span
	err := s.commits.Do(ctx, uint64(c.action.circle()), c) //nolint:gosec // ids are positive
	if span != nil {
		span.End()
	}
	if errors.Is(err, groupcommit.ErrFull) || errors.Is(err, groupcommit.ErrClosed) {
		s.queued.Add(-size)
	}
	return err
}

// flushQueued is what the lanes call: it flushes what queue let in.
func (s *Service) flushQueued(ctx context.Context, commands []*command) []error {
	defer func() {
		for _, c := range commands {
			s.queued.Add(-int64(c.action.size()))
		}
	}()
	ctx, span := s.traceBatch(ctx, commands)
	if span != nil {
		defer span.End()
	}
	return s.flush(ctx, commands)
}

// flush commits the commands together. If the statement of one of them fails,
// which decisions should have prevented, the batch is halved until the bad one
// stands alone.
func (s *Service) flush(ctx context.Context, commands []*command) []error {
	b, errs, err := s.commit(ctx, commands)
	switch {
	case err == nil:
		s.tell(ctx, b)
		return errs
	case len(commands) > 1 && refusedByDatabase(err):
		s.log.Warn("a batch was refused and is tried in halves", "items", len(commands), "err", err)
		half := len(commands) / 2
		return append(s.flush(ctx, commands[:half]), s.flush(ctx, commands[half:])...)
	default:
		s.doubt(b)
		errs = make([]error, len(commands))
		for i := range errs {
			errs[i] = err
		}
		return errs
	}
}

// refusedByDatabase tells a statement that failed for what it says (so that
// nothing was written) from a database that is away or cannot write now, where
// halves fare no better.
func refusedByDatabase(err error) bool {
	var refusal *pgconn.PgError
	return errors.As(err, &refusal) && !pg.IsUnavailable(err)
}

// commit is one transaction: lock and read, decide in Go, write. It returns the
// batch with an error, too, if that came while writing.
func (s *Service) commit(ctx context.Context, commands []*command) (b *batch, errs []error, err error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("commit %d commands: %w", len(commands), err)
	}
	defer conn.Release() // closes the connection if a transaction is left open
	b = s.newBatch()
	if err := b.read(ctx, conn.Conn(), commands); err != nil {
		return nil, nil, rollback(ctx, conn.Conn(), fmt.Errorf("read for %d commands: %w", len(commands), err))
	}
	errs = make([]error, len(commands))
	for i, c := range commands {
		if errs[i], err = b.judge(c); err != nil {
			return nil, nil, rollback(ctx, conn.Conn(), err)
		}
	}
	if err := b.write(ctx, conn.Conn()); err != nil {
		return b, nil, rollback(ctx, conn.Conn(), fmt.Errorf("write %d commands: %w", len(commands), err))
	}
	return b, errs, nil
}

func rollback(ctx context.Context, conn *pgx.Conn, cause error) error {
	if !conn.IsClosed() {
		_, _ = conn.Exec(ctx, "ROLLBACK") // a connection that cannot is closed on release
	}
	return cause
}

// judge answers one command: from its key's stored answer, or by deciding. What
// an earlier attempt left in the command is gone with that attempt.
func (b *batch) judge(c *command) (refusal, err error) {
	c.result, c.answer = nil, nil
	first, err := b.keys.First(c.key)
	if err != nil || first != nil {
		c.answer = first
		return err, nil
	}
	if refusal = b.barred[c.actor.User]; refusal == nil {
		c.result, refusal = c.action.decide(b, c.actor)
	}
	return refusal, b.keys.Keep(c.key, statusCreated, c.result, refusal)
}

const statusCreated = 201 // RFC 9110: what POSTs with a key answer when done

// tell informs the audience of a committed batch.
func (s *Service) tell(ctx context.Context, b *batch) {
	if events := b.heads.Events(); len(events) > 0 {
		s.window.move(b)
		s.publish(ctx, events)
	}
	for post, c := range b.counts {
		if c.changed && !c.deleted {
			s.audience.Counted(post, c.Counts)
		}
	}
}

// batch is the state of one transaction between reading and writing. It
// belongs to the lane's goroutine.
type batch struct {
	s     *Service
	now   time.Time // the database's clock, after all locks were taken
	keys  *idempotency.Keys
	heads *circlelog.Heads

	barred    map[id.ID]error // actors whose account is gone or suspended
	authors   map[id.ID]Author
	roles     map[membership]string
	rulings   map[id.ID]*ruling                     // of circles that have rules
	rights    func(id.ID, time.Time) policy.Subject // of those who act there; nil: nobody does
	followed  map[membership]bool                   // likewise
	photos    map[id.ID]*media.Row
	reviewers map[id.ID]bool // of the actors that flag
	posts     map[id.Post]*postRow
	counts    map[id.Post]*countsRow
	comments  map[id.Comment]*commentRow
	likes     map[like]*mark
	follows   map[membership]*mark
	followers map[id.ID]*followersRow
	following map[id.ID]int // circles that a person follows

	newPosts    []Post
	taken       []id.ID      // photos, by newPosts
	flagged     []*media.Row // changed by a flag or a review
	newComments []Comment
}

func (s *Service) newBatch() *batch {
	return &batch{s: s, barred: map[id.ID]error{}, roles: map[membership]string{}}
}

type (
	membership struct{ circle, user id.ID }
	like       struct {
		post id.Post
		user id.ID
	}
	postRow struct {
		Post
		deletedBy        id.ID // 0: nobody, in this batch
		changed, flagged bool  // its text or existence, its photos
	}
	countsRow struct {
		Counts
		deleted, changed bool
	}
	commentRow struct {
		author           id.ID
		deletedBy        id.ID // 0: nobody, in this batch
		deleted, changed bool
	}
	followersRow struct {
		n       int64
		changed bool
	}
	// mark is a row that is there or not, before and after the batch.
	mark struct{ was, is bool }
)

// change sets new counts with a version above the old.
func (c *countsRow) change(set func(*Counts)) {
	set(&c.Counts)
	c.Version++
	c.changed = true
}
