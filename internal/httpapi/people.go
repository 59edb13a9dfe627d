package httpapi

import (
	"context"
	"net/http"

	"lifecircle/feed"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
	"lifecircle/internal/ratelimit"
)

// People is what the routes of people need of the feed.
type People interface {
	User(ctx context.Context, user id.ID) (feed.User, error)
	UserByHandle(ctx context.Context, handle string) (feed.User, error)
	UpdateUser(ctx context.Context, a feed.Actor, c feed.UserChange) (feed.User, error)
	PostsBy(ctx context.Context, a feed.Actor, author id.ID, q feed.PageQuery) (feed.Page[feed.PostView], error)
}

func (s *server) peopleRoutes() {
	register(s, route{
		id: "get_me", method: http.MethodGet, path: "/v1/me", tag: "people", access: account,
		summary: "Your own page", codes: []problem.Code{problem.UserNotFound},
	}, s.getMe)
	register(s, route{
		id: "update_me", method: http.MethodPatch, path: "/v1/me", tag: "people", access: account, limit: ratelimit.Changes,
		summary: "Change your name or what you say of yourself", about: "What is left out stays as it is.",
		codes: []problem.Code{problem.Banned, problem.UserNotFound, problem.TextEmpty, problem.TextTooLong, problem.TextControl},
	}, s.updateMe)
	register(s, route{
		id: "get_user", method: http.MethodGet, path: "/v1/users/{id}", tag: "people", access: viewer,
		summary: "A person's public page", codes: []problem.Code{problem.UserNotFound},
	}, s.getUser)
	register(s, route{
		id: "find_user", method: http.MethodGet, path: "/v1/users/by-handle/{handle}", tag: "people", access: viewer,
		summary: "A person's public page, found by handle", codes: []problem.Code{problem.UserNotFound},
	}, s.findUser)
	register(s, route{
		id: "list_posts_by", method: http.MethodGet, path: "/v1/users/{id}/posts", tag: "people", access: viewer,
		summary: "What a person has posted, newest first",
		about:   "Posts in circles that are closed to you are left out: a page may hold fewer than its limit while there are more.",
		codes:   []problem.Code{problem.UserNotFound, problem.BadCursor},
	}, s.listPostsBy)
}

func (s *server) getMe(ctx context.Context, _ *nothing) (*reply[feed.User], error) {
	return answer(s.Feed.User(ctx, actor(ctx).User))
}

type updateMe struct{ Body feed.UserChange }

func (s *server) updateMe(ctx context.Context, in *updateMe) (*reply[feed.User], error) {
	return answer(s.Feed.UpdateUser(ctx, actor(ctx), in.Body))
}

// UserPath is the part of an input that names a person.
type UserPath struct {
	ID string `path:"id" doc:"a user's id"`
}

func (s *server) getUser(ctx context.Context, in *UserPath) (*reply[feed.User], error) {
	user, err := userID(in.ID)
	if err != nil {
		return nil, err
	}
	return answer(s.Feed.User(ctx, user))
}

type findUser struct {
	Handle string `path:"handle" maxLength:"64" doc:"a handle, without @"`
}

func (s *server) findUser(ctx context.Context, in *findUser) (*reply[feed.User], error) {
	return answer(s.Feed.UserByHandle(ctx, in.Handle))
}

type listPostsBy struct {
	UserPath
	Paged
}

func (s *server) listPostsBy(ctx context.Context, in *listPostsBy) (*reply[feed.Page[feed.PostView]], error) {
	user, err := userID(in.ID)
	if err != nil {
		return nil, err
	}
	return answer(s.Feed.PostsBy(ctx, actor(ctx), user, in.query()))
}

// userID reads a user's id in a path. One that cannot be is of nobody.
func userID(text string) (id.ID, error) {
	user, err := id.Parse(text)
	if err != nil {
		return 0, problem.New(problem.UserNotFound, "This person does not exist.")
	}
	return user, nil
}
