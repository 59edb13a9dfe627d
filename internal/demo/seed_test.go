package demo

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/feed"
	"lifecircle/internal/auth"
	"lifecircle/internal/circlelog"
	"lifecircle/internal/id"
	"lifecircle/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func accounts(pool *pgxpool.Pool) *auth.Service {
	return auth.NewService(pool, auth.Options{Password: auth.Argon2{Time: 1, MemoryKiB: 64}})
}

func seeded(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool := pgtest.New(t)
	if written, err := Seed(t.Context(), pool, accounts(pool), nil, io.Discard); err != nil || !written {
		t.Fatalf("seed: %v, %v", written, err)
	}
	return pool
}

// count returns the number that a query yields.
func count(t *testing.T, pool *pgxpool.Pool, query string) (n int64) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// TestTheSeededWorldIsConsistent holds what was written in bulk to what the
// feed promises of what it writes itself.
func TestTheSeededWorldIsConsistent(t *testing.T) {
	t.Parallel()
	pool := seeded(t)
	for name, query := range map[string]string{
		"followers that are not counted": `SELECT count(*) FROM circle_counts c
			WHERE followers <> (SELECT count(*) FROM follows f WHERE f.circle_id = c.circle_id)`,
		"likes that are not counted": `SELECT count(*) FROM post_counts c
			WHERE likes <> (SELECT count(*) FROM likes l WHERE l.circle_id = c.circle_id AND l.post_id = c.post_id)`,
		"comments that are not counted": `SELECT count(*) FROM post_counts c
			WHERE comments <> (SELECT count(*) FROM comments m WHERE m.circle_id = c.circle_id AND m.post_id = c.post_id)`,
		"versions that changes did not raise": `SELECT count(*) FROM post_counts WHERE version < 1 + likes + comments`,
		"posts without counts":                `SELECT count(*) FROM posts p LEFT JOIN post_counts c ON (c.circle_id, c.post_id) = (p.circle_id, p.id) WHERE c.post_id IS NULL`,
		"comments without post":               `SELECT count(*) FROM comments m LEFT JOIN posts p ON (p.circle_id, p.id) = (m.circle_id, m.post_id) WHERE p.id IS NULL`,
		"answers to nothing":                  `SELECT count(*) FROM comments m WHERE reply_to IS NOT NULL AND NOT EXISTS (SELECT FROM comments o WHERE (o.circle_id, o.post_id, o.id) = (m.circle_id, m.post_id, m.reply_to) AND o.id < m.id)`,
		"circles without a log":               `SELECT count(*) FROM circles c LEFT JOIN circle_heads h ON h.circle_id = c.id WHERE h.circle_id IS NULL`,
		"circles without owner":               `SELECT count(*) FROM circles c WHERE NOT EXISTS (SELECT FROM circle_members m WHERE m.circle_id = c.id AND m.role = 'owner')`,
		"posts out of order":                  `SELECT count(*) FROM (SELECT created_at < lag(created_at) OVER (PARTITION BY circle_id ORDER BY id) AS back FROM posts) x WHERE back`,
		"things of the future":                `SELECT (SELECT count(*) FROM posts WHERE created_at > now()) + (SELECT count(*) FROM comments WHERE created_at > now()) + (SELECT count(*) FROM likes WHERE created_at > now())`,
		"heads before their ids":              `SELECT count(*) FROM circle_heads h WHERE last_id <> greatest((SELECT max(id) FROM posts WHERE circle_id = h.circle_id), (SELECT max(id) FROM comments WHERE circle_id = h.circle_id))`,
		"heads before their logs": `SELECT count(*) FROM circle_heads h WHERE head_offset <>
			(SELECT count(*) FROM posts WHERE circle_id = h.circle_id) + (SELECT count(*) FROM comments WHERE circle_id = h.circle_id)`,
		"logs with holes": `SELECT count(*) FROM circle_heads h, LATERAL (SELECT count(*) AS n, min("offset") AS low, max("offset") AS high FROM circle_events e WHERE e.circle_id = h.circle_id) e
			WHERE n = 0 OR high <> head_offset OR n <> high - low + 1`,
	} {
		if n := count(t, pool, query); n != 0 {
			t.Errorf("%s: %d", name, n)
		}
	}
	if n := count(t, pool, `SELECT count(*) FROM posts`); n < 200 {
		t.Errorf("only %d posts", n)
	}
}

// TestTheFeedServesTheSeededWorld: pages are in order of time, the log holds
// what the feed would have written, demo people can sign in and others cannot.
func TestTheFeedServesTheSeededWorld(t *testing.T) {
	t.Parallel()
	pool := seeded(t)
	service, err := feed.New(t.Context(), pool, feed.Options{})
	if err != nil {
		t.Fatal(err)
	}
	circles, err := service.Circles(t.Context(), feed.Actor{}, feed.CircleQuery{})
	if err != nil || len(circles.Items) < 2 {
		t.Fatalf("%d circles, %v", len(circles.Items), err)
	}
	circle := circles.Items[0].ID
	page, err := service.Posts(t.Context(), feed.Actor{}, circle, feed.PageQuery{Limit: 50})
	if err != nil || len(page.Items) != 50 {
		t.Fatalf("%d posts, %v", len(page.Items), err)
	}
	for i := range page.Items[1:] {
		if page.Items[i].CreatedAt.Before(page.Items[i+1].CreatedAt) {
			t.Errorf("post %d is older than the next", i)
		}
	}
	events, top, err := circlelog.NewReader(pool).Read(t.Context(), circle, circlelog.Query{Limit: 1000, Reverse: true})
	if err != nil || top != page.Position || len(events) == 0 {
		t.Fatalf("log: %d events to %v, page at %v, %v", len(events), top, page.Position, err)
	}
	for _, e := range events {
		var told struct {
			Type string
			Post feed.Post
		}
		if err := json.Unmarshal(e.Data, &told); err != nil || strings.Contains(string(e.Data), "\n") {
			t.Fatalf("%s: %v", e.Data, err)
		}
		if told.Type == "post.created" {
			if told.Post.ID != page.Items[0].ID || told.Post.Text != page.Items[0].Text || told.Post.Author != page.Items[0].Author {
				t.Errorf("the newest post is %+v, its event %s", page.Items[0].Post, e.Data)
			}
			break
		}
	}
	who := accounts(pool)
	if _, err := who.Login(t.Context(), Logins()[0], Password); err != nil {
		t.Errorf("a demo login: %v", err)
	}
	for _, p := range NewWorld(time.Now(), worldSeed).People {
		if _, err := who.Login(t.Context(), p.Handle, Password); !p.Demo && err == nil {
			t.Errorf("anybody can sign in as %s", p.Handle)
		}
	}
}

func TestTheWorldIsWrittenOnce(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	var (
		wg      sync.WaitGroup
		written [3]bool
	)
	for i := range written {
		wg.Go(func() {
			var err error
			if written[i], err = Seed(t.Context(), pool, accounts(pool), nil, io.Discard); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	times := 0
	for _, w := range written {
		if w {
			times++
		}
	}
	if n := count(t, pool, `SELECT count(*) FROM (SELECT name FROM circles GROUP BY name HAVING count(*) > 1) x`); times != 1 || n != 0 {
		t.Errorf("written %d times, %d circles doubled", times, n)
	}
}

func TestNobodyIsSpokenFor(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	handle := Logins()[0]
	if _, err := accounts(pool).Register(t.Context(), auth.NewAccount{Handle: handle, Password: "her own secret", DisplayName: "Herself"}); err != nil {
		t.Fatal(err)
	}
	written, err := Seed(t.Context(), pool, accounts(pool), nil, io.Discard)
	if err == nil || written || !strings.Contains(err.Error(), handle) {
		t.Errorf("seeded over %s: %v, %v", handle, written, err)
	}
	if n := count(t, pool, `SELECT count(*) FROM circles`); n != 0 {
		t.Errorf("%d circles", n)
	}
}

// heard is a feed's audience that counts.
type heard struct {
	mu     sync.Mutex // guards the following
	events []circlelog.Event
	counts int
	both   chan struct{} // closed when enough of both was heard
}

const enough = 5

func (h *heard) Published(events []circlelog.Event) {
	h.note(func() { h.events = append(h.events, events...) })
}
func (h *heard) Counted(id.Post, feed.Counts) { h.note(func() { h.counts++ }) }

func (h *heard) note(what func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := len(h.events) >= enough && h.counts >= enough
	what()
	if !before && len(h.events) >= enough && h.counts >= enough {
		close(h.both)
	}
}

func TestDemoPeopleLiveOn(t *testing.T) {
	t.Parallel()
	pool := seeded(t)
	audience := &heard{both: make(chan struct{})}
	service, err := feed.New(t.Context(), pool, feed.Options{Audience: audience})
	if err != nil {
		t.Fatal(err)
	}
	wallets := newWallets(t, pool, service)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = service.Run(ctx) })
	wg.Go(func() { _ = wallets.Run(ctx) })
	people := NewPeople(pool, service, wallets, slog.New(slog.NewTextHandler(t.Output(), nil)))
	people.pause = func(*rand.Rand) time.Duration { return time.Millisecond }
	wg.Go(func() {
		if err := people.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	select {
	case <-audience.both:
	case <-time.After(30 * time.Second):
		t.Error("the demo people are silent")
	}
	cancel()
	wg.Wait()
}
