package httpapi

import (
	"context"
	"net/http"

	"lifecircle/internal/creditscore"
	"lifecircle/internal/problem"
	"lifecircle/internal/ratelimit"
)

func (s *server) contactRoutes() {
	const path = "/v1/me/contacts/{user}"
	register(s, route{
		id: "list_contacts", method: http.MethodGet, path: "/v1/me/contacts", tag: "people", access: account,
		summary: "Your contacts, newest first", codes: []problem.Code{problem.BadCursor},
	}, s.listContacts)
	register(s, route{
		id: "get_contact", method: http.MethodGet, path: path, tag: "people", access: account,
		summary: "What a person is to you", about: "Nothing between you is an answer, too: its state is none.", codes: []problem.Code{problem.UserNotFound},
	}, s.getContact)
	register(s, route{
		id: "ask_contact", method: http.MethodPut, path: path, tag: "people", access: account, limit: ratelimit.Changes,
		summary: "Ask a person to be your contact, or accept", about: "You are contacts when both have asked. Contacts who answer each other add to both scores.",
		codes: []problem.Code{problem.UserNotFound, problem.ContactUnsuitable, problem.ContactLimit, problem.Banned},
	}, s.askContact)
	register(s, route{
		id: "end_contact", method: http.MethodDelete, path: path, tag: "people", access: account, limit: ratelimit.Changes,
		summary: "End a contact, or take back or refuse a question", about: "Ending what is not there changes nothing.",
		codes: []problem.Code{problem.UserNotFound},
	}, s.endContact)
}

type listContacts struct {
	Paged
	State string `query:"state" enum:"accepted,asked,asks" default:"accepted" doc:"accepted: contacts; asked: those whom you have asked; asks: those who ask you"`
}

func (s *server) listContacts(ctx context.Context, in *listContacts) (*reply[creditscore.Page[creditscore.Contact]], error) {
	return answer(s.Scores.Contacts(ctx, actor(ctx).User, in.State, in.ofScores()))
}

// ContactPath names the other person.
type ContactPath struct {
	User string `path:"user" doc:"a user's id"`
}

func (s *server) getContact(ctx context.Context, in *ContactPath) (*reply[creditscore.Contact], error) {
	other, err := userID(in.User)
	if err != nil {
		return nil, err
	}
	return answer(s.Scores.Contact(ctx, actor(ctx).User, other))
}

func (s *server) askContact(ctx context.Context, in *ContactPath) (*reply[creditscore.Contact], error) {
	other, err := userID(in.User)
	if err != nil {
		return nil, err
	}
	return answer(s.Scores.AskContact(ctx, actor(ctx).User, other))
}

func (s *server) endContact(ctx context.Context, in *ContactPath) (*noBody, error) {
	other, err := userID(in.User)
	if err != nil {
		return nil, err
	}
	return nil, s.Scores.EndContact(ctx, actor(ctx).User, other)
}
