package feed

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed/policy"
	"lifecircle/internal/circlelog"
	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/pg"
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
	end, err := s.inProgress.Begin(req)
	if err != nil {
		return CircleRules{}, err
	}
	defer end()
	var (
		set     CircleRules
		events  []circlelog.Event
		refusal error // committed with its key, as an answer is
	)
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		events = nil
		set, refusal, err = once(ctx, tx, req, func() (CircleRules, error) {
			if err := s.enterCircle(ctx, tx, a, circle, requireOwner); err != nil {
				return CircleRules{}, err
			}
			if events, err = setRules(ctx, tx, a, circle, in); err != nil {
				return CircleRules{}, err
			}
			return readRules(ctx, tx, circle)
		})
		return err
	})
	if err == nil && len(events) > 0 {
		s.publish(ctx, events)
	}
	return set, outward(cmp.Or(err, refusal))
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

// Preview tells whom rules would shut out, by action.
type Preview struct {
	Actions map[policy.Action]ShutOut `json:"actions"`
	Exact   bool                      `json:"exact" doc:"false: there are so many people that a part of them was asked, and the numbers follow from it"`
}

// ShutOut counts people who could not do something.
type ShutOut struct {
	Followers        int `json:"followers" doc:"of the circle"`
	FollowersShutOut int `json:"followers_shut_out"`
	Authors          int `json:"authors" doc:"of posts and comments in the circle in the last 30 days"`
	AuthorsShutOut   int `json:"authors_shut_out"`
}

const (
	// previewSpan is how far back authors are looked for.
	previewSpan = 30 * day
	// maxPreviewed bounds the followers, and the authors, whose rights are read
	// for a preview; of more than that a part is chosen by chance.
	maxPreviewed = 20_000
)

// PreviewRules tells whom rules would shut out of what if they were in force
// now; owners may ask. It changes nothing. A repeated key returns the first
// answer. It fails with CircleNotFound, RoleRequired or a problem of the rules.
func (s *Service) PreviewRules(ctx context.Context, a Actor, circle id.ID, in NewRules, key string) (Preview, error) {
	req, err := idempotency.NewRequest(a.User, key, "preview rules", circle, in)
	if err != nil {
		return Preview{}, err
	}
	if err := in.check(); err != nil {
		return Preview{}, err
	}
	end, err := s.inProgress.Begin(req)
	if err != nil {
		return Preview{}, err
	}
	defer end()
	var (
		preview Preview
		refusal error
	)
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		preview, refusal, err = once(ctx, tx, req, func() (Preview, error) { return s.previewRules(ctx, tx, a, circle, in) })
		return err
	})
	return preview, outward(cmp.Or(err, refusal))
}

func (s *Service) previewRules(ctx context.Context, tx pgx.Tx, a Actor, circle id.ID, in NewRules) (p Preview, err error) {
	if err := s.readOwner(ctx, tx, a, circle); err != nil {
		return p, err
	}
	if in.RevertTo != nil {
		if in.Rules, in.Reason, err = readOldRules(ctx, tx, circle, *in.RevertTo); err != nil {
			return p, err
		}
	}
	rules, err := policy.Compile(in.Rules, in.Reason)
	if err != nil {
		return p, err
	}
	concerned, err := s.readCrowd(ctx, tx, circle)
	if err != nil {
		return p, err
	}
	return concerned.preview(s, rules), nil
}

var previewed = []policy.Action{policy.View, policy.Like, policy.Comment, policy.Tip, policy.MakePost}

func (c *crowd) preview(s *Service, rules *policy.Rules) Preview {
	p := Preview{Actions: map[policy.Action]ShutOut{}, Exact: c.exact()}
	var followers, authors int
	out := map[policy.Action]*struct{ followers, authors int }{}
	for _, a := range previewed {
		out[a] = &struct{ followers, authors int }{}
	}
	for _, person := range c.people {
		follows, wrote := step01(person.follows), step01(person.wrote)
		followers, authors = followers+follows, authors+wrote
		who := s.stand(person.subject, &ruling{rules: rules, circle: c.circle, made: c.made}, c.at)
		for _, a := range previewed {
			if !rules.Allows(who.subject, who.circle, a) {
				out[a].followers += follows
				out[a].authors += wrote
			}
		}
	}
	for _, a := range previewed {
		p.Actions[a] = ShutOut{
			Followers: c.followers, FollowersShutOut: scaled(out[a].followers, followers, c.followers),
			Authors: c.authors, AuthorsShutOut: scaled(out[a].authors, authors, c.authors),
		}
	}
	return p
}

func step01(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// scaled is n of asked people, as a part of all.
func scaled(n, asked, all int) int {
	if asked == 0 || asked == all {
		return n
	}
	return int(int64(n) * int64(all) / int64(asked))
}
