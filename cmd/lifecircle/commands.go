package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"lifecircle/internal/app"
	"lifecircle/internal/auth"
	"lifecircle/internal/circlelog"
	"lifecircle/internal/config"
	"lifecircle/internal/creditscore"
	"lifecircle/internal/demo"
	"lifecircle/internal/media"
)

// program is one run of one command.
type program struct {
	config config.Config
	log    *slog.Logger
	out    io.Writer
}

func (p program) do(ctx context.Context) error {
	switch p.config.Command {
	case config.Serve:
		return p.serve(ctx)
	case config.Migrate:
		return p.withDatabase(ctx, p.migrate)
	case config.Seed:
		return p.withDatabase(ctx, p.seed)
	case config.Audit:
		return p.withBooks(ctx, p.audit)
	case config.Reconcile:
		return p.withBooks(ctx, p.reconcile)
	case config.PlaceHold:
		return p.withBooks(ctx, p.placeHold)
	case config.ReleaseHold:
		return p.withBooks(ctx, p.releaseHold)
	case config.StaffAdd, config.StaffRemove, config.StaffList, config.StaffPending, config.StaffShow, config.StaffApprove, config.StaffRefuse,
		config.StaffRevoke, config.DomainsAdd, config.DomainsRemove, config.DomainsList:
		return p.withBooks(ctx, p.staff)
	case config.PendingPhotos, config.ApprovePhoto, config.ClearPhoto, config.FlagPhoto:
		return p.withBooks(ctx, p.photos)
	case config.ListAppeals, config.UpholdAppeal, config.DismissAppeal, config.AddIssuer, config.AddSeed, config.Fairness:
		return p.withDatabase(ctx, p.desk)
	case config.RotateKeys:
		return p.withDatabase(ctx, p.rotateKeys)
	case config.Version:
		v := version()
		_, err := fmt.Fprintf(p.out, "lifecircle %s %s %s\n", v.Version, v.Commit, v.Go)
		return err
	}
	return fmt.Errorf("unknown command %q", p.config.Command)
}

func (p program) serve(ctx context.Context) error {
	server, err := app.Build(ctx, app.Options{Config: p.config, Version: version(), Log: p.log, Out: p.out})
	if err != nil && ctx.Err() != nil {
		p.log.Info("told to end while starting", "err", err)
		return nil //nolint:nilerr // it does what it was told
	}
	if err != nil {
		return err
	}
	server.Run(ctx)
	return server.Close(ctx)
}

// withDatabase does work on a database with today's schema, which a server may
// be using.
func (p program) withDatabase(ctx context.Context, work func(context.Context, *app.Database) error) (err error) {
	db, err := app.OpenDatabase(ctx, p.config.Database, false, p.log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close(ctx)) }()
	if err := app.Migrate(ctx, db.Pool, p.log); err != nil {
		return err
	}
	return work(ctx, db)
}

func (p program) migrate(ctx context.Context, db *app.Database) error {
	if !p.config.NewEpoch {
		_, err := fmt.Fprintln(p.out, "The schema is up to date.")
		return err
	}
	if err := circlelog.NewEpoch(ctx, db.Pool); err != nil {
		return err
	}
	_, err := fmt.Fprintln(p.out, "The schema is up to date, and every circle's log has a new epoch: clients will fetch again.")
	return err
}

func (p program) seed(ctx context.Context, db *app.Database) error {
	var written bool
	err := app.WithPictures(ctx, p.config, db, p.log, func(pictures *media.Service) (err error) {
		written, err = demo.Seed(ctx, db.Pool, auth.NewService(db.Pool, auth.Options{Logger: p.log}), pictures, p.out)
		return err
	})
	if err != nil {
		return fmt.Errorf("write the demo world: %w", err)
	}
	if !written {
		if _, err := fmt.Fprintln(p.out, "The demo world was written before; nothing was changed."); err != nil {
			return err
		}
	}
	return app.WithScores(ctx, db, p.log, func(s *creditscore.Service) error { return demo.SeedScores(ctx, db.Pool, s, p.out) })
}

func (p program) rotateKeys(ctx context.Context, db *app.Database) error {
	if err := auth.NewService(db.Pool, auth.Options{Logger: p.log}).RotateKey(ctx); err != nil {
		return err
	}
	_, err := fmt.Fprintln(p.out, "A new key signs access tokens within a minute; those of the old one stay valid until they expire.")
	return err
}
