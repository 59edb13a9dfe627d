package httpapi

import (
	"context"
	"net/http"

	"lifecircle/feed"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
	"lifecircle/internal/ratelimit"
)

// Posts is what the routes of posts and likes need of the feed.
type Posts interface {
	CreatePost(ctx context.Context, a feed.Actor, circle id.ID, in feed.NewPost, key string) (feed.PostView, error)
	UpdatePost(ctx context.Context, a feed.Actor, post id.Post, in feed.PostChange) (feed.PostView, error)
	DeletePost(ctx context.Context, a feed.Actor, post id.Post) error
	Post(ctx context.Context, a feed.Actor, post id.Post) (feed.PostView, error)
	Posts(ctx context.Context, a feed.Actor, circle id.ID, q feed.PageQuery) (feed.PostPage, error)
	Home(ctx context.Context, a feed.Actor, q feed.PageQuery) (feed.Page[feed.PostView], error)
	Like(ctx context.Context, a feed.Actor, post id.Post) (feed.LikeState, error)
	Unlike(ctx context.Context, a feed.Actor, post id.Post) (feed.LikeState, error)
	Likes(ctx context.Context, a feed.Actor, post id.Post, q feed.PageQuery) (feed.Page[feed.Liker], error)
}

// What a post can be refused for.
var (
	postGone  = []problem.Code{problem.PostNotFound, problem.Deleted}
	postTexts = []problem.Code{problem.TextEmpty, problem.TextTooLong, problem.TextControl}
)

func (s *server) postRoutes() {
	register(s, route{
		id: "list_posts", method: http.MethodGet, path: "/v1/circles/{id}/posts", tag: "posts", access: viewer,
		summary: "A circle's posts, newest first",
		about:   "Subscribe to the circle since `position`, drop what you have by id, and nothing falls between the page and the socket.",
		codes:   []problem.Code{problem.CircleNotFound, problem.BadCursor},
	}, s.listPosts)
	register(s, route{
		id: "create_post", method: http.MethodPost, path: "/v1/circles/{id}/posts", tag: "posts", access: account,
		status: http.StatusCreated, limit: ratelimit.Posts, keyed: true,
		summary: "Write a post", about: "Its photos are uploaded before: the post appears with all of them, or not at all.",
		codes: append([]problem.Code{
			problem.CircleNotFound, problem.Banned, problem.NotAllowed,
			problem.PhotosTooMany, problem.PhotoRepeated, problem.PhotoNotFound, problem.PhotoInUse,
		}, postTexts...),
	}, s.createPost)
	register(s, route{
		id: "get_home", method: http.MethodGet, path: "/v1/home", tag: "posts", access: account,
		summary: "The posts of the circles you follow, newest first", codes: []problem.Code{problem.BadCursor},
	}, s.getHome)
	register(s, route{
		id: "get_post", method: http.MethodGet, path: "/v1/posts/{id}", tag: "posts", access: viewer,
		summary: "A post, and what you may do with it", codes: postGone,
	}, s.getPost)
	register(s, route{
		id: "update_post", method: http.MethodPatch, path: "/v1/posts/{id}", tag: "posts", access: account, limit: ratelimit.Changes,
		summary: "Change the text of your post", about: "It takes the right to post. Its photos stay.",
		codes: append([]problem.Code{problem.PostNotFound, problem.Deleted, problem.Banned, problem.NotAuthor, problem.NotAllowed}, postTexts...),
	}, s.updatePost)
	register(s, route{
		id: "delete_post", method: http.MethodDelete, path: "/v1/posts/{id}", tag: "posts", access: account, limit: ratelimit.Changes,
		summary: "Remove a post", about: "Its author may, and moderators and owners of the circle.",
		codes: append([]problem.Code{problem.Banned, problem.RoleRequired}, postGone...),
	}, s.deletePost)
	s.likeRoutes()
}

func (s *server) likeRoutes() {
	register(s, route{
		id: "like_post", method: http.MethodPut, path: "/v1/posts/{id}/like", tag: "posts", access: account, limit: ratelimit.Likes,
		summary: "Like a post", about: "Liking twice is liking once.",
		codes: append([]problem.Code{problem.Banned, problem.NotAllowed}, postGone...),
	}, s.likePost)
	register(s, route{
		id: "unlike_post", method: http.MethodDelete, path: "/v1/posts/{id}/like", tag: "posts", access: account, limit: ratelimit.Likes,
		summary: "Take a like back", codes: append([]problem.Code{problem.Banned, problem.NotAllowed}, postGone...),
	}, s.unlikePost)
	register(s, route{
		id: "list_likes", method: http.MethodGet, path: "/v1/posts/{id}/likes", tag: "posts", access: viewer,
		summary: "Who likes a post", codes: append([]problem.Code{problem.BadCursor}, postGone...),
	}, s.listLikes)
}

type listPosts struct {
	CirclePath
	Paged
}

func (s *server) listPosts(ctx context.Context, in *listPosts) (*reply[feed.PostPage], error) {
	circle, err := in.circle()
	if err != nil {
		return nil, err
	}
	return answer(s.Feed.Posts(ctx, actor(ctx), circle, in.query()))
}

type createPost struct {
	CirclePath
	Idempotent
	Body feed.NewPost
}

func (s *server) createPost(ctx context.Context, in *createPost) (*created[feed.PostView], error) {
	circle, err := in.circle()
	if err != nil {
		return nil, err
	}
	p, err := s.Feed.CreatePost(ctx, actor(ctx), circle, in.Body, in.Key)
	if err != nil {
		return nil, err
	}
	return &created[feed.PostView]{Location: "/v1/posts/" + p.ID.String(), Body: p}, nil
}

type getHome struct{ Paged }

func (s *server) getHome(ctx context.Context, in *getHome) (*reply[feed.Page[feed.PostView]], error) {
	return answer(s.Feed.Home(ctx, actor(ctx), in.query()))
}

// PostPath is the part of an input that names a post.
type PostPath struct {
	ID string `path:"id" doc:"a post's id"`
}

func (p PostPath) post() (id.Post, error) {
	post, err := id.ParsePost(p.ID)
	if err != nil {
		return id.Post{}, problem.New(problem.PostNotFound, "This post does not exist.")
	}
	return post, nil
}

func (s *server) getPost(ctx context.Context, in *PostPath) (*reply[feed.PostView], error) {
	post, err := in.post()
	if err != nil {
		return nil, err
	}
	return answer(s.Feed.Post(ctx, actor(ctx), post))
}

type updatePost struct {
	PostPath
	Body feed.PostChange
}

func (s *server) updatePost(ctx context.Context, in *updatePost) (*reply[feed.PostView], error) {
	post, err := in.post()
	if err != nil {
		return nil, err
	}
	return answer(s.Feed.UpdatePost(ctx, actor(ctx), post, in.Body))
}

func (s *server) deletePost(ctx context.Context, in *PostPath) (*noBody, error) {
	post, err := in.post()
	if err != nil {
		return nil, err
	}
	return nil, s.Feed.DeletePost(ctx, actor(ctx), post)
}

func (s *server) likePost(ctx context.Context, in *PostPath) (*reply[feed.LikeState], error) {
	post, err := in.post()
	if err != nil {
		return nil, err
	}
	return answer(s.Feed.Like(ctx, actor(ctx), post))
}

func (s *server) unlikePost(ctx context.Context, in *PostPath) (*reply[feed.LikeState], error) {
	post, err := in.post()
	if err != nil {
		return nil, err
	}
	return answer(s.Feed.Unlike(ctx, actor(ctx), post))
}

type listOfPost struct {
	PostPath
	Paged
}

func (s *server) listLikes(ctx context.Context, in *listOfPost) (*reply[feed.Page[feed.Liker]], error) {
	post, err := in.post()
	if err != nil {
		return nil, err
	}
	return answer(s.Feed.Likes(ctx, actor(ctx), post, in.query()))
}
