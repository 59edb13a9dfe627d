package feed_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"lifecircle/feed"
	"lifecircle/internal/circlelog"
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
	var pages []string
	for _, s := range append([]*feed.Service{fresh}, w.nodes...) {
		page, err := s.Posts(w.t.Context(), a, circle, feed.PageQuery{Limit: limit})
		if err != nil {
			w.t.Fatal(err)
		}
		pages = append(pages, mustJSON(w.t, page))
	}
	for _, shown := range pages[1:] {
		if shown != pages[0] {
			w.t.Fatalf("a node shows\n%s\nthe database holds\n%s", shown, pages[0])
		}
	}
}

// TestAPaneThatWasCutIsNotTheWholeCircle: a first page with room left, more
// posts than a page holds, and one fewer.
func TestAPaneThatWasCutIsNotTheWholeCircle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	author := w.people(1)[0]
	circle := w.circle(author)
	w.post(author, circle, "the first")
	w.samePages(circle, author, feed.MaxPage)
	var all sync.WaitGroup
	for range feed.MaxPage {
		all.Go(func() { w.post(author, circle, "another") })
	}
	all.Wait()
	wantCode(t, "delete", w.service().DeletePost(t.Context(), author, w.post(author, circle, "the last").ID), "")
	w.samePages(circle, author, feed.MaxPage)
}

// TestLongPostsDoNotStayInMemory: a pane that was small when it was read.
func TestLongPostsDoNotStayInMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	author := w.people(1)[0]
	circle := w.circle(author)
	w.post(author, circle, "short")
	w.samePages(circle, author, 20)
	for range 4 {
		w.post(author, circle, strings.Repeat("👨‍👩‍👧‍👦", feed.MaxPostGraphemes))
		if n := w.service().WindowBytes(); n > 256<<10 {
			t.Errorf("%d bytes of text are kept", n)
		}
	}
	w.samePages(circle, author, 20)
}

func TestAPaneFollowsTheCommitsOfItsNode(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	author := w.people(1)[0]
	circle := w.circle(author)
	w.samePages(circle, author, 20)
	post := w.post(author, circle, "one").ID
	if _, err := w.service().UpdatePost(t.Context(), author, post, feed.PostChange{Text: "two"}); err != nil {
		t.Fatal(err)
	}
	top, err := circlelog.Top(t.Context(), w.pool, circle)
	if here, there := w.nodes[0].WindowPosition(circle), w.nodes[1].WindowPosition(circle); err != nil || here != top || there.Offset != 0 {
		t.Errorf("panes at %+v and %+v, the log's top is %+v (%v)", here, there, top, err)
	}
	w.samePages(circle, author, 20)
}

// TestAnOldPaneIsReadAnew: another node does not hear of a new name.
func TestAnOldPaneIsReadAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	author := w.people(1)[0]
	circle := w.circle(author)
	w.post(author, circle, "hello")
	w.samePages(circle, author, 20)
	name := "New name"
	if _, err := w.nodes[0].UpdateUser(t.Context(), author, feed.UserChange{DisplayName: &name}); err != nil {
		t.Fatal(err)
	}
	w.nodes[1].AgeWindow(11 * time.Second)
	w.samePages(circle, author, 20)
}

// TestAPaneFromBeforeARestoreIsNotMovedOn: the restored log lacks a post, and
// comes to the same offset with another.
func TestAPaneFromBeforeARestoreIsNotMovedOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	author := w.people(1)[0]
	circle := w.circle(author)
	w.post(author, circle, "lost")
	w.samePages(circle, author, 20)
	w.exec(`DELETE FROM posts`)
	if err := circlelog.NewEpoch(t.Context(), w.pool); err != nil {
		t.Fatal(err)
	}
	w.post(author, circle, "after the restore")
	w.samePages(circle, author, 20)
}
