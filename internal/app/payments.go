package app

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed"
	"lifecircle/internal/groupcommit"
	"lifecircle/internal/httpapi"
	"lifecircle/internal/id"
	"lifecircle/payments"
	"lifecircle/payments/provider"
	"lifecircle/payments/provider/alipay"
	"lifecircle/payments/provider/sandbox"
	"lifecircle/payments/provider/stripe"
)

// joinPayments makes the payments service and who moves money in and out.
func (a *App) joinPayments(ctx context.Context) error {
	s, p := a.Config.Server, &a.product
	providers, err := a.providers(ctx)
	if err != nil {
		return err
	}
	p.payments, err = payments.New(ctx, a.db.Pool, payments.Options{
		Posts: tippedPosts{p.feed}, Circles: p.feed, Audience: p.news, Providers: providers, Log: a.Log, BaseURL: s.PublicURL,
		Commit: groupcommit.Options{Observe: a.metrics.payments.observe}, Unlimited: s.Dev, Alarm: a.metrics.alarm,
	})
	return err
}

// providers returns those that the settings name. Play money and real money do
// not mix: there is a sandbox only on a machine of its own, where no real
// provider is set up, or with --dev.
func (a *App) providers(ctx context.Context) (all []provider.Provider, err error) {
	s := a.Config.Server
	if c := s.Alipay; c.Used() {
		one, err := alipay.New(alipay.Config{
			AppID: c.AppID, SellerID: c.SellerID, PrivateKey: c.PrivateKey.Reveal(), AlipayPublicKey: c.PublicKey.Reveal(), Gateway: c.Gateway,
			NotifyURL: strings.TrimSuffix(s.PublicURL, "/") + httpapi.WebhooksPath + alipay.Name,
		})
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	if c := s.Stripe; c.Used() {
		one, err := stripe.New(stripe.Config{
			SecretKey: c.SecretKey.Reveal(), WebhookSecret: c.WebhookSecret.Reveal(), Account: c.Account, APIBase: c.API,
		})
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	if err := a.refusePlayMoney(ctx, len(all) > 0); err != nil {
		return nil, err
	}
	if s.Dev || a.Config.Database.Local() && len(all) == 0 {
		if a.product.sandbox, err = a.openSandbox(ctx); err != nil {
			return nil, err
		}
		all = append(all, a.product.sandbox)
	}
	return all, nil
}

// refusePlayMoney keeps money that nobody has paid from leaving through a real
// provider.
func (a *App) refusePlayMoney(ctx context.Context, paid bool) error {
	if !paid || a.Config.Server.Dev {
		return nil
	}
	if a.Config.Server.Demo {
		return errors.New("--demo gives people play money, and a real payment provider would pay it out: use one or the other")
	}
	play, err := payments.PlayMoney(ctx, a.db.Pool)
	if err != nil {
		return err
	}
	if play {
		return errors.New("the wallets of this database hold play money of the sandbox, the demo or tests, and a real payment provider would pay it out: use another database")
	}
	return nil
}

// openSandbox opens the bank whose notifications come back to us in-process.
func (a *App) openSandbox(ctx context.Context) (*sandbox.Bank, error) {
	return sandbox.New(ctx, a.db.Pool, sandbox.Options{
		Behaviour: sandbox.Behaviour(a.Config.Server.Sandbox), Log: a.Log,
		Deliver: func(ctx context.Context, header http.Header, body []byte) error {
			_, _, err := a.product.payments.Webhook(ctx, sandbox.Name, payments.Header(header), body)
			return err
		},
	})
}

// checkout is the sandbox's page; nil without one.
func (p *product) checkout() http.Handler {
	if p.sandbox == nil {
		return nil
	}
	return p.sandbox.Handler()
}

// tippedPosts gives payments what it needs of the feed.
type tippedPosts struct{ *feed.Service }

func (p tippedPosts) BeginTips(q *pgx.Batch, posts []id.Post, actors []id.ID) payments.PostsTx {
	return tipBatch{p.Service.BeginTips(q, posts, actors)}
}

type tipBatch struct{ *feed.TipBatch }

func (t tipBatch) Actor(user id.ID) (payments.Person, error) {
	a, err := t.TipBatch.Actor(user)
	return payments.Person(a), err
}

var (
	_ payments.Posts   = tippedPosts{}
	_ payments.Circles = (*feed.Service)(nil)
	_ payments.PostsTx = tipBatch{}
)

// TippedPosts joins a feed to payments, for programs that build both without an App.
func TippedPosts(f *feed.Service) payments.Posts { return tippedPosts{f} }
