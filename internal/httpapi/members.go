package httpapi

import (
	"context"
	"net/http"

	"lifecircle/feed"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
	"lifecircle/internal/ratelimit"
)

// Members is what the routes of roles need of the feed.
type Members interface {
	Members(ctx context.Context, a feed.Actor, circle id.ID, q feed.PageQuery) (feed.Page[feed.Member], error)
	SetMember(ctx context.Context, a feed.Actor, circle, user id.ID, role string) (feed.Member, error)
	RemoveMember(ctx context.Context, a feed.Actor, circle, user id.ID) error
}

func (s *server) memberRoutes() {
	codes := []problem.Code{problem.CircleNotFound, problem.UserNotFound, problem.Banned, problem.RoleRequired, problem.LastOwner}
	register(s, route{
		id: "list_members", method: http.MethodGet, path: "/v1/circles/{id}/members", tag: "circles", access: viewer,
		summary: "Who runs a circle", about: "Owners, then moderators, then partners.", codes: []problem.Code{problem.CircleNotFound, problem.BadCursor},
	}, s.listMembers)
	register(s, route{
		id: "set_member", method: http.MethodPut, path: "/v1/circles/{id}/members/{user}", tag: "circles", access: account, limit: ratelimit.Changes,
		summary: "Give a person a role in a circle", about: "Owners may. A circle keeps one owner at least.",
		codes: append([]problem.Code{problem.RoleUnknown}, codes...),
	}, s.setMember)
	register(s, route{
		id: "remove_member", method: http.MethodDelete, path: "/v1/circles/{id}/members/{user}", tag: "circles", access: account, limit: ratelimit.Changes,
		summary: "End a person's role in a circle", about: "Owners may, and everybody may lay down his own. Ending a role that is not there changes nothing.", codes: codes,
	}, s.removeMember)
}

type listMembers struct {
	CirclePath
	Paged
}

func (s *server) listMembers(ctx context.Context, in *listMembers) (*reply[feed.Page[feed.Member]], error) {
	circle, err := in.circle()
	if err != nil {
		return nil, err
	}
	return answer(s.Feed.Members(ctx, actor(ctx), circle, in.query()))
}

// MemberPath names a person in a circle.
type MemberPath struct {
	CirclePath
	User string `path:"user" doc:"a user's id"`
}

func (p MemberPath) member() (circle, user id.ID, err error) {
	if circle, err = p.circle(); err != nil {
		return 0, 0, err
	}
	user, err = userID(p.User)
	return circle, user, err
}

type setMember struct {
	MemberPath
	Body newRole
}

type newRole struct {
	Role string `json:"role" doc:"owner, moderator or partner"`
}

func (s *server) setMember(ctx context.Context, in *setMember) (*reply[feed.Member], error) {
	circle, user, err := in.member()
	if err != nil {
		return nil, err
	}
	return answer(s.Feed.SetMember(ctx, actor(ctx), circle, user, in.Body.Role))
}

func (s *server) removeMember(ctx context.Context, in *MemberPath) (*noBody, error) {
	circle, user, err := in.member()
	if err != nil {
		return nil, err
	}
	return nil, s.Feed.RemoveMember(ctx, actor(ctx), circle, user)
}
