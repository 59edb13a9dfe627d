package feed

import (
	"context"
	"math"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed/policy"
	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
)

// Preview tells whom rules would shut out, by action.
type Preview struct {
	Actions map[policy.Action]ShutOut `json:"actions"`
	Exact   bool                      `json:"exact" doc:"false: there are so many people that a part of them was asked, and the numbers follow from it"`
	Sample  Sample                    `json:"sample"`
}

// Sample is the part of the people on whom a preview rests.
type Sample struct {
	Followers int     `json:"followers" doc:"asked; all of them if the preview is exact"`
	Authors   int     `json:"authors" doc:"asked; all of them if the preview is exact"`
	Margin    float64 `json:"margin" doc:"in hundredths of all: 99 of 100 previews are nearer to the truth than this; 0 if everybody was asked. Of circles in which more than 50,000 posts or comments were written in the 30 days, it holds for the authors of the newest 50,000"`
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
	// for a preview. Of more than that a part is chosen by the hashes of their
	// ids: of followers every nth, so that about half of maxPreviewed are left
	// at least.
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
	return keyed(ctx, s, req, func(tx pgx.Tx) (Preview, error) { return s.previewRules(ctx, tx, a, circle, in) })
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
	p.Sample = Sample{followers, authors, max(margin(followers, c.followers), margin(authors, c.authors))}
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
	return int(math.Round(float64(n) * float64(all) / float64(asked)))
}

// margin is how far a share of all may be from that of asked people, in
// hundredths, in 99 of 100 samples, and for shares of a half, which are the
// worst: the normal approximation, for samples without replacement.
func margin(asked, all int) float64 {
	if asked == 0 || asked >= all {
		return 0
	}
	const z99 = 2.576
	off := z99 * math.Sqrt(0.25/float64(asked)*float64(all-asked)/float64(all-1))
	return math.Ceil(1000*off) / 10
}
