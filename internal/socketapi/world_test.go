package socketapi

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/feed"
	"lifecircle/internal/id"
	"lifecircle/internal/pgtest"
)

// world is a feed on a real database, with people in it.
type world struct {
	t      testing.TB
	pool   *pgxpool.Pool
	feed   *feed.Service
	people []feed.Actor
}

func newWorld(t testing.TB, people int, audience feed.Audience) *world {
	t.Helper()
	w := &world{t: t, pool: pgtest.New(t)}
	var err error
	if w.feed, err = feed.New(t.Context(), w.pool, feed.Options{Audience: audience}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	first, run := id.New(), w.feed.Run // of this feed: some tests put another in its place
	running.Go(func() { _ = run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	ids, handles := make([]id.ID, people), make([]string, people)
	for i := range ids {
		ids[i], handles[i] = first+id.ID(i), fmt.Sprintf("person_%d", i)
		w.people = append(w.people, feed.Actor{User: ids[i]})
	}
	w.exec(`INSERT INTO users (id, handle, display_name, password_hash)
		SELECT i, h, h, '-' FROM unnest($1::bigint[], $2::text[]) AS n (i, h)`, ids, handles)
	return w
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.pool.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatal(err)
	}
}

// circle makes a circle of the first person with n posts.
func (w *world) circle(n int) (id.ID, []id.Post) {
	w.t.Helper()
	c, err := w.feed.CreateCircle(w.t.Context(), w.people[0], feed.NewCircle{Name: "Tea", Description: "All about tea."}, "")
	if err != nil {
		w.t.Fatal(err)
	}
	posts := make([]id.Post, n)
	for i := range posts {
		p, err := w.feed.CreatePost(w.t.Context(), w.people[0], c.ID, feed.NewPost{Text: "a cup"}, "")
		if err != nil {
			w.t.Fatal(err)
		}
		posts[i] = p.ID
	}
	return c.ID, posts
}
