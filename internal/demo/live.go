package demo

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/feed"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

// Pauses between two things that the demo people do.
const (
	minPause = 3 * time.Second
	maxPause = 12 * time.Second
)

// How often they do what, of 100 times; the rest are likes.
const (
	postShare    = 25
	commentShare = 30
	tipShare     = 8
)

const newestPosts = 8 // of a circle, which the demo people read

// People go on living in the demo world, through the same doors as everybody.
type People struct {
	feed  *feed.Service
	money Money
	pool  *pgxpool.Pool
	log   *slog.Logger
	rng   *rand.Rand
	pause func(*rand.Rand) time.Duration
}

// NewPeople returns the people of the world that Seed wrote.
func NewPeople(pool *pgxpool.Pool, service *feed.Service, wallets Money, log *slog.Logger) *People {
	return &People{
		feed: service, money: wallets, pool: pool, log: log,
		rng: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), //nolint:gosec // a story needs no secrets
		pause: func(rng *rand.Rand) time.Duration {
			return minPause + time.Duration(rng.Int64N(int64(maxPause-minPause)))
		},
	}
}

// Run lets them post, comment, tip and like now and then until ctx ends. What
// rules do not let somebody do is left; what else the feed refuses, too, with a
// line in the log.
func (p *People) Run(ctx context.Context) error {
	here, err := p.arrive(ctx)
	if err != nil {
		return err
	}
	timer := time.NewTimer(p.pause(p.rng))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		if err := here.act(ctx); err != nil && !againstRules(err) && ctx.Err() == nil {
			p.log.Warn("a demo person could not do something", "err", err)
		}
		timer.Reset(p.pause(p.rng))
	}
}

// againstRules tells that somebody may not do this, which he may have lost the
// right to since the world was made.
func againstRules(err error) bool {
	p := problem.From(err)
	return p != nil && (p.Status() == http.StatusForbidden || p.Status() == http.StatusNotFound)
}

// presence is the world with what it is called in this database.
type presence struct {
	*People
	world   World
	people  map[string]feed.Actor // by handle
	circles map[string]id.ID      // by key
	keys    []string              // of circles
}

func (p *People) arrive(ctx context.Context) (*presence, error) {
	here := &presence{People: p, world: NewWorld(time.Now(), worldSeed), people: map[string]feed.Actor{}, circles: map[string]id.ID{}}
	if err := here.findPeople(ctx); err != nil {
		return nil, fmt.Errorf("find the demo people: %w", err)
	}
	if err := here.findCircles(ctx); err != nil {
		return nil, fmt.Errorf("find the demo circles: %w", err)
	}
	return here, nil
}

// act does one thing. Whoever is not in this database any more does nothing.
func (p *presence) act(ctx context.Context) error {
	switch dice := p.rng.IntN(100); {
	case dice < postShare || len(p.keys) == 0:
		return p.post(ctx)
	case dice < postShare+commentShare:
		return p.comment(ctx)
	case dice < postShare+commentShare+tipShare:
		return p.tip(ctx)
	default:
		return p.like(ctx)
	}
}

func (p *presence) post(ctx context.Context) error {
	key, handle, text := p.world.NextPost(p.rng, time.Now())
	actor, circle := p.people[handle], p.circles[key]
	if actor.Guest() || circle == 0 {
		return nil
	}
	if _, err := p.feed.CreatePost(ctx, actor, circle, feed.NewPost{Text: text}, ""); err != nil {
		return fmt.Errorf("post as %s: %w", handle, err)
	}
	return nil
}

func (p *presence) comment(ctx context.Context) error {
	key := p.keys[p.rng.IntN(len(p.keys))]
	handle, text := p.world.NextComment(p.rng, key)
	actor := p.people[handle]
	if actor.Guest() {
		return nil
	}
	post, ok, err := p.choose(ctx, actor, key)
	if err != nil || !ok {
		return err
	}
	if _, err := p.feed.CreateComment(ctx, actor, post.ID, feed.NewComment{Text: text}, ""); err != nil {
		return fmt.Errorf("comment as %s: %w", handle, err)
	}
	return nil
}

func (p *presence) like(ctx context.Context) error {
	key := p.keys[p.rng.IntN(len(p.keys))]
	handle := p.world.NextLiker(p.rng, key)
	actor := p.people[handle]
	if actor.Guest() {
		return nil
	}
	post, ok, err := p.choose(ctx, actor, key)
	if err != nil || !ok {
		return err
	}
	if _, err := p.feed.Like(ctx, actor, post.ID); err != nil {
		return fmt.Errorf("like as %s: %w", handle, err)
	}
	return nil
}

// choose picks one of the newest posts of a circle, by somebody else, and of
// two rather the newer one.
func (p *presence) choose(ctx context.Context, actor feed.Actor, key string) (post feed.PostView, ok bool, err error) {
	page, err := p.feed.Posts(ctx, actor, p.circles[key], feed.PageQuery{Limit: newestPosts})
	if err != nil {
		return post, false, fmt.Errorf("read the newest posts: %w", err)
	}
	if len(page.Items) == 0 {
		return post, false, nil
	}
	n := len(page.Items)
	post = page.Items[min(p.rng.IntN(n), p.rng.IntN(n))]
	return post, post.Author.ID != actor.User, nil
}
