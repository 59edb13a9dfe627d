package payments_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/feed"
	"lifecircle/internal/circlelog"
	"lifecircle/internal/id"
	"lifecircle/internal/money"
	"lifecircle/internal/pgtest"
	"lifecircle/internal/problem"
	"lifecircle/payments"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// world is one database, some nodes on it, and what they told.
type world struct {
	t     *testing.T
	pool  *pgxpool.Pool
	ears  *ears
	nodes []node
}

type node struct {
	feed  *feed.Service
	money *payments.Service
}

func newWorld(t *testing.T, nodes int, set ...func(*payments.Options)) *world {
	t.Helper()
	w := &world{t: t, pool: pgtest.New(t), ears: &ears{wallets: map[id.ID]int{}, counts: map[id.Post]feed.Counts{}, alarms: map[string]int{}}}
	for range nodes {
		w.nodes = append(w.nodes, w.node(set...))
	}
	return w
}

// node starts one more node on the database; it ends with the test.
func (w *world) node(set ...func(*payments.Options)) node {
	w.t.Helper()
	f, err := feed.New(w.t.Context(), w.pool, feed.Options{Audience: w.ears})
	if err != nil {
		w.t.Fatal(err)
	}
	o := payments.Options{Posts: posts{f}, Circles: f, Audience: w.ears, Alarm: w.ears.alarm}
	for _, s := range set {
		s(&o)
	}
	p, err := payments.New(w.t.Context(), w.pool, o)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = f.Run(ctx) })
	running.Go(func() { _ = p.Run(ctx) })
	w.t.Cleanup(func() { stop(); running.Wait() })
	return node{f, p}
}

// posts joins feed and payments as the app does.
type posts struct{ *feed.Service }

func (p posts) BeginTips(q *pgx.Batch, of []id.Post, actors []id.ID) payments.PostsTx {
	return postsTx{p.Service.BeginTips(q, of, actors)}
}

type postsTx struct{ *feed.TipBatch }

func (t postsTx) Actor(user id.ID) (payments.Person, error) {
	a, err := t.TipBatch.Actor(user)
	return payments.Person(a), err
}

func (w *world) money() *payments.Service { return w.nodes[0].money }

// people makes n accounts with so much in their wallets.
func (w *world) people(n int, fen int64) []payments.Actor {
	w.t.Helper()
	out := make([]payments.Actor, n)
	first := id.New()
	for i := range out {
		out[i] = payments.Actor{User: first + id.ID(i)}
		w.exec(`INSERT INTO users (id, handle, display_name, password_hash) VALUES ($1, $2, $3, '-')`,
			out[i].User, fmt.Sprintf("u%x", int64(out[i].User)), fmt.Sprintf("Person %d", i))
		if fen > 0 {
			w.gives(out[i], fen)
		}
	}
	return out
}

// gives sets what somebody has.
func (w *world) gives(a payments.Actor, fen int64) {
	w.t.Helper()
	if err := w.money().SetBalance(w.t.Context(), a.User, fen); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) circle(a payments.Actor) id.ID {
	w.t.Helper()
	c, err := w.nodes[0].feed.CreateCircle(w.t.Context(), feed.Actor(a), feed.NewCircle{Name: "Tea"}, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return c.ID
}

func (w *world) post(a payments.Actor, circle id.ID) id.Post {
	w.t.Helper()
	p, err := w.nodes[0].feed.CreatePost(w.t.Context(), feed.Actor(a), circle, feed.NewPost{Text: "a pot of tea"}, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return p.ID
}

// posted makes an author with a post in a circle of his own.
func (w *world) posted() (author payments.Actor, post id.Post) {
	w.t.Helper()
	author = w.people(1, 0)[0]
	return author, w.post(author, w.circle(author))
}

func fen(n int64) payments.NewTip { return payments.NewTip{Amount: money.In(n), Currency: money.CNY} }

func (w *world) tip(a payments.Actor, post id.Post, n int64) payments.Tip {
	w.t.Helper()
	t, err := w.money().Tip(w.t.Context(), a, post, fen(n), id.New().String())
	if err != nil {
		w.t.Fatalf("tip %d fen: %v", n, err)
	}
	return t
}

func (w *world) balance(a payments.Actor) int64 {
	w.t.Helper()
	return w.number(`SELECT balance FROM accounts WHERE id = $1`, a.User)
}

func (w *world) held(a payments.Actor) int64 {
	w.t.Helper()
	return w.number(`SELECT held FROM accounts WHERE id = $1`, a.User)
}

func (w *world) number(sql string, args ...any) (n int64) {
	w.t.Helper()
	if err := w.pool.QueryRow(w.t.Context(), sql, args...).Scan(&n); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.pool.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

// refused fails the test unless err is the problem.
func (w *world) refused(err error, code problem.Code) {
	w.t.Helper()
	if !problem.Has(err, code) {
		w.t.Errorf("got %v, want %s", err, code)
	}
}

// ears hear what nodes tell.
type ears struct {
	mu      sync.Mutex
	events  []circlelog.Event
	counts  map[id.Post]feed.Counts
	wallets map[id.ID]int
	alarms  map[string]int
}

func (e *ears) Published(events []circlelog.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.events = append(e.events, events...)
}

func (e *ears) Counted(post id.Post, counts feed.Counts) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if counts.Version > e.counts[post].Version {
		e.counts[post] = counts
	}
}

func (e *ears) WalletChanged(user id.ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.wallets[user]++
}

func (e *ears) alarm(what string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.alarms[what]++
}

func (e *ears) told(a payments.Actor) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.wallets[a.User]
}

func (e *ears) counted(post id.Post) feed.Counts {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.counts[post]
}

func (e *ears) heard() []circlelog.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]circlelog.Event(nil), e.events...)
}

func (e *ears) alarmed(what string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.alarms[what]
}
