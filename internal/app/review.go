package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"golang.org/x/sync/errgroup"

	"lifecircle/feed"
	"lifecircle/internal/media"
)

// WithPhotos does work with photos and a feed at work, on a database that
// servers may be using: they tell their viewers within a second or so.
func WithPhotos(ctx context.Context, db *Database, log *slog.Logger, work func(*media.Service, *feed.Service) error) error {
	photos := media.New(db.Pool, media.Options{Log: log})
	f, err := feed.New(ctx, db.Pool, feed.Options{Photos: photos, Log: log})
	if err != nil {
		return fmt.Errorf("make the feed: %w", err)
	}
	running, stop := context.WithCancel(ctx)
	var parts errgroup.Group
	parts.Go(func() error { return f.Run(running) })
	err = work(photos, f)
	stop()
	return errors.Join(err, parts.Wait())
}
