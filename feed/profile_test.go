package feed_test

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"testing"

	"lifecircle/feed"
	"lifecircle/feed/policy"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

func TestAPersonsPostsAreThoseThatTheViewerMayRead(t *testing.T) {
	t.Parallel()
	r := newRuled(t, feed.Options{})
	people := r.people(3)
	author, follower, stranger := people[0], people[1], people[2]
	open := r.circle(author)
	shut := r.ruledCircle(author, map[policy.Action]string{policy.View: "user.follows || user.student"})
	r.known.set(author, func(s *policy.Subject) { s.Student = true })
	r.known.set(follower, func(s *policy.Subject) { s.Student = true })
	var visible, all []feed.PostView
	for range 5 {
		visible = append(visible, r.post(author, open, "open"))
		all = append(all, r.post(author, shut, "shut"))
	}
	all = append(all, visible...)
	gone := r.post(author, open, "gone")
	if err := r.service().DeletePost(t.Context(), author, gone.ID); err != nil {
		t.Fatal(err)
	}
	r.post(follower, open, "of somebody else")

	for viewer, want := range map[feed.Actor][]feed.PostView{{}: visible, stranger: visible, follower: all, author: all} {
		if got, want := r.postsBy(viewer, author), newestFirst(want); !slices.Equal(got, want) {
			t.Errorf("%s sees %v, want %v", viewer.User, got, want)
		}
	}
	if _, err := r.service().PostsBy(t.Context(), stranger, id.New(), feed.PageQuery{}); !problem.Has(err, problem.UserNotFound) {
		t.Errorf("posts of nobody: %v", err)
	}
	page, err := r.service().PostsBy(t.Context(), stranger, author.User, feed.PageQuery{Limit: 2})
	if err != nil || page.NextCursor == "" {
		t.Fatalf("%+v %v", page, err)
	}
	if _, err := r.service().PostsBy(t.Context(), stranger, follower.User, feed.PageQuery{Cursor: page.NextCursor}); !problem.Has(err, problem.BadCursor) {
		t.Errorf("the cursor of another's posts: %v", err)
	}
}

// newestFirst orders by id: posts of one millisecond are in that of their circles.
func newestFirst(posts []feed.PostView) (ids []id.Post) {
	for _, p := range posts {
		ids = append(ids, p.ID)
	}
	slices.SortFunc(ids, func(a, b id.Post) int { return -cmp.Or(cmp.Compare(a.Post, b.Post), cmp.Compare(a.Circle, b.Circle)) })
	return ids
}

// postsBy reads all pages, of three posts at most.
func (r *ruled) postsBy(viewer, author feed.Actor) (ids []id.Post) {
	r.t.Helper()
	for q := (feed.PageQuery{Limit: 3}); ; {
		page, err := r.service().PostsBy(r.t.Context(), viewer, author.User, q)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, p := range page.Items {
			ids = append(ids, p.ID)
			if p.Circle == nil || p.Can == nil {
				r.t.Errorf("%q says nothing of its circle or of rights", p.Text)
			}
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			return ids
		}
	}
}

// The next page may begin after something that the viewer was not shown: the
// cursor does not tell what.
func TestCursorsDoNotTellWhatIsClosed(t *testing.T) {
	t.Parallel()
	r := newRuled(t, feed.Options{})
	people := r.people(2)
	author, stranger := people[0], people[1]
	r.known.set(author, func(s *policy.Subject) { s.Student = true })
	shut := r.ruledCircle(author, map[policy.Action]string{policy.View: "user.student"})
	r.post(author, shut, "shut")
	posts, err := r.service().PostsBy(t.Context(), stranger, author.User, feed.PageQuery{Limit: 1})
	if err != nil || len(posts.Items) != 0 || posts.NextCursor == "" {
		t.Fatalf("%+v %v", posts, err)
	}
	circles, err := r.service().Circles(t.Context(), stranger, feed.CircleQuery{PageQuery: feed.PageQuery{Limit: 1}})
	if err != nil || len(circles.Items) != 0 || circles.NextCursor == "" {
		t.Fatalf("%+v %v", circles, err)
	}
	closed := binary.BigEndian.AppendUint64(nil, uint64(shut))
	for list, text := range map[string]string{"posts": posts.NextCursor, "circles": circles.NextCursor} {
		if raw, err := base64.RawURLEncoding.DecodeString(text); err != nil || bytes.Contains(raw, closed) {
			t.Errorf("the cursor of %s holds the closed circle (%v)", list, err)
		}
	}
}
