package demo

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"lifecircle/feed"
	"lifecircle/internal/id"
	"lifecircle/internal/money"
	"lifecircle/internal/problem"
	"lifecircle/payments"
)

// Money is what the demo people need of payments.
type Money interface {
	SetBalance(ctx context.Context, user id.ID, fen int64) error
	Tip(ctx context.Context, a payments.Actor, post id.Post, in payments.NewTip, key string) (payments.Tip, error)
}

const (
	pocketMoney = 50_000 // fen that everybody begins with
	tippedPosts = 12     // newest ones of a circle
	mostTips    = 5      // of one post
	writers     = 8      // tips at once
)

// favourites are the amounts that people like to give, in fen.
var favourites = []int64{66, 66, 188, 188, 188, 520, 520, 666, 1314}

// kindWords come with every other tip; most need none.
var kindWords = []string{"", "", "", "加油", "写得真好", "Thank you", "谢谢分享", "Lovely", "请你喝杯茶"}

// SeedMoney gives the people of a demo world their pocket money and lets them
// tip what they like, through the same doors as everybody. Where one of them
// has had money before it does nothing.
func SeedMoney(ctx context.Context, pool *pgxpool.Pool, service *feed.Service, wallets Money, out io.Writer) error {
	p := NewPeople(pool, service, wallets, slog.New(slog.DiscardHandler))
	p.rng = rand.New(rand.NewPCG(worldSeed, worldSeed)) //nolint:gosec // a story needs no secrets
	here, err := p.arrive(ctx)
	if err != nil {
		return err
	}
	if rich, err := here.haveHadMoney(ctx); err != nil || rich {
		return err
	}
	if err := here.fillPockets(ctx); err != nil {
		return err
	}
	tips, err := here.planTips(ctx)
	if err != nil {
		return err
	}
	var (
		g   errgroup.Group
		fen int64
	)
	g.SetLimit(writers)
	for _, t := range tips {
		fen += t.fen
		g.Go(func() error { return t.pay(ctx, wallets) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	fmt.Fprintf(out, "They have money, too: %d tips, ¥%d.%02d in all.\n", len(tips), fen/100, fen%100)
	return nil
}

func (p *presence) haveHadMoney(ctx context.Context) (rich bool, err error) {
	ids := make([]id.ID, 0, len(p.people))
	for _, a := range p.people {
		ids = append(ids, a.User)
	}
	err = p.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM accounts WHERE id = ANY($1::bigint[]) AND version > 0)`, ids).Scan(&rich)
	if err != nil {
		return false, fmt.Errorf("look into the demo people's wallets: %w", err)
	}
	return rich, nil
}

func (p *presence) fillPockets(ctx context.Context) error {
	var g errgroup.Group
	g.SetLimit(writers)
	for _, actor := range p.people {
		g.Go(func() error { return p.money.SetBalance(ctx, actor.User, pocketMoney) })
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("give the demo people money: %w", err)
	}
	return nil
}

// gift is a tip that somebody will give.
type gift struct {
	from feed.Actor
	to   id.Post
	fen  int64
	text string
	seen payments.Visibility
}

func (g gift) pay(ctx context.Context, wallets Money) error {
	in := payments.NewTip{Amount: money.In(g.fen), Currency: money.CNY, Message: g.text, Visibility: g.seen}
	_, err := wallets.Tip(ctx, payments.Actor(g.from), g.to, in, "demo-"+id.New().String())
	if problem.Has(err, problem.InsufficientFunds) {
		return nil // it happens to the best
	}
	if err != nil {
		return fmt.Errorf("tip as a demo person: %w", err)
	}
	return nil
}

func (p *presence) planTips(ctx context.Context) (gifts []gift, err error) {
	for _, key := range p.keys {
		page, err := p.feed.Posts(ctx, feed.Actor{}, p.circles[key], feed.PageQuery{Limit: tippedPosts})
		if err != nil {
			return nil, fmt.Errorf("read the newest posts: %w", err)
		}
		for _, post := range page.Items {
			for range p.rng.IntN(mostTips+1) - p.rng.IntN(mostTips+1) {
				if g, ok := p.gift(key, post); ok {
					gifts = append(gifts, g)
				}
			}
		}
	}
	return gifts, nil
}

// gift thinks of a tip for a post.
func (p *presence) gift(key string, post feed.PostView) (gift, bool) {
	from := p.people[p.world.NextLiker(p.rng, key)]
	g := gift{
		from: from, to: post.ID, fen: favourites[p.rng.IntN(len(favourites))],
		text: kindWords[p.rng.IntN(len(kindWords))], seen: payments.Public,
	}
	if p.rng.IntN(6) == 0 {
		g.seen = payments.Anonymous
	}
	return g, !from.Guest() && from.User != post.Author.ID
}

func (p *presence) tip(ctx context.Context) error {
	key := p.keys[p.rng.IntN(len(p.keys))]
	post, ok, err := p.choose(ctx, feed.Actor{}, key)
	if err != nil || !ok {
		return err
	}
	g, ok := p.gift(key, post)
	if !ok {
		return nil
	}
	return g.pay(ctx, p.money)
}
