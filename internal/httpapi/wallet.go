package httpapi

import (
	"context"
	"io"
	"net/http"
	"slices"

	"lifecircle/internal/id"
	"lifecircle/internal/problem"
	"lifecircle/internal/ratelimit"
	"lifecircle/payments"
)

// Wallet is what the routes of wallets need of payments.
type Wallet interface {
	Wallet(ctx context.Context, a payments.Actor) (payments.Wallet, error)
	SetLimits(ctx context.Context, a payments.Actor, in payments.LimitsChange) (payments.Limits, error)
	SetBalance(ctx context.Context, user id.ID, fen int64) error // for /v1/dev
	StartTopUp(ctx context.Context, a payments.Actor, in payments.NewTopUp, key string) (payments.TopUp, error)
	TopUp(ctx context.Context, a payments.Actor, topup id.ID) (payments.TopUp, error)
	Withdraw(ctx context.Context, a payments.Actor, in payments.NewWithdrawal, key string) (payments.Withdrawal, error)
	Withdrawal(ctx context.Context, a payments.Actor, withdrawal id.ID) (payments.Withdrawal, error)
	Statement(ctx context.Context, a payments.Actor, q payments.StatementQuery) (payments.Statement, error)
	WriteStatement(ctx context.Context, a payments.Actor, month string, w io.Writer) error
}

const (
	walletPath      = "/v1/wallet"
	topUpsPath      = walletPath + "/topups"
	withdrawalsPath = walletPath + "/withdrawals"
)

func (s *server) walletRoutes() {
	register(s, route{
		id: "get_wallet", method: http.MethodGet, path: walletPath, tag: "wallet", access: account,
		summary: "What you have, what of it is spoken for, and how much you may tip",
	}, s.getWallet)
	register(s, route{
		id: "set_limits", method: http.MethodPatch, path: walletPath + "/limits", tag: "wallet", access: account, limit: ratelimit.Changes,
		summary: "Change how much you may tip", about: "Lower limits hold at once, higher ones 24 hours later. What is left out stays as it is.",
		codes: append([]problem.Code{problem.LimitUnsuitable}, amounts...),
	}, s.setLimits)
	statement := route{
		id: "get_statement", method: http.MethodGet, path: walletPath + "/statement", tag: "wallet", access: account,
		summary: "What happened to your wallet in a month, oldest first",
		about:   "JSON a page at a time; with `Accept: text/csv` or `format=csv` all of the month.",
		codes:   []problem.Code{problem.BadCursor, problem.MonthMalformed},
		csv:     s.statementCSV,
	}
	register(s, statement, s.getStatement)
	s.providedRoutes()
}

// providedRoutes are those with a payment provider on the other side.
func (s *server) providedRoutes() {
	codes := slices.Concat(amounts, []problem.Code{problem.Banned, problem.CurrencyUnsupported, problem.ProviderUnknown})
	register(s, route{
		id: "create_topup", method: http.MethodPost, path: topUpsPath, tag: "wallet", access: account,
		status: http.StatusCreated, limit: ratelimit.Payments, paid: true,
		summary: "Put money into your wallet", about: "Pay at `checkout_url`; your wallet has it once the provider says so, which `wallet.updated` tells on the socket.",
		codes: codes,
	}, s.createTopUp)
	register(s, route{
		id: "get_topup", method: http.MethodGet, path: topUpsPath + "/{id}", tag: "wallet", access: account,
		summary: "What became of a top-up", codes: []problem.Code{problem.TopUpNotFound},
	}, s.getTopUp)
	register(s, route{
		id: "create_withdrawal", method: http.MethodPost, path: withdrawalsPath, tag: "wallet", access: account,
		status: http.StatusCreated, limit: ratelimit.Payments, paid: true,
		summary: "Take money out of your wallet", about: "It is held at once, and leaves the wallet when the provider has paid it out.",
		codes: slices.Concat(codes, funds, []problem.Code{problem.PayoutRefused}),
	}, s.createWithdrawal)
	register(s, route{
		id: "get_withdrawal", method: http.MethodGet, path: withdrawalsPath + "/{id}", tag: "wallet", access: account,
		summary: "What became of a withdrawal", codes: []problem.Code{problem.PayoutNotFound},
	}, s.getWithdrawal)
}

func (s *server) getWallet(ctx context.Context, _ *nothing) (*reply[payments.Wallet], error) {
	return answer(s.Payments.Wallet(ctx, payer(ctx)))
}

type setLimits struct{ Body payments.LimitsChange }

func (s *server) setLimits(ctx context.Context, in *setLimits) (*reply[payments.Limits], error) {
	return answer(s.Payments.SetLimits(ctx, payer(ctx), in.Body))
}

type createTopUp struct {
	PaidOnce
	Body payments.NewTopUp
}

func (s *server) createTopUp(ctx context.Context, in *createTopUp) (*created[payments.TopUp], error) {
	t, err := s.Payments.StartTopUp(ctx, payer(ctx), in.Body, in.Key)
	if err != nil {
		return nil, err
	}
	return &created[payments.TopUp]{Location: topUpsPath + "/" + t.ID.String(), Body: t}, nil
}

type topUpPath struct {
	ID string `path:"id" doc:"a top-up's id"`
}

func (s *server) getTopUp(ctx context.Context, in *topUpPath) (*reply[payments.TopUp], error) {
	topup, err := id.Parse(in.ID)
	if err != nil {
		return nil, problem.New(problem.TopUpNotFound, "There is no such top-up.")
	}
	return answer(s.Payments.TopUp(ctx, payer(ctx), topup))
}

type createWithdrawal struct {
	PaidOnce
	Body payments.NewWithdrawal
}

func (s *server) createWithdrawal(ctx context.Context, in *createWithdrawal) (*created[payments.Withdrawal], error) {
	w, err := s.Payments.Withdraw(ctx, payer(ctx), in.Body, in.Key)
	if err != nil {
		return nil, err
	}
	return &created[payments.Withdrawal]{Location: withdrawalsPath + "/" + w.ID.String(), Body: w}, nil
}

type withdrawalPath struct {
	ID string `path:"id" doc:"a withdrawal's id"`
}

func (s *server) getWithdrawal(ctx context.Context, in *withdrawalPath) (*reply[payments.Withdrawal], error) {
	withdrawal, err := id.Parse(in.ID)
	if err != nil {
		return nil, problem.New(problem.PayoutNotFound, "There is no such withdrawal.")
	}
	return answer(s.Payments.Withdrawal(ctx, payer(ctx), withdrawal))
}
