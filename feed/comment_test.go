package feed_test

import (
	"fmt"
	"slices"
	"testing"

	"lifecircle/feed"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

func (w *world) comment(a feed.Actor, post id.Post, text string, replyTo *id.Comment) feed.Comment {
	w.t.Helper()
	c, err := w.service().CreateComment(w.t.Context(), a, post, feed.NewComment{Text: text, ReplyTo: replyTo}, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// comments reads all pages of a post's comments, two at a time.
func (w *world) comments(post id.Post) (texts []string) {
	w.t.Helper()
	for q := (feed.PageQuery{Limit: 2}); ; {
		page, err := w.service().Comments(w.t.Context(), feed.Actor{}, post, q)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, c := range page.Items {
			text := c.Text
			if c.ReplyTo != nil {
				text += " to " + c.ReplyTo.String()
			}
			if c.PostID != post || c.CircleID != post.Circle || c.ID.PostID() != post || c.Author.DisplayName == "" {
				w.t.Errorf("comment %+v of post %s", c, post)
			}
			texts = append(texts, text)
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			return texts
		}
	}
}

func TestCommentsAreReadOldestFirstWithoutThoseDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	author := w.people(1)[0]
	circle := w.circle(author)
	post, other := w.post(author, circle, "hello").ID, w.post(author, circle, "other").ID
	first := w.comment(author, post, "a", nil)
	w.comment(author, other, "elsewhere", nil)
	gone := w.comment(author, post, "b", nil)
	w.comment(author, post, "c", &first.ID)
	w.comment(author, post, "d", nil)
	wantCode(t, "delete", w.service().DeleteComment(t.Context(), author, gone.ID), "")
	wantCode(t, "delete again", w.service().DeleteComment(t.Context(), author, gone.ID), problem.Deleted)
	if got, want := w.comments(post), []string{"a", "c to " + first.ID.String(), "d"}; !slices.Equal(got, want) {
		t.Errorf("comments %q, want %q", got, want)
	}
	if view, err := w.service().Post(t.Context(), author, post); err != nil || view.Counts.Comments != 3 {
		t.Errorf("%+v %v", view.Counts, err)
	}
	w.holds()
	w.toldCountsAreTheRows()
}

func TestACommentNeedsALivingPostAndALivingCommentToReplyTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	author := w.people(1)[0]
	circle := w.circle(author)
	post, other, dead := w.post(author, circle, "hello").ID, w.post(author, circle, "other").ID, w.post(author, circle, "dead").ID
	mine, theirs, buried, gone := w.comment(author, post, "a", nil), w.comment(author, other, "b", nil), w.comment(author, dead, "c", nil), w.comment(author, post, "d", nil)
	wantCode(t, "delete a comment", w.service().DeleteComment(t.Context(), author, gone.ID), "")
	wantCode(t, "delete a post", w.service().DeletePost(t.Context(), author, dead), "")
	wantCode(t, "delete it again", w.service().DeletePost(t.Context(), author, dead), problem.Deleted)
	nowhere := id.Comment{Circle: circle, Post: post.Post, Comment: id.New()}
	for name, c := range map[string]struct {
		post    id.Post
		replyTo *id.Comment
		code    problem.Code
	}{
		"a reply":                       {post, &mine.ID, ""},
		"to a comment of another post":  {post, &theirs.ID, problem.CommentNotFound},
		"to nobody":                     {post, &nowhere, problem.CommentNotFound},
		"to a deleted comment":          {post, &gone.ID, problem.Deleted},
		"on a deleted post":             {dead, nil, problem.Deleted},
		"on no post":                    {id.Post{Circle: circle, Post: id.New()}, nil, problem.PostNotFound},
		"on a post in no circle":        {id.Post{Circle: id.New(), Post: post.Post}, nil, problem.PostNotFound},
		"on a post of the wrong circle": {id.Post{Circle: w.circle(author), Post: post.Post}, nil, problem.PostNotFound},
	} {
		_, err := w.service().CreateComment(t.Context(), author, c.post, feed.NewComment{Text: "x", ReplyTo: c.replyTo}, "")
		wantCode(t, name, err, c.code)
	}
	wantCode(t, "delete a comment of a deleted post", w.service().DeleteComment(t.Context(), author, buried.ID), problem.Deleted)
	wantCode(t, "delete no comment", w.service().DeleteComment(t.Context(), author, nowhere), problem.CommentNotFound)
	_, err := w.service().Comments(t.Context(), author, dead, feed.PageQuery{})
	wantCode(t, "comments of a deleted post", err, problem.Deleted)
	_, err = w.service().Likes(t.Context(), author, dead, feed.PageQuery{})
	wantCode(t, "likes of a deleted post", err, problem.Deleted)
	w.holds()
}

func TestLikersArePagedAndCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	people := w.people(5)
	circle := w.circle(people[0])
	post, other := w.post(people[0], circle, "hello").ID, w.post(people[0], circle, "other").ID
	like := func(do func() (feed.LikeState, error), want feed.LikeState) {
		t.Helper()
		if got, err := do(); err != nil || got != want {
			t.Errorf("%+v %v, want %+v", got, err, want)
		}
	}
	s, ctx := w.service(), t.Context()
	for i, a := range people {
		like(func() (feed.LikeState, error) { return s.Like(ctx, a, post) }, feed.LikeState{Liked: true, Likes: int64(i + 1)})
	}
	like(func() (feed.LikeState, error) { return s.Like(ctx, people[1], post) }, feed.LikeState{Liked: true, Likes: 5})
	like(func() (feed.LikeState, error) { return s.Unlike(ctx, people[1], post) }, feed.LikeState{Liked: false, Likes: 4})
	like(func() (feed.LikeState, error) { return s.Unlike(ctx, people[1], post) }, feed.LikeState{Liked: false, Likes: 4})
	like(func() (feed.LikeState, error) { return s.Like(ctx, people[1], other) }, feed.LikeState{Liked: true, Likes: 1})
	var got []id.ID
	for q := (feed.PageQuery{Limit: 2}); ; {
		page, err := s.Likes(ctx, feed.Actor{}, post, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range page.Items {
			got = append(got, l.User.ID)
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			break
		}
	}
	if want := []id.ID{people[0].User, people[2].User, people[3].User, people[4].User}; !slices.Equal(got, want) {
		t.Errorf("likers %v, want %v", got, want)
	}
	for who, liked := range map[feed.Actor]bool{people[0]: true, people[1]: false, {}: false} {
		if view, err := s.Post(ctx, who, post); err != nil || view.Liked != liked || view.Counts.Likes != 4 {
			t.Errorf("%v sees %+v (%v)", who, view, err)
		}
	}
	w.holds()
}

func TestOnePersonFollowsSoManyCirclesAndNoMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	person := w.people(1)[0]
	one, two := w.circle(person), w.circle(person)
	w.exec(`INSERT INTO follows (circle_id, user_id) SELECT n, $1 FROM generate_series(1, $2::int) n`, person.User, feed.MaxFollows-1)
	follow := func(circle id.ID, code problem.Code) {
		t.Helper()
		_, err := w.service().Follow(t.Context(), person, circle)
		wantCode(t, fmt.Sprint("follow ", circle), err, code)
	}
	follow(one, "")
	follow(two, problem.Invalid_)
	follow(one, "") // it is one of them
	if _, err := w.service().Unfollow(t.Context(), person, one); err != nil {
		t.Error(err)
	}
	follow(two, "")
	w.holds()
}
