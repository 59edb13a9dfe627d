package feed_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"lifecircle/feed"
	"lifecircle/internal/id"
)

// TestTheWindowShowsWhatTheDatabaseHolds changes a circle on two nodes and
// compares, after each change, what both answer from memory with what a node
// without a memory reads.
func TestTheWindowShowsWhatTheDatabaseHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	people := w.people(3)
	circle := w.circle(people[0])
	r := rand.New(rand.NewPCG(3, 4))
	var posts []id.Post
	for step := range 150 {
		node, a := w.nodes[r.IntN(2)], people[r.IntN(3)]
		what := r.IntN(8)
		if len(posts) == 0 {
			what = 0
		}
		var err error
		switch what {
		case 0, 1, 2:
			var p feed.PostView
			p, err = node.CreatePost(t.Context(), a, circle, feed.NewPost{Text: fmt.Sprint("post ", step)}, "")
			posts = append(posts, p.ID)
		case 3:
			name := fmt.Sprint("Name ", step)
			_, err = node.UpdateUser(t.Context(), people[0], feed.UserChange{DisplayName: &name})
			_, _ = w.nodes[0].UpdateUser(t.Context(), people[0], feed.UserChange{DisplayName: &name}) // both nodes hear of it
			_, _ = w.nodes[1].UpdateUser(t.Context(), people[0], feed.UserChange{DisplayName: &name})
		default:
			post := posts[r.IntN(len(posts))]
			switch what {
			case 4:
				_, _ = node.Like(t.Context(), a, post)
			case 5:
				_, _ = node.CreateComment(t.Context(), a, post, feed.NewComment{Text: "hm"}, "")
			case 6:
				_, _ = node.UpdatePost(t.Context(), a, post, feed.PostChange{Text: fmt.Sprint("edited ", step)})
			case 7:
				if r.IntN(2) == 0 {
					_ = node.DeletePost(t.Context(), a, post)
				}
			}
		}
		wantCode(t, "change", err, "")
		w.samePages(circle, []feed.Actor{{}, people[1]}[r.IntN(2)], []int{5, 20}[r.IntN(2)])
	}
}

func (w *world) samePages(circle id.ID, a feed.Actor, limit int) {
	w.t.Helper()
	fresh, err := feed.New(w.t.Context(), w.pool, feed.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	pages := make([]string, 3)
	for i, s := range []*feed.Service{fresh, w.nodes[0], w.nodes[1]} {
		page, err := s.Posts(w.t.Context(), a, circle, feed.PageQuery{Limit: limit})
		if err != nil {
			w.t.Fatal(err)
		}
		pages[i] = mustJSON(w.t, page)
	}
	if pages[1] != pages[0] || pages[2] != pages[0] {
		w.t.Fatalf("the nodes show\n%s\n%s\nthe database holds\n%s", pages[1], pages[2], pages[0])
	}
}
