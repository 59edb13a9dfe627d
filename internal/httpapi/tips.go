package httpapi

import (
	"context"
	"net/http"
	"slices"

	"lifecircle/internal/id"
	"lifecircle/internal/problem"
	"lifecircle/internal/ratelimit"
	"lifecircle/payments"
)

// Tips is what the routes of tips need of payments.
type Tips interface {
	Quote(ctx context.Context, a payments.Actor, post id.Post, amount string) (payments.Quote, error)
	Tip(ctx context.Context, a payments.Actor, post id.Post, in payments.NewTip, key string) (payments.Tip, error)
	Tips(ctx context.Context, a payments.Actor, post id.Post, q payments.PageQuery) (payments.Page[payments.Tip], error)
	Refund(ctx context.Context, a payments.Actor, tip id.Comment, in payments.NewRefund, key string) (payments.Refund, error)
}

// What paying can be refused for: the wallet, and the short text that goes along.
var (
	funds = []problem.Code{problem.InsufficientFunds, problem.FundsHeld}
	notes = []problem.Code{problem.TextEmpty, problem.TextTooLong, problem.TextControl}
)

func (s *server) tipRoutes() {
	register(s, route{
		id: "quote_tip", method: http.MethodGet, path: "/v1/posts/{id}/tips/quote", tag: "tips", access: viewer,
		summary: "How a tip would be shared",
		codes:   slices.Concat(postGone, amounts, []problem.Code{problem.TipTooLarge}),
	}, s.quoteTip)
	register(s, route{
		id: "create_tip", method: http.MethodPost, path: "/v1/posts/{id}/tips", tag: "tips", access: account,
		status: http.StatusCreated, limit: ratelimit.Tips, paid: true,
		summary: "Tip a post",
		about: "The amount goes from your wallet to the author, the circle's partner and the platform, as the circle's contract shares it. " +
			"It is public; `visibility` says who sees you and your message.",
		codes: slices.Concat(postGone, amounts, funds, notes, []problem.Code{
			problem.Banned, problem.NotAllowed, problem.TipAdultsOnly, problem.PhotoUnreviewed, problem.OwnPost, problem.TipDayLimit, problem.TipMonthLimit,
			problem.TipTooLarge, problem.CurrencyUnsupported, problem.VisibilityUnknown,
		}),
	}, s.createTip)
	register(s, route{
		id: "list_tips", method: http.MethodGet, path: "/v1/posts/{id}/tips", tag: "tips", access: viewer,
		summary: "A post's tips, newest first", about: "What a payer hides from you is null and empty.",
		codes: append([]problem.Code{problem.BadCursor}, postGone...),
	}, s.listTips)
	register(s, route{
		id: "refund_tip", method: http.MethodPost, path: "/v1/tips/{id}/refund", tag: "tips", access: account,
		status: http.StatusCreated, limit: ratelimit.Payments, paid: true,
		summary: "Give a tip back, whole or in part", about: "Who paid it may take it back for 7 days, the author may give it back for 90.",
		codes: slices.Concat(amounts, notes, []problem.Code{
			problem.TipNotFound, problem.Banned, problem.NotRefundable, problem.RefundTooLate, problem.RefundTooLarge,
			problem.RefundUnfunded, problem.CurrencyUnsupported,
		}),
	}, s.refundTip)
}

type quoteTip struct {
	PostPath
	Amount string `query:"amount" doc:"fen, in digits only" example:"520"`
}

func (s *server) quoteTip(ctx context.Context, in *quoteTip) (*reply[payments.Quote], error) {
	post, err := in.post()
	if err != nil {
		return nil, err
	}
	return answer(s.Payments.Quote(ctx, payer(ctx), post, in.Amount))
}

type createTip struct {
	PostPath
	PaidOnce
	Body payments.NewTip
}

func (s *server) createTip(ctx context.Context, in *createTip) (*reply[payments.Tip], error) {
	post, err := in.post()
	if err != nil {
		return nil, err
	}
	return answer(s.Payments.Tip(ctx, payer(ctx), post, in.Body, in.Key))
}

func (s *server) listTips(ctx context.Context, in *listOfPost) (*reply[payments.Page[payments.Tip]], error) {
	post, err := in.post()
	if err != nil {
		return nil, err
	}
	return answer(s.Payments.Tips(ctx, payer(ctx), post, in.ofPayments()))
}

type refundTip struct {
	ID string `path:"id" doc:"a tip's id"`
	PaidOnce
	Body payments.NewRefund
}

func (s *server) refundTip(ctx context.Context, in *refundTip) (*reply[payments.Refund], error) {
	tip, err := id.ParseComment(in.ID)
	if err != nil {
		return nil, problem.New(problem.TipNotFound, "There is no such tip.")
	}
	return answer(s.Payments.Refund(ctx, payer(ctx), tip, in.Body, in.Key))
}
