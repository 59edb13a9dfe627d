package feed_test

import (
	"sync"
	"testing"

	"lifecircle/feed"
)

func TestRecentCountsAreThoseOfTheNewestLivingPosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	author := w.people(1)[0]
	circle, other := w.circle(author), w.circle(author)
	oldest := w.post(author, circle, "oldest").ID
	w.post(author, other, "elsewhere")
	var all sync.WaitGroup
	for range feed.RecentPosts - 2 {
		all.Go(func() { w.post(author, circle, "hello") })
	}
	all.Wait()
	liked, gone := w.post(author, circle, "liked").ID, w.post(author, circle, "gone").ID
	state, err := w.service().Like(t.Context(), author, liked)
	wantCode(t, "like", err, "")
	wantCode(t, "delete", w.service().DeletePost(t.Context(), author, gone), "")
	counts, err := w.service().RecentCounts(t.Context(), circle)
	if err != nil || len(counts) != feed.RecentPosts {
		t.Fatalf("%d posts (%v)", len(counts), err)
	}
	if first, last := counts[0], counts[len(counts)-1]; first.ID != liked || first.Likes != state.Likes || first.Version != 2 || last.ID != oldest {
		t.Errorf("first %+v, last %+v", first, last)
	}
	w.post(author, circle, "newest")
	if counts, err = w.service().RecentCounts(t.Context(), circle); err != nil || len(counts) != feed.RecentPosts || counts[1].ID != liked {
		t.Errorf("%d posts, second %+v (%v)", len(counts), counts[1], err)
	}
}
