package httpapi

import (
	"context"
	"net/http"

	"lifecircle/internal/id"
	"lifecircle/internal/problem"
	"lifecircle/internal/ratelimit"
	"lifecircle/payments"
)

// Contracts is what the routes of contracts need of payments.
type Contracts interface {
	Contracts(ctx context.Context, circle id.ID) (payments.Contracts, error)
	SignContract(ctx context.Context, a payments.Actor, circle id.ID, in payments.NewContract, key string) (payments.Contract, error)
}

func (s *server) contractRoutes() {
	const path = "/v1/circles/{id}/contract"
	register(s, route{
		id: "get_contract", method: http.MethodGet, path: path, tag: "tips", access: viewer,
		summary: "How a circle's tips are shared, now and before", codes: []problem.Code{problem.CircleNotFound},
	}, s.getContract)
	register(s, route{
		id: "sign_contract", method: http.MethodPost, path: path, tag: "tips", access: account,
		status: http.StatusCreated, limit: ratelimit.Payments, keyed: true,
		summary: "Sign how a circle's tips are shared",
		about: "An owner may, and the partner named. Terms are in force once the owner and the partner have signed the same: " +
			"what waits is signed by sending the same terms, other terms take its place.",
		codes: []problem.Code{
			problem.CircleNotFound, problem.Banned, problem.RoleRequired, problem.SharesUnsuitable, problem.PartnerUnsuitable,
		},
	}, s.signContract)
}

func (s *server) getContract(ctx context.Context, in *CirclePath) (*reply[payments.Contracts], error) {
	circle, err := in.circle()
	if err != nil {
		return nil, err
	}
	if err := s.Feed.MayView(ctx, actor(ctx), circle); err != nil {
		return nil, err
	}
	return answer(s.Payments.Contracts(ctx, circle))
}

type signContract struct {
	CirclePath
	Idempotent
	Body payments.NewContract
}

func (s *server) signContract(ctx context.Context, in *signContract) (*reply[payments.Contract], error) {
	circle, err := in.circle()
	if err != nil {
		return nil, err
	}
	return answer(s.Payments.SignContract(ctx, payer(ctx), circle, in.Body, in.Key))
}
