package feed

import (
	"context"
	"time"

	"lifecircle/feed/policy"
	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/problem"
	"lifecircle/internal/text"
)

// CreatePost writes a post into a circle and its log. A repeated key returns
// the first answer and writes nothing. It fails with CircleNotFound, a text
// problem, PhotosTooMany, PhotoRepeated, PhotoNotFound, PhotoInUse, or a refusal
// of the circle's rules.
func (s *Service) CreatePost(ctx context.Context, a Actor, circle id.ID, in NewPost, key string) (PostView, error) {
	req, err := idempotency.NewRequest(a.User, key, "create post", circle, in)
	if err != nil {
		return PostView{}, err
	}
	photos, err := photoIDs(in.Photos)
	if err != nil {
		return PostView{}, err
	}
	body, err := text.Body("body.text", in.Text, MaxPostGraphemes)
	if problem.Has(err, problem.TextEmpty) && len(photos) > 0 {
		body, err = "", nil
	}
	if err != nil {
		return PostView{}, err
	}
	return run[PostView](ctx, s, a, req, createPost{circle, body, photos})
}

type createPost struct {
	in     id.ID
	text   string
	photos []id.ID
}

func (c createPost) circle() id.ID { return c.in }

func (c createPost) size() int { return len(c.text) }

func (c createPost) need(n *needs) {
	n.authors.add(n.actor)
	n.photos = append(n.photos, c.photos...)
	n.logs.add(c.in)
}

func (c createPost) decide(b *batch, a Actor) (any, error) {
	if !b.heads.Has(c.in) {
		return nil, errCircleNotFound
	}
	who := b.stand(c.in, a).by(true)
	if err := who.hide(who.may(policy.MakePost), errCircleNotFound); err != nil {
		return nil, err
	}
	if err := b.mayTake(a, c.photos); err != nil {
		return nil, err
	}
	p := Post{
		ID:       id.Post{Circle: c.in, Post: b.heads.NextID(c.in, b.now)},
		CircleID: c.in, Author: b.authors[a.User], Text: c.text, Counts: Counts{Version: 1}, CreatedAt: b.now,
	}
	p.Photos = b.take(c.photos, p.ID)
	b.newPosts = append(b.newPosts, p)
	who.unreviewed = p.unreviewed()
	return PostView{Post: p, Can: who.canWithPost()}, b.append(c.in, event{Type: postCreated, Post: &p})
}

// UpdatePost changes the text of one's own post, which takes the right to post
// and leaves its photos.
// It fails with PostNotFound, Deleted, NotAuthor, a text problem or a refusal
// of the circle's rules.
func (s *Service) UpdatePost(ctx context.Context, a Actor, post id.Post, in PostChange) (PostView, error) {
	body, err := text.Body("body.text", in.Text, MaxPostGraphemes)
	u := updatePost{post: post, by: a.User, text: body}
	if problem.Has(err, problem.TextEmpty) {
		u.empty, err = err, nil
	}
	if err != nil {
		return PostView{}, err
	}
	return run[PostView](ctx, s, a, idempotency.Request{}, u)
}

type updatePost struct {
	post  id.Post
	by    id.ID
	text  string
	empty error // the refusal of a text with nothing in it, unless there are photos
}

func (u updatePost) circle() id.ID { return u.post.Circle }

func (u updatePost) size() int { return len(u.text) }

func (u updatePost) need(n *needs) {
	n.posts.add(u.post)
	n.counts.add(u.post)
	n.likes = append(n.likes, like{u.post, u.by})
	n.logs.add(u.post.Circle)
}

func (u updatePost) decide(b *batch, a Actor) (any, error) {
	who := b.stand(u.post.Circle, a)
	p, counts, err := b.livingPost(u.post)
	if err != nil {
		return nil, who.hide(err, errPostNotFound)
	}
	who = who.of(&p.Post, a)
	if err := who.hide(who.may(policy.Edit), errPostNotFound); err != nil {
		return nil, err
	}
	if u.empty != nil && len(p.Photos) == 0 {
		return nil, u.empty
	}
	at := b.now
	p.Text, p.EditedAt, p.changed = u.text, &at, true
	shown := p.Post
	shown.Counts = counts.Counts
	view := PostView{Post: shown, Liked: b.likes[like{u.post, a.User}].is, Can: who.canWithPost()}
	return view, b.append(u.post.Circle, event{Type: postUpdated, Post: &shown})
}

// DeletePost removes a post for all readers and leaves a tombstone in the log.
// Authors may, and the circle's moderators and owners. It fails with
// PostNotFound, Deleted or RoleRequired.
func (s *Service) DeletePost(ctx context.Context, a Actor, post id.Post) error {
	_, err := run[struct{}](ctx, s, a, idempotency.Request{}, deletePost{post, a.User})
	return err
}

type deletePost struct {
	post id.Post
	by   id.ID
}

func (d deletePost) circle() id.ID { return d.post.Circle }

func (deletePost) size() int { return 0 }

func (d deletePost) need(n *needs) {
	n.posts.add(d.post)
	n.ending = append(n.ending, d.post)
	n.counts.add(d.post)
	n.roles.add(membership{d.post.Circle, d.by})
	n.logs.add(d.post.Circle)
}

func (d deletePost) decide(b *batch, a Actor) (any, error) {
	who := b.stand(d.post.Circle, a)
	p, counts, err := b.livingPost(d.post)
	if err != nil {
		return nil, who.hide(err, errPostNotFound)
	}
	who = who.of(&p.Post, a)
	if err := who.hide(who.may(policy.Delete), errPostNotFound); err != nil {
		return nil, err
	}
	counts.deleted, counts.changed, p.changed, p.deletedBy = true, true, true, d.by
	return struct{}{}, b.append(d.post.Circle, event{Type: postDeleted, PostID: &d.post})
}

var (
	errCircleNotFound = problem.New(problem.CircleNotFound, "There is no such circle.")
	errPostNotFound   = problem.New(problem.PostNotFound, "There is no such post.")
	errPostDeleted    = problem.New(problem.Deleted, "This post was deleted.")
)

// living returns the locked counts of a post that nobody has deleted.
func (b *batch) living(post id.Post) (*countsRow, error) {
	switch c := b.counts[post]; {
	case c == nil:
		return nil, errPostNotFound
	case c.deleted:
		return nil, errPostDeleted
	default:
		return c, nil
	}
}

// livingPost returns a post that the batch has read and nobody has deleted. One
// whose author's row is gone is shown to nobody, and is not found here either.
func (b *batch) livingPost(post id.Post) (*postRow, *countsRow, error) {
	counts, err := b.living(post)
	if err != nil {
		return nil, nil, err
	}
	p := b.posts[post]
	if p == nil {
		return nil, nil, errPostNotFound
	}
	return p, counts, nil
}

// Post returns one post. It fails with PostNotFound or Deleted.
func (s *Service) Post(ctx context.Context, a Actor, post id.Post) (PostView, error) {
	row, err := s.readPost(ctx, a, post)
	return row, outward(err)
}

// Posts returns a page of a circle's posts, newest first, and the log's
// position from before the page was read. It fails with CircleNotFound or
// BadCursor.
func (s *Service) Posts(ctx context.Context, a Actor, circle id.ID, q PageQuery) (PostPage, error) {
	list := "posts " + circle.String()
	place, err := s.cursors.Open(list, q.Cursor, 1)
	if err != nil {
		return PostPage{}, err
	}
	page, err := s.postPage(ctx, a, circle, place, q.limit())
	if err != nil {
		return PostPage{}, outward(err)
	}
	if len(page.Items) == q.limit() {
		page.NextCursor = s.cursors.Seal(list, int64(page.Items[len(page.Items)-1].ID.Post))
	}
	return page, nil
}

// postPage reads the newest page through the window, others from the database.
func (s *Service) postPage(ctx context.Context, a Actor, circle id.ID, place []int64, limit int) (PostPage, error) {
	if place != nil {
		return s.readPosts(ctx, a, circle, place, limit)
	}
	now := time.Now()
	if p, ok := s.window.newest(circle, limit, now); ok {
		page, ok, err := s.readPane(ctx, a, circle, p)
		if ok || err != nil {
			return page, err
		}
	}
	page, err := s.readPosts(ctx, a, circle, nil, limit)
	if err == nil {
		s.window.keep(circle, page.pane(limit, now))
	}
	return page, err
}

// pane returns what of a first page is the same for every viewer.
func (p PostPage) pane(limit int, now time.Time) pane {
	posts := make([]Post, len(p.Items))
	for i := range p.Items {
		posts[i] = p.Items[i].Post
	}
	return pane{position: p.Position, posts: posts, whole: len(posts) < limit, readAt: now}
}

// Home returns a page of the posts of all circles the actor follows, newest
// first. It fails with Unauthorized or BadCursor.
func (s *Service) Home(ctx context.Context, a Actor, q PageQuery) (Page[PostView], error) {
	if a.Guest() {
		return Page[PostView]{}, errSignIn
	}
	list := "home " + a.User.String()
	place, err := s.cursors.Open(list, q.Cursor, 2)
	if err != nil {
		return Page[PostView]{}, err
	}
	items, err := s.readHome(ctx, a, place, q.limit())
	if err != nil {
		return Page[PostView]{}, outward(err)
	}
	page := Page[PostView]{Items: items}
	if len(items) == q.limit() {
		last := items[len(items)-1].ID
		page.NextCursor = s.cursors.Seal(list, int64(last.Post), int64(last.Circle))
	}
	return page, nil
}

// limit bounds the size of a page.
func (q PageQuery) limit() int {
	if q.Limit <= 0 {
		return DefaultPage
	}
	return min(q.Limit, MaxPage)
}
