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

// Rules is what the routes of rules need of the feed.
type Rules interface {
	Rules(ctx context.Context, a feed.Actor, circle id.ID) (feed.CircleRules, error)
	SetRules(ctx context.Context, a feed.Actor, circle id.ID, in feed.NewRules, key string) (feed.CircleRules, error)
	PreviewRules(ctx context.Context, a feed.Actor, circle id.ID, in feed.NewRules, key string) (feed.Preview, error)
}

// What a circle's rules can be refused for.
var ruleTexts = []problem.Code{
	problem.RuleMalformed, problem.RuleTooLong, problem.RuleTooCostly, problem.RuleGender,
}

func (s *server) ruleRoutes() {
	const path = "/v1/circles/{id}/rules"
	register(s, route{
		id: "get_rules", method: http.MethodGet, path: path, tag: "rules", access: viewer,
		summary: "Who may do what in a circle, now and before, and what rules one can begin with", codes: []problem.Code{problem.CircleNotFound},
	}, s.getRules)
	register(s, route{
		id: "set_rules", method: http.MethodPost, path: path, tag: "rules", access: account,
		status: http.StatusCreated, limit: ratelimit.Changes, keyed: true,
		summary: "Give a circle other rules",
		about: "Its owners may. Every change is a new version; `revert_to` goes back to an earlier one. " +
			"What follows `circle.updated` in the circle's log was judged by the new rules.",
		codes: slices.Concat([]problem.Code{problem.CircleNotFound, problem.Banned, problem.RoleRequired}, ruleTexts),
	}, s.setRules)
	register(s, route{
		id: "preview_rules", method: http.MethodPost, path: path + "/preview", tag: "rules", access: account,
		status: http.StatusOK, limit: ratelimit.Changes, keyed: true,
		summary: "Whom other rules would shut out", about: "Its owners may ask. Nothing is changed.",
		codes: slices.Concat([]problem.Code{problem.CircleNotFound, problem.Banned, problem.RoleRequired}, ruleTexts),
	}, s.previewRules)
}

func (s *server) getRules(ctx context.Context, in *CirclePath) (*reply[feed.CircleRules], error) {
	circle, err := in.circle()
	if err != nil {
		return nil, err
	}
	return answer(s.Feed.Rules(ctx, actor(ctx), circle))
}

type setRules struct {
	CirclePath
	Idempotent
	Body feed.NewRules
}

func (s *server) setRules(ctx context.Context, in *setRules) (*reply[feed.CircleRules], error) {
	circle, err := in.circle()
	if err != nil {
		return nil, err
	}
	return answer(s.Feed.SetRules(ctx, actor(ctx), circle, in.Body, in.Key))
}

type previewRules struct {
	CirclePath
	Idempotent
	Body feed.NewRules
}

func (s *server) previewRules(ctx context.Context, in *previewRules) (*reply[feed.Preview], error) {
	circle, err := in.circle()
	if err != nil {
		return nil, err
	}
	return answer(s.Feed.PreviewRules(ctx, actor(ctx), circle, in.Body, in.Key))
}
