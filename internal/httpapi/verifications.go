package httpapi

import (
	"context"
	"net/http"

	"lifecircle/internal/id"
	"lifecircle/internal/identity"
	"lifecircle/internal/problem"
	"lifecircle/internal/ratelimit"
)

// Identity is what the routes of verifications, and the dev ones, need of the
// identity service.
type Identity interface {
	Mine(ctx context.Context, user id.ID) (identity.Own, error)
	Apply(ctx context.Context, user id.ID, in identity.Application, key string) (identity.Verification, error)
	Set(ctx context.Context, users []id.ID, t identity.Traits) error
}

const verificationsPath = "/v1/me/verifications"

func (s *server) verificationRoutes() {
	register(s, route{
		id: "get_verifications", method: http.MethodGet, path: verificationsPath, tag: "people", access: account,
		summary: "What is verified of you, and what you applied for",
	}, s.getVerifications)
	register(s, route{
		id: "apply_for_verification", method: http.MethodPost, path: verificationsPath, tag: "people", access: account,
		status: http.StatusCreated, limit: ratelimit.Verifications, keyed: true,
		summary: "Apply to be verified",
		about: "Nothing of the body counts by itself: it is what the verifier compares with what it finds. A pending application says in url where to go on. " +
			"A newer one replaces a pending one of the same kind. Names and numbers of documents are sealed, and gone with the decision.",
		codes: []problem.Code{
			problem.Banned, problem.ClaimUnsuitable, problem.DomainUnknown, problem.VerifierUnknown, problem.TextEmpty, problem.TextTooLong, problem.TextControl,
		},
	}, s.applyForVerification)
}

func (s *server) getVerifications(ctx context.Context, _ *nothing) (*reply[identity.Own], error) {
	return answer(s.Identity.Mine(ctx, actor(ctx).User))
}

type applyForVerification struct {
	Idempotent
	Body identity.Application
}

// applied is an answer 201 whose resource is found in a list only.
type applied struct {
	Location string `header:"Location" doc:"the list that it is in"`
	Body     identity.Verification
}

func (s *server) applyForVerification(ctx context.Context, in *applyForVerification) (*applied, error) {
	v, err := s.Identity.Apply(ctx, actor(ctx).User, in.Body, in.Key)
	if err != nil {
		return nil, err
	}
	return &applied{Location: verificationsPath, Body: v}, nil
}
