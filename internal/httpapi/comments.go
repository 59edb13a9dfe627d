package httpapi

import (
	"context"
	"net/http"

	"lifecircle/feed"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
	"lifecircle/internal/ratelimit"
)

// Comments is what the routes of comments need of the feed.
type Comments interface {
	CreateComment(ctx context.Context, a feed.Actor, post id.Post, in feed.NewComment, key string) (feed.Comment, error)
	DeleteComment(ctx context.Context, a feed.Actor, comment id.Comment) error
	Comments(ctx context.Context, a feed.Actor, post id.Post, q feed.PageQuery) (feed.Page[feed.Comment], error)
}

func (s *server) commentRoutes() {
	register(s, route{
		id: "list_comments", method: http.MethodGet, path: "/v1/posts/{id}/comments", tag: "comments", access: viewer,
		summary: "A post's comments", codes: append([]problem.Code{problem.BadCursor}, postGone...),
	}, s.listComments)
	register(s, route{
		id: "create_comment", method: http.MethodPost, path: "/v1/posts/{id}/comments", tag: "comments", access: account,
		status: http.StatusCreated, limit: ratelimit.Comments, keyed: true,
		summary: "Write a comment",
		codes: append([]problem.Code{
			problem.PostNotFound, problem.Deleted, problem.Banned, problem.NotAllowed, problem.CommentNotFound,
		}, postTexts...),
	}, s.createComment)
	register(s, route{
		id: "delete_comment", method: http.MethodDelete, path: "/v1/comments/{id}", tag: "comments", access: account, limit: ratelimit.Changes,
		summary: "Remove a comment", about: "Its author may, and moderators and owners of the circle.",
		codes: []problem.Code{problem.CommentNotFound, problem.Deleted, problem.Banned, problem.RoleRequired},
	}, s.deleteComment)
}

func (s *server) listComments(ctx context.Context, in *listOfPost) (*reply[feed.Page[feed.Comment]], error) {
	post, err := in.post()
	if err != nil {
		return nil, err
	}
	return answer(s.Feed.Comments(ctx, actor(ctx), post, in.query()))
}

type createComment struct {
	PostPath
	Idempotent
	Body feed.NewComment
}

func (s *server) createComment(ctx context.Context, in *createComment) (*created[feed.Comment], error) {
	post, err := in.post()
	if err != nil {
		return nil, err
	}
	c, err := s.Feed.CreateComment(ctx, actor(ctx), post, in.Body, in.Key)
	if err != nil {
		return nil, err
	}
	return &created[feed.Comment]{Location: "/v1/comments/" + c.ID.String(), Body: c}, nil
}

// CommentPath is the input that names a comment.
type CommentPath struct {
	ID string `path:"id" doc:"a comment's id"`
}

func (s *server) deleteComment(ctx context.Context, in *CommentPath) (*noBody, error) {
	comment, err := id.ParseComment(in.ID)
	if err != nil {
		return nil, problem.New(problem.CommentNotFound, "This comment does not exist.")
	}
	return nil, s.Feed.DeleteComment(ctx, actor(ctx), comment)
}
