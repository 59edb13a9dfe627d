package payments

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
)

// wants are what the commands of a batch read before it is known which
// accounts they touch.
type wants struct {
	posts       []id.Post
	actors      []id.ID
	contracts   set[id.ID]      // of circles
	tips        set[id.Comment] // locked
	topups      set[id.ID]      // locked
	withdrawals set[id.ID]      // locked
	payers      set[id.ID]      // guarded by the lock of their accounts
	holds       set[holdKey]    // guarded by the lock of their accounts
}

type set[K comparable] map[K]struct{}

func (s *set[K]) add(k K) {
	if *s == nil {
		*s = set[K]{}
	}
	(*s)[k] = struct{}{}
}

// read begins the transaction and takes every lock in the product's order
// (keys, posts, tips, top-ups, withdrawals; accounts, post_counts,
// circle_heads; each by id) in two round trips, because the first says which
// accounts the second needs. What is guarded by a lock is read in a statement
// after the one that takes it.
func (b *batch) read(ctx context.Context, conn *pgx.Conn, posts Posts, commands []*command) error {
	var (
		w        = wanted(commands)
		requests []idempotency.Request
		q        pgx.Batch
	)
	for _, c := range commands {
		if c.key.Used() {
			requests = append(requests, c.key)
		}
	}
	q.Queue("BEGIN")
	b.keys = idempotency.Lock(&q, requests)
	b.posts = posts.BeginTips(&q, w.posts, w.actors)
	b.tips = lockTips(&q, w.tips)
	b.topups = lockTopUps(&q, w.topups)
	b.withdrawals = lockWithdrawals(&q, w.withdrawals)
	b.contracts = readContracts(&q, w.contracts)
	readRefunds(&q, b.tips, w.tips)
	if err := conn.SendBatch(ctx, &q).Close(); err != nil {
		return err
	}
	return b.lock(ctx, conn, b.unanswered(commands))
}

func wanted(commands []*command) (w wants) {
	for _, c := range commands {
		c.action.want(&w, c.actor.User)
	}
	return w
}

// unanswered returns the commands that are to be decided. One whose key is in
// progress elsewhere must not wait for what is locked there.
func (b *batch) unanswered(commands []*command) []*command {
	return slices.DeleteFunc(slices.Clone(commands), func(c *command) bool {
		first, err := b.keys.First(c.key)
		return first != nil || err != nil
	})
}

func (b *batch) lock(ctx context.Context, conn *pgx.Conn, commands []*command) error {
	w, accounts := wanted(commands), set[id.ID]{}
	for _, c := range commands {
		for _, a := range c.action.accounts(b, c.actor.User) {
			accounts.add(a)
		}
	}
	var q pgx.Batch
	book := lockAccounts(&q, accounts)
	b.posts.Lock(&q, w.posts)
	b.payers = readPayers(&q, w.payers)
	b.holds = readHolds(&q, w.holds)
	q.Queue("SELECT clock_timestamp()").QueryRow(func(row pgx.Row) error { return row.Scan(&b.now) })
	if err := conn.SendBatch(ctx, &q).Close(); err != nil {
		return err
	}
	b.book = book()
	b.now = b.now.UTC().Truncate(time.Microsecond)
	return nil
}

// write stores what was decided and commits, in one round trip.
func (b *batch) write(ctx context.Context, conn *pgx.Conn) error {
	var q pgx.Batch
	b.writeTips(&q)
	b.writeRefunds(&q)
	b.writeTopUps(&q)
	b.writeWithdrawals(&q)
	b.writeHolds(&q)
	b.writePayers(&q)
	b.writeTransfers(&q)
	b.writeAccounts(&q)
	b.posts.Write(&q)
	b.keys.Write(&q)
	q.Queue("COMMIT")
	return conn.SendBatch(ctx, &q).Close()
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// each scans all rows into the targets and calls f after each.
func each(rows pgx.Rows, targets []any, f func()) error {
	_, err := pgx.ForEachRow(rows, targets, func() error { f(); return nil })
	return err
}
