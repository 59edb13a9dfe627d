package payments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/pg"
	"lifecircle/internal/problem"
	"lifecircle/payments/ledger"
)

// command is one change that waits for the next commit.
type command struct {
	actor  Actor
	key    idempotency.Request
	action action
	result any // set by the batch, or read from the key's stored answer
	answer *idempotency.Answer
}

// action is what a command does. want names what is read first; accounts names
// what is locked then, knowing that; decide judges with all of it and, only if
// nothing stands against it, books and records. None of them touches the
// database.
type action interface {
	lane() id.ID // commands of one lane are committed in the order in which they came
	want(w *wants, actor id.ID)
	accounts(b *batch, actor id.ID) []id.ID
	decide(b *batch, actor id.ID) (result any, err error)
}

// pay queues a person's command, which must have a key, and waits until it is
// durable or refused.
func pay[T any](ctx context.Context, s *Service, a Actor, key idempotency.Request, do action) (result T, err error) {
	if a.User == 0 {
		return result, errSignIn
	}
	if !key.Used() {
		return result, errKeyMissing
	}
	return run[T](ctx, s, a, key, do)
}

// run queues a command and waits until it is durable or refused.
func run[T any](ctx context.Context, s *Service, a Actor, key idempotency.Request, do action) (result T, err error) {
	end, err := s.inProgress.Begin(key)
	if err != nil {
		return result, err
	}
	defer end()
	c := &command{actor: a, key: key, action: do}
	err = s.commits.Do(ctx, uint64(do.lane()), c) //nolint:gosec // ids are positive
	switch {
	case err != nil:
		return result, outward(err)
	case c.answer != nil:
		err = c.answer.Into(&result)
		return result, err
	default:
		return c.result.(T), nil
	}
}

// flush commits the commands together. If one of them makes it fail, which
// decisions should have prevented, the batch is halved until the bad one stands
// alone. What Postgres gave up for the sake of others is tried again.
func (s *Service) flush(ctx context.Context, commands []*command) []error {
	b, errs, err := s.commit(ctx, commands)
	for attempt := 1; err != nil && givenUp(err) && attempt < maxAttempts; attempt++ {
		s.log.Warn("a batch was given up for others and is tried again", "items", len(commands), "err", err)
		b, errs, err = s.commit(ctx, commands)
	}
	switch {
	case err == nil:
		s.tell(ctx, b)
		return errs
	case len(commands) > 1 && oneIsBad(err):
		s.log.Warn("a batch was refused and is tried in halves", "items", len(commands), "err", err)
		half := len(commands) / 2
		return append(s.flush(ctx, commands[:half]), s.flush(ctx, commands[half:])...)
	default:
		if b != nil { // it may have been committed
			b.posts.Doubt()
			s.tellWallets(b)
		}
		errs = make([]error, len(commands))
		for i := range errs {
			errs[i] = err
		}
		return errs
	}
}

const maxAttempts = 5 // of a batch that deadlocks, which the order of locks should prevent

// givenUp: Postgres rolled the whole transaction back for the sake of others,
// or another batch had drawn the same numbers for its transfers.
func givenUp(err error) bool {
	var refusal *pgconn.PgError
	return errors.As(err, &refusal) && (refusal.Code == "40001" || refusal.Code == "40P01") || pg.Constraint(err) == "transfers_pkey"
}

// errSpoiled wraps an error of a decision that is no refusal: a bug, and the
// batch cannot be written because something may be booked by half.
var errSpoiled = errors.New("a decision failed")

// oneIsBad tells a batch that fails for one of its commands, so that the others
// fare better without it, from a database that is away or cannot write now.
func oneIsBad(err error) bool { return errors.Is(err, errSpoiled) || !pg.IsUnavailable(err) }

// commit is one transaction: lock and read, decide in Go, write. It returns the
// batch with an error, too, if that came while writing.
func (s *Service) commit(ctx context.Context, commands []*command) (b *batch, errs []error, err error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("commit %d commands: %w", len(commands), err)
	}
	defer conn.Release() // closes the connection if a transaction is left open
	slot := <-s.slots
	defer func() { s.slots <- slot }()
	b = &batch{slot: slot, unlimited: s.unlimited}
	if err := b.read(ctx, conn.Conn(), s.posts, commands); err != nil {
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
	c.result, refusal = c.action.decide(b, c.actor.User)
	if refusal != nil && problem.From(refusal) == nil {
		return nil, fmt.Errorf("%w: %w", errSpoiled, refusal)
	}
	return refusal, b.keys.Keep(c.key, statusCreated, c.result, refusal)
}

const statusCreated = 201 // RFC 9110: what POSTs with a key answer when done

// tell informs the audiences of a committed batch.
func (s *Service) tell(ctx context.Context, b *batch) {
	b.posts.Tell(ctx)
	s.tellWallets(b)
	for _, r := range b.newRefunds {
		if r.reservePaid > 0 {
			s.raise(alarmReservePaid, "the reserve paid for a refund, as the money had left the wallets", "tip", r.tip, "refund", r.id, "fen", r.reservePaid)
		}
	}
}

func (s *Service) tellWallets(b *batch) {
	for _, a := range b.book.Changed() {
		if a.Kind == ledger.Wallet {
			s.audience.WalletChanged(a.ID)
		}
	}
}

// batch is the state of one transaction between reading and writing. It
// belongs to the lane's goroutine.
type batch struct {
	slot      id.ID     // which of our income and reserve accounts this batch uses
	now       time.Time // the database's clock, after all locks were taken
	unlimited bool
	keys      *idempotency.Keys
	posts     PostsTx
	book      *ledger.Book
	lastID    id.ID // of a transfer

	contracts   map[id.ID]Contract // by circle; the standard one where there is none
	tips        map[id.Comment]*tipRow
	payers      map[id.ID]*payerRow
	topups      map[id.ID]*topUpRow
	withdrawals map[id.ID]*withdrawalRow
	holds       map[holdKey]*holdRow

	transfers  []transferRow
	newTips    []tipRow
	newRefunds []refundRow
}

// transferRow is a transfer as it is stored.
type transferRow struct {
	id     id.ID
	kind   string
	payer  id.ID
	source string
}

// transfer books the legs that move something and records the transfer of what
// source names, which is asked only then. Overdrawn becomes a refusal.
func (b *batch) transfer(kind string, source func() string, payer id.ID, legs ...ledger.Leg) (id.ID, error) {
	if b.lastID == 0 {
		b.lastID = id.At(b.now) // by the database's clock, which all nodes share
	}
	next := b.lastID + 1
	moving := legs[:0:0]
	for _, l := range legs {
		if l.Amount != 0 {
			moving = append(moving, l)
		}
	}
	if err := b.book.Post(next, moving...); err != nil {
		return 0, refusedFunds(err)
	}
	b.lastID = next
	b.transfers = append(b.transfers, transferRow{next, kind, payer, source()})
	return next, nil
}

// refusedFunds says in people's words that an account does not cover it.
func refusedFunds(err error) error {
	var o *ledger.Overdrawn
	if !errors.As(err, &o) {
		return err
	}
	have := fmt.Sprintf("%d fen", o.Available)
	p := problem.New(problem.InsufficientFunds, "Your wallet has %d fen, %d are needed.", o.Available, o.Needed)
	how := fmt.Sprintf("top up %d fen", o.Needed-o.Available)
	if o.Available+o.Held >= o.Needed {
		p = problem.New(problem.FundsHeld, "Your wallet has %d fen, but %d of them are on hold: %d are needed.", o.Available+o.Held, o.Held, o.Needed)
		how = "wait until the hold ends, or " + how
	}
	p.Rule = []problem.Clause{{Clause: "wallet", Have: have, Need: fmt.Sprintf("%d fen", o.Needed), How: how}}
	return p
}
