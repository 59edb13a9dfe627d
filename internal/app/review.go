package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"golang.org/x/sync/errgroup"

	"lifecircle/feed"
	"lifecircle/internal/config"
	"lifecircle/internal/media"
)

// WithPictures does work with photos that are made and kept as the settings say.
func WithPictures(ctx context.Context, c config.Config, db *Database, log *slog.Logger, work func(*media.Service) error) (err error) {
	a := &App{Options: Options{Config: c, Log: log}, db: db}
	if err := a.openFiles(ctx); err != nil {
		return err
	}
	defer func() {
		for _, undo := range a.close {
			err = errors.Join(err, undo())
		}
	}()
	return work(media.New(db.Pool, media.Options{Store: a.product.files, Log: log}))
}

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
