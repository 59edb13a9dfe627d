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
	err = WithPayments(ctx, c, db, log, func(p *payments.Service) (err error) {
		out, err = p.Reconcile(ctx, c.Books.Provider, c.Books.Day)
		return err
	})
	return out, err
}

// WithPayments does work with payments at work, on a database that servers may
// be using.
func WithPayments(ctx context.Context, c config.Config, db *Database, log *slog.Logger, work func(*payments.Service) error) error {
	a := &App{Options: Options{Config: c, Log: log}, db: db}
	providers, err := a.providers(ctx)
	if err != nil {
		return err
	}
	f, err := feed.New(ctx, db.Pool, feed.Options{Log: log})
	if err != nil {
		return fmt.Errorf("make the feed: %w", err)
	}
	p, err := payments.New(ctx, db.Pool, payments.Options{
		Posts: TippedPosts(f), Circles: f, Providers: providers, Log: log, BaseURL: c.Server.PublicURL, Unlimited: c.Server.Dev, Idle: true,
	})
	if err != nil {
		return fmt.Errorf("make the payments: %w", err)
	}
	a.product.payments = p
	running, stop := context.WithCancel(ctx)
	var parts errgroup.Group
	parts.Go(func() error { return p.Run(running) })
	err = work(p)
	stop()
	return errors.Join(err, parts.Wait())
}
