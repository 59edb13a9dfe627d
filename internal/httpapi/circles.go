package httpapi

import (
	"context"
	"net/http"
	"slices"

	"lifecircle/feed"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
	"lifecircle/internal/ratelimit"
)

// Circles is what the routes of circles need of the feed.
type Circles interface {
	CreateCircle(ctx context.Context, a feed.Actor, in feed.NewCircle, key string) (feed.CircleView, error)
	UpdateCircle(ctx context.Context, a feed.Actor, circle id.ID, in feed.CircleChange) (feed.CircleView, error)
	Circle(ctx context.Context, a feed.Actor, circle id.ID) (feed.CircleView, error)
	MayView(ctx context.Context, a feed.Actor, circle id.ID) error
	Circles(ctx context.Context, a feed.Actor, q feed.CircleQuery) (feed.Page[feed.CircleView], error)
	Follow(ctx context.Context, a feed.Actor, circle id.ID) (feed.FollowState, error)
	Unfollow(ctx context.Context, a feed.Actor, circle id.ID) (feed.FollowState, error)
}

// What a circle's texts can be refused for.
var circleTexts = []problem.Code{
	problem.TextEmpty, problem.TextTooLong, problem.TextControl, problem.CategoryUnknown,
}

func (s *server) circleRoutes() {
	register(s, route{
		id: "list_circles", method: http.MethodGet, path: "/v1/circles", tag: "circles", access: viewer,
		summary: "The circles, a page at a time", about: "Those that are closed to you are left out: a page may hold fewer than there are to come.", codes: []problem.Code{problem.BadCursor},
	}, s.listCircles)
	register(s, route{
		id: "create_circle", method: http.MethodPost, path: "/v1/circles", tag: "circles", access: account,
		status: http.StatusCreated, limit: ratelimit.Circles, keyed: true,
		summary: "Found a circle", about: "You become its owner. A sub-circle is founded by an owner or moderator of its parent.",
		codes: slices.Concat([]problem.Code{problem.Banned, problem.RoleRequired, problem.ParentUnsuitable}, ruleTexts, circleTexts),
	}, s.createCircle)
	register(s, route{
		id: "get_circle", method: http.MethodGet, path: "/v1/circles/{id}", tag: "circles", access: viewer,
		summary: "A circle, and what you may do in it", codes: []problem.Code{problem.CircleNotFound},
	}, s.getCircle)
	register(s, route{
		id: "update_circle", method: http.MethodPatch, path: "/v1/circles/{id}", tag: "circles", access: account, limit: ratelimit.Changes,
		summary: "Change a circle", about: "Its owners may. What is left out stays as it is.",
		codes: append([]problem.Code{problem.CircleNotFound, problem.Banned, problem.RoleRequired}, circleTexts...),
	}, s.updateCircle)
	register(s, route{
		id: "follow_circle", method: http.MethodPut, path: "/v1/circles/{id}/follow", tag: "circles", access: account, limit: ratelimit.Follows,
		summary: "Follow a circle", about: "Following twice is following once.",
		codes: []problem.Code{problem.CircleNotFound, problem.Banned, problem.Invalid_},
	}, s.followCircle)
	register(s, route{
		id: "unfollow_circle", method: http.MethodDelete, path: "/v1/circles/{id}/follow", tag: "circles", access: account, limit: ratelimit.Follows,
		summary: "Follow a circle no more", codes: []problem.Code{problem.CircleNotFound, problem.Banned},
	}, s.unfollowCircle)
}

type listCircles struct {
	Paged
	Sort string `query:"sort" enum:"top,new" default:"top" doc:"top: most followers first; new: youngest first"`
	Tag  string `query:"tag" doc:"only circles with this tag"`
}

func (s *server) listCircles(ctx context.Context, in *listCircles) (*reply[feed.Page[feed.CircleView]], error) {
	return answer(s.Feed.Circles(ctx, actor(ctx), feed.CircleQuery{PageQuery: in.query(), Sort: in.Sort, Tag: in.Tag}))
}

type createCircle struct {
	Idempotent
	Body feed.NewCircle
}

func (s *server) createCircle(ctx context.Context, in *createCircle) (*created[feed.CircleView], error) {
	c, err := s.Feed.CreateCircle(ctx, actor(ctx), in.Body, in.Key)
	if err != nil {
		return nil, err
	}
	return &created[feed.CircleView]{Location: "/v1/circles/" + c.ID.String(), Body: c}, nil
}

// CirclePath is the part of an input that names a circle.
type CirclePath struct {
	ID string `path:"id" doc:"a circle's id"`
}

func (p CirclePath) circle() (id.ID, error) {
	circle, err := id.Parse(p.ID)
	if err != nil {
		return 0, problem.New(problem.CircleNotFound, "This circle does not exist.")
	}
	return circle, nil
}

func (s *server) getCircle(ctx context.Context, in *CirclePath) (*reply[feed.CircleView], error) {
	circle, err := in.circle()
	if err != nil {
		return nil, err
	}
	return answer(s.Feed.Circle(ctx, actor(ctx), circle))
}

type updateCircle struct {
	CirclePath
	Body feed.CircleChange
}

func (s *server) updateCircle(ctx context.Context, in *updateCircle) (*reply[feed.CircleView], error) {
	circle, err := in.circle()
	if err != nil {
		return nil, err
	}
	return answer(s.Feed.UpdateCircle(ctx, actor(ctx), circle, in.Body))
}

func (s *server) followCircle(ctx context.Context, in *CirclePath) (*reply[feed.FollowState], error) {
	circle, err := in.circle()
	if err != nil {
		return nil, err
	}
	return answer(s.Feed.Follow(ctx, actor(ctx), circle))
}

func (s *server) unfollowCircle(ctx context.Context, in *CirclePath) (*reply[feed.FollowState], error) {
	circle, err := in.circle()
	if err != nil {
		return nil, err
	}
	return answer(s.Feed.Unfollow(ctx, actor(ctx), circle))
}
