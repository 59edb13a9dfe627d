package feed

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed/policy"
	"lifecircle/internal/circlelog"
	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/problem"
)

// RulesVersion is what a circle's rules were, or are.
type RulesVersion struct {
	Version    int                      `json:"version" doc:"0: the circle has never had rules"`
	Rules      map[policy.Action]string `json:"rules" nullable:"false" doc:"CEL by action; an action left out is open to every account, view to guests too"`
	Reason     string                   `json:"rules_reason,omitempty"`
	RevertedTo *int                     `json:"reverted_to,omitempty" doc:"the version that this one repeats"`
	By         Author                   `json:"by"`
	CreatedAt  time.Time                `json:"created_at"`
}

// CircleRules are the rules in force, those before, and what one can begin with.
type CircleRules struct {
	RulesVersion
	History   []RulesVersion    `json:"history" nullable:"false" doc:"newest first, the one in force among them"`
	Templates []policy.Template `json:"templates" nullable:"false"`
}

// NewRules is the input of SetRules: rules, with their reason, or an earlier
// version to go back to.
type NewRules struct {
	Rules    map[policy.Action]string `json:"rules,omitempty" doc:"CEL by action: view, like, comment, tip, post; one left out is open to every account"`
	Reason   string                   `json:"rules_reason,omitempty" doc:"shown to readers; needed where posting depends on gender"`
	RevertTo *int                     `json:"revert_to,omitempty" minimum:"0" doc:"instead of rules: the version to go back to; 0: no rules"`
}

// MaxRulesHistory is how many versions of a circle's rules are shown; older
// ones can be gone back to all the same.
const MaxRulesHistory = 50

// Rules returns the rules of a circle, for everybody who may look into it. It
// fails with CircleNotFound.
func (s *Service) Rules(ctx context.Context, a Actor, circle id.ID) (CircleRules, error) {
	if err := s.MayView(ctx, a, circle); err != nil {
		return CircleRules{}, err
	}
	rules, err := readRules(ctx, s.pool, circle)
	return rules, outward(err)
}

// SetRules gives a circle new rules, or those of an earlier version again, and
// appends circle.updated to its log; its owners may. What comes after that in
// the log was judged by these rules. A repeated key returns the first answer
// and changes nothing. It fails with CircleNotFound, RoleRequired,
// Invalid for an unknown version, or a problem of the rules.
func (s *Service) SetRules(ctx context.Context, a Actor, circle id.ID, in NewRules, key string) (CircleRules, error) {
	req, err := idempotency.NewRequest(a.User, key, "set rules", circle, in)
	if err != nil {
		return CircleRules{}, err
	}
	if a.Guest() {
		return CircleRules{}, errSignIn
	}
	if err := in.check(); err != nil {
		return CircleRules{}, err
	}
	set, err := keyed(ctx, s, req, func(tx pgx.Tx) (set newlyRuled, err error) {
		if err := s.enterCircle(ctx, tx, a, circle, requireOwner); err != nil {
			return set, err
		}
		if set.events, err = setRules(ctx, tx, a, circle, in); err != nil {
			return set, err
		}
		set.CircleRules, err = readRules(ctx, tx, circle)
		return set, err
	})
	if err == nil && len(set.events) > 0 {
		s.publish(ctx, set.events)
	}
	return set.CircleRules, err
}

// newlyRuled is the answer to new rules, with what was appended for them: not
// again when the answer comes from its key.
type newlyRuled struct {
	CircleRules
	events []circlelog.Event
}

// check refuses what is no rule. Texts of a reverted version were checked.
func (in NewRules) check() error {
	if in.RevertTo != nil {
		if len(in.Rules) > 0 || in.Reason != "" {
			return problem.Invalid(problem.Invalid_, "body.revert_to", "Send rules, or the version to go back to, not both.")
		}
		return nil
	}
	if in.Rules == nil {
		return problem.Invalid(problem.Invalid_, "body.rules", "Send rules, or in revert_to the version to go back to. No rules are {}.")
	}
	_, err := policy.Compile(in.Rules, in.Reason)
	return err
}

// setRules writes the next version. The circle's row is locked.
func setRules(ctx context.Context, tx pgx.Tx, a Actor, circle id.ID, in NewRules) ([]circlelog.Event, error) {
	last, err := readRulesVersion(ctx, tx, circle)
	if err != nil {
		return nil, err
	}
	next := rulesRow{version: last + 1, texts: in.Rules, reason: strings.TrimSpace(in.Reason), revertedTo: in.RevertTo}
	if in.RevertTo != nil {
		if next.texts, next.reason, err = readOldRules(ctx, tx, circle, *in.RevertTo); err != nil {
			return nil, err
		}
		// A later release may refuse what an earlier one compiled.
		if _, err := policy.Compile(next.texts, next.reason); err != nil {
			return nil, err
		}
	}
	if err := insertRules(ctx, tx, circle, a, next); err != nil {
		return nil, err
	}
	changed, err := updateCircle(ctx, tx, circle, CircleChange{})
	if err != nil {
		return nil, err
	}
	data, err := event{Type: circleUpdated, Circle: &changed}.encode()
	if err != nil {
		return nil, err
	}
	e, err := circlelog.Append(ctx, tx, circle, data)
	return []circlelog.Event{e}, err
}
