package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"golang.org/x/sync/errgroup"

	"lifecircle/feed"
	"lifecircle/internal/config"
	"lifecircle/payments"
)

// Reconcile compares a payment provider's books of a day with ours, both named
// by the settings, on a database that servers may be using.
func Reconcile(ctx context.Context, c config.Config, db *Database, log *slog.Logger) (out payments.Comparison, err error) {
	a := &App{Options: Options{Config: c, Log: log}, db: db}
	providers, err := a.providers(ctx)
	if err != nil {
		return out, err
	}
	f, err := feed.New(ctx, db.Pool, feed.Options{Log: log})
	if err != nil {
		return out, fmt.Errorf("make the feed: %w", err)
	}
	p, err := payments.New(ctx, db.Pool, payments.Options{
		Posts: TippedPosts(f), Circles: f, Providers: providers, Log: log, BaseURL: c.Server.PublicURL, Unlimited: c.Server.Dev,
	})
	if err != nil {
		return out, fmt.Errorf("make the payments: %w", err)
	}
	a.product.payments = p
	running, stop := context.WithCancel(ctx)
	var parts errgroup.Group
	parts.Go(func() error { return p.Run(running) }) // what has to be settled is
	out, err = p.Reconcile(ctx, c.Books.Provider, c.Books.Day)
	stop()
	return out, errors.Join(err, parts.Wait())
}
