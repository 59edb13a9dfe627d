package httpapi

import (
	"context"
	"net/http"

	"lifecircle/internal/creditscore"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
	"lifecircle/internal/ratelimit"
)

// Scores is what the routes of scores and contacts need of creditscore.
type Scores interface {
	Credit(ctx context.Context, user id.ID) (creditscore.Credit, error)
	MakeAppeal(ctx context.Context, user, event id.ID, words, key string) (creditscore.Appeal, error)
	Vouch(ctx context.Context, voucher, user id.ID, key string) (creditscore.Vouching, error)
	Notifications(ctx context.Context, user id.ID, q creditscore.PageQuery) (creditscore.Page[creditscore.Notification], error)
	Contacts(ctx context.Context, user id.ID, state string, q creditscore.PageQuery) (creditscore.Page[creditscore.Contact], error)
	Contact(ctx context.Context, user, other id.ID) (creditscore.Contact, error)
	AskContact(ctx context.Context, user, other id.ID) (creditscore.Contact, error)
	EndContact(ctx context.Context, user, other id.ID) error
	Take(ctx context.Context, m creditscore.Message) (creditscore.Taken, error)
	Pin(ctx context.Context, users []id.ID, score int) error // for /v1/dev
}

func (s *server) creditRoutes() {
	register(s, route{
		id: "get_credit", method: http.MethodGet, path: "/v1/me/credit", tag: "credit", access: account,
		summary: "Your score, and why it is what it is",
		about:   "350, the parts and the penalties add up to what the score is before gates and the rise of at most 10 a day. `to_reach` says what would be enough for 751, the cheapest way first.",
	}, s.getCredit)
	register(s, route{
		id: "appeal", method: http.MethodPost, path: creditscore.AppealsPath, tag: "credit", access: account, limit: ratelimit.Changes, status: http.StatusCreated, keyed: true,
		summary: "Say that something held against your score is wrong", about: "`against` of your credit names what may be appealed. One that is upheld takes effect at once.",
		codes: []problem.Code{problem.EventNotFound, problem.AlreadyAppealed, problem.TextEmpty, problem.TextTooLong, problem.TextControl},
	}, s.makeAppeal)
	register(s, route{
		id: "vouch", method: http.MethodPost, path: "/v1/users/{id}/vouch", tag: "credit", access: account, limit: ratelimit.Changes, keyed: true,
		summary: "Vouch for a person", about: "Takes a score above 700, and is for five people in 365 days. If the person is sanctioned, you lose 20 points.",
		codes: []problem.Code{problem.UserNotFound, problem.ContactUnsuitable, problem.ScoreTooLow, problem.VouchLimit, problem.Banned},
	}, s.vouch)
	register(s, route{
		id: "list_notifications", method: http.MethodGet, path: "/v1/me/notifications", tag: "people", access: account,
		summary: "What you should hear of, newest first", codes: []problem.Code{problem.BadCursor},
	}, s.listNotifications)
}

func (s *server) getCredit(ctx context.Context, _ *nothing) (*reply[creditscore.Credit], error) {
	return answer(s.Scores.Credit(ctx, actor(ctx).User))
}

type newAppeal struct {
	EventID id.ID  `json:"event_id" doc:"one of those in against"`
	Text    string `json:"text" doc:"1 to 2,000 characters"`
}

type makeAppeal struct {
	Idempotent
	Body newAppeal
}

func (s *server) makeAppeal(ctx context.Context, in *makeAppeal) (*reply[creditscore.Appeal], error) {
	return answer(s.Scores.MakeAppeal(ctx, actor(ctx).User, in.Body.EventID, in.Body.Text, in.Key))
}

type vouch struct {
	UserPath
	Idempotent
}

func (s *server) vouch(ctx context.Context, in *vouch) (*reply[creditscore.Vouching], error) {
	user, err := userID(in.ID)
	if err != nil {
		return nil, err
	}
	return answer(s.Scores.Vouch(ctx, actor(ctx).User, user, in.Key))
}

type listNotifications struct{ Paged }

func (s *server) listNotifications(ctx context.Context, in *listNotifications) (*reply[creditscore.Page[creditscore.Notification]], error) {
	return answer(s.Scores.Notifications(ctx, actor(ctx).User, in.ofScores()))
}

func (p Paged) ofScores() creditscore.PageQuery {
	return creditscore.PageQuery{Limit: p.Limit, Cursor: p.Cursor}
}
