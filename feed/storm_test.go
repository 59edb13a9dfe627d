package feed_test

import (
	"encoding/json"
	"math/rand/v2"
	"sync"
	"testing"

	"lifecircle/feed"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

// TestAStormOfRepeatsLeavesCountsEqualToRows runs everything against
// everything on two nodes, on few posts and circles.
func TestAStormOfRepeatsLeavesCountsEqualToRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	people := w.people(12)
	circles := []id.ID{w.circle(people[0]), w.circle(people[0]), w.circle(people[0])}
	var posts []id.Post
	for i := range 9 {
		posts = append(posts, w.post(people[i%3], circles[i%3], "hello").ID)
	}
	var storm sync.WaitGroup
	for n, person := range people {
		for _, node := range w.nodes {
			storm.Go(func() { w.behave(node, person, circles, posts, rand.New(rand.NewPCG(1, uint64(n)))) })
		}
	}
	storm.Wait()
	w.holds()
	w.toldCountsAreTheRows()
	w.toldEventsAreTheLog()
}

// behave does 60 random things, and fails the test on any unexpected answer.
func (w *world) behave(node *feed.Service, a feed.Actor, circles []id.ID, posts []id.Post, r *rand.Rand) {
	ctx := w.t.Context()
	var comments []id.Comment
	for range 60 {
		post, circle := posts[r.IntN(len(posts))], circles[r.IntN(len(circles))]
		var err error
		switch r.IntN(12) {
		case 0, 1, 2:
			_, err = node.Like(ctx, a, post)
		case 3, 4:
			_, err = node.Unlike(ctx, a, post)
		case 5:
			_, err = node.Follow(ctx, a, circle)
		case 6:
			_, err = node.Unfollow(ctx, a, circle)
		case 7:
			_, err = node.CreatePost(ctx, a, circle, feed.NewPost{Text: "more"}, "")
		case 8, 9:
			var c feed.Comment
			if c, err = node.CreateComment(ctx, a, post, feed.NewComment{Text: "yes"}, ""); err == nil {
				comments = append(comments, c.ID)
			}
		case 10:
			if len(comments) > 0 {
				err = node.DeleteComment(ctx, a, comments[r.IntN(len(comments))])
			}
		case 11:
			if r.IntN(8) == 0 {
				err = node.DeletePost(ctx, a, post)
			} else {
				_, err = node.UpdatePost(ctx, a, post, feed.PostChange{Text: "edited"})
			}
		}
		if err != nil && !problem.Has(err, problem.Deleted) && !problem.Has(err, problem.RoleRequired) && !problem.Has(err, problem.NotAuthor) {
			w.t.Errorf("unexpected: %v", err)
		}
	}
}

func (w *world) toldCountsAreTheRows() {
	w.t.Helper()
	w.ears.mu.Lock()
	defer w.ears.mu.Unlock()
	for post, told := range w.ears.counts {
		var (
			c       feed.Counts
			deleted bool // then nobody cares for what its last batch counted
		)
		if err := w.pool.QueryRow(w.t.Context(), `SELECT version, likes, comments, tip_count, tip_total, deleted FROM post_counts WHERE circle_id = $1 AND post_id = $2`,
			post.Circle, post.Post).Scan(&c.Version, &c.Likes, &c.Comments, &c.TipCount, &c.TipTotal, &deleted); err != nil || c != told && !deleted {
			w.t.Errorf("post %s: told %+v last, rows say %+v (%v)", post, told, c, err)
		}
	}
}

// toldEventsAreTheLog: every event of the log was told once, with its bytes,
// and posts appear in the log in the order of their ids.
func (w *world) toldEventsAreTheLog() {
	w.t.Helper()
	told := map[id.ID]map[uint64]string{}
	for _, e := range w.ears.heard() {
		if told[e.Circle] == nil {
			told[e.Circle] = map[uint64]string{}
		}
		if _, twice := told[e.Circle][e.Offset]; twice {
			w.t.Errorf("offset %d was told twice", e.Offset)
		}
		told[e.Circle][e.Offset] = string(e.Data)
	}
	rows, err := w.pool.Query(w.t.Context(), `SELECT circle_id, "offset", data FROM circle_events ORDER BY circle_id, "offset"`)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	newest := map[id.ID]id.ID{}
	for rows.Next() {
		var (
			circle id.ID
			offset uint64
			data   string
		)
		if err := rows.Scan(&circle, &offset, &data); err != nil {
			w.t.Fatal(err)
		}
		if told[circle][offset] != data {
			w.t.Errorf("offset %d: told %q, log %q", offset, told[circle][offset], data)
		}
		var e struct {
			Type string
			Post struct{ ID id.Post }
		}
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			w.t.Fatal(err)
		}
		if e.Type == "post.created" {
			if e.Post.ID.Post <= newest[circle] {
				w.t.Errorf("post %s comes after a newer one", e.Post.ID)
			}
			newest[circle] = e.Post.ID.Post
		}
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
}

// TestOneKeyInParallelMakesOnePost: 8 requests with one key on two nodes.
func TestOneKeyInParallelMakesOnePost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	author := w.people(1)[0]
	circle := w.circle(author)
	for round := range 10 {
		key := string(rune('a' + round))
		var (
			tries sync.WaitGroup
			mu    sync.Mutex
			ids   = map[id.Post]int{}
		)
		for try := range 8 {
			tries.Go(func() {
				for {
					p, err := w.nodes[try%2].CreatePost(t.Context(), author, circle, feed.NewPost{Text: "one"}, key)
					if problem.Has(err, problem.IdempotencyBusy) {
						continue
					}
					wantCode(t, "parallel", err, "")
					mu.Lock()
					ids[p.ID]++
					mu.Unlock()
					return
				}
			})
		}
		tries.Wait()
		if len(ids) != 1 {
			t.Fatalf("key %q made %d posts", key, len(ids))
		}
	}
	var posts int
	w.scan(`SELECT count(*) FROM posts`, &posts)
	if posts != 10 {
		t.Errorf("%d posts", posts)
	}
	w.holds()
}
