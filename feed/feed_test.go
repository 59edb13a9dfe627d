package feed_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/feed"
	"lifecircle/internal/circlelog"
	"lifecircle/internal/id"
	"lifecircle/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// world is one database, some services on it, and what they told.
type world struct {
	t     *testing.T
	pool  *pgxpool.Pool
	ears  *ears
	nodes []*feed.Service
}

func newWorld(t *testing.T, nodes int) *world {
	t.Helper()
	return newWorldWith(t, nodes, feed.Options{})
}

func newWorldWith(t *testing.T, nodes int, o feed.Options) *world {
	t.Helper()
	w := &world{t: t, pool: pgtest.New(t), ears: &ears{counts: map[id.Post]feed.Counts{}}}
	o.Audience = w.ears
	for range nodes {
		s, err := feed.New(t.Context(), w.pool, o)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() { _ = s.Run(ctx) })
		t.Cleanup(func() { stop(); running.Wait() })
		w.nodes = append(w.nodes, s)
	}
	return w
}

func (w *world) service() *feed.Service { return w.nodes[0] }

// people inserts n accounts.
func (w *world) people(n int) []feed.Actor {
	w.t.Helper()
	out := make([]feed.Actor, n)
	first := id.New()
	for i := range out {
		out[i] = feed.Actor{User: first + id.ID(i)}
		if _, err := w.pool.Exec(w.t.Context(), `INSERT INTO users (id, handle, display_name, password_hash) VALUES ($1, $2, $3, '-')`,
			out[i].User, fmt.Sprintf("u%x", int64(out[i].User)), fmt.Sprintf("Person %d", i)); err != nil {
			w.t.Fatal(err)
		}
	}
	return out
}

func (w *world) circle(a feed.Actor) id.ID {
	w.t.Helper()
	c, err := w.service().CreateCircle(w.t.Context(), a, feed.NewCircle{Name: "Tea"}, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return c.ID
}

func (w *world) post(a feed.Actor, circle id.ID, text string) feed.PostView {
	w.t.Helper()
	p, err := w.service().CreatePost(w.t.Context(), a, circle, feed.NewPost{Text: text}, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) scan(sql string, to ...any) {
	w.t.Helper()
	if err := w.pool.QueryRow(w.t.Context(), sql).Scan(to...); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

// holds checks what must be true of the tables after anything: counts equal
// the rows they count, logs have no holes, heads are their ends, ids rise with
// offsets, nothing is marked beyond what it counts.
func (w *world) holds() {
	w.t.Helper()
	for name, sql := range map[string]string{
		"likes": `SELECT count(*) FROM post_counts c WHERE likes <>
			(SELECT count(*) FROM likes l WHERE l.circle_id = c.circle_id AND l.post_id = c.post_id)`,
		"comments": `SELECT count(*) FROM post_counts c WHERE comments <>
			(SELECT count(*) FROM comments m WHERE m.circle_id = c.circle_id AND m.post_id = c.post_id AND m.deleted_at IS NULL)`,
		"followers": `SELECT count(*) FROM circle_counts c WHERE followers <>
			(SELECT count(*) FROM follows f WHERE f.circle_id = c.circle_id)`,
		"posts without counts": `SELECT count(*) FROM posts p LEFT JOIN post_counts c ON c.circle_id = p.circle_id AND c.post_id = p.id WHERE c.post_id IS NULL`,
		"log": `SELECT count(*) FROM circle_heads h WHERE head_offset <>
			(SELECT count(*) FROM circle_events e WHERE e.circle_id = h.circle_id)
			OR head_offset <> (SELECT coalesce(max("offset"), 0) FROM circle_events e WHERE e.circle_id = h.circle_id)`,
	} {
		var wrong int
		w.scan(sql, &wrong)
		if wrong != 0 {
			w.t.Errorf("%s: %d rows do not hold", name, wrong)
		}
	}
}

// ears remember what an audience was told.
type ears struct {
	mu     sync.Mutex
	events []circlelog.Event
	counts map[id.Post]feed.Counts
}

func (e *ears) Published(events []circlelog.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.events = append(e.events, events...)
}

func (e *ears) Counted(post id.Post, c feed.Counts) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.Version > e.counts[post].Version {
		e.counts[post] = c
	}
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
