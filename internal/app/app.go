package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"time"

	"lifecircle/internal/config"
	"lifecircle/internal/demo"
	"lifecircle/internal/httpapi"
	"lifecircle/internal/obs"
	"lifecircle/internal/pg"
)

const stopGrace = 10 * time.Second // for queued commits and their news

// Options say what to build, beside the settings.
type Options struct {
	Config  config.Config
	Version httpapi.Version
	Log     *slog.Logger
	Out     io.Writer // gets the few lines that people read
}

// App is a server with all its parts.
type App struct {
	Options
	parts   *parts
	close   []func() error // undoes what was opened, last first
	public  net.Listener
	ops     net.Listener
	front   front
	db      *Database
	ready   readiness
	product product
	metrics *metrics
	canary  *canary
	tracing *obs.Tracing // nil: off
}

// Build makes a server and everything that it needs: when it returns, only Run
// is missing. Its errors are sentences for operators. The caller must Close
// what it returned.
func Build(ctx context.Context, o Options) (*App, error) {
	a := &App{Options: o, parts: newParts(ctx)}
	for _, step := range []func(context.Context) error{a.openAddresses, a.openTracing, a.openDatabase, a.join, a.seed} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, a.Close(ctx))
		}
	}
	return a, nil
}

// Run serves until ctx ends or a part fails. Close must follow; it tells what
// failed.
func (a *App) Run(ctx context.Context) {
	a.start(ctx)
	a.seedMoney(ctx)
	a.parts.start(ctx, part{name: "readiness", stop: stopReadiness, end: func(context.Context) error {
		a.ready.draining.Store(true)
		return nil
	}})
	a.front.open(a.product.http)
	a.parts.start(ctx, part{name: "canary", stop: stopReadiness, run: a.canary.run})
	if a.Config.Server.Demo {
		a.startDemoPeople(ctx)
	}
	a.greet()
	select {
	case <-ctx.Done():
	case <-a.parts.failed:
	}
}

// Close stops everything in the order of doc.go, gives back what was opened and
// returns what failed since Build. It does so even if ctx has ended.
func (a *App) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.Config.Server.Drain+httpGrace+stopGrace)
	defer cancel()
	errs := []error{a.parts.stop(ctx)}
	for _, undo := range slices.Backward(a.close) {
		errs = append(errs, undo())
	}
	a.close = nil
	return errors.Join(errs...)
}

func (a *App) onClose(undo func() error) { a.close = append(a.close, undo) }

// openAddresses takes the two ports, and begins to answer that the server is
// starting.
func (a *App) openAddresses(ctx context.Context) (err error) {
	s := a.Config.Server
	if a.public, err = listen(ctx, "--listen", s.Listen); err != nil {
		return err
	}
	a.onClose(closeListener(a.public))
	if a.ops, err = listen(ctx, "--ops-listen", s.OpsListen); err != nil {
		return err
	}
	a.onClose(closeListener(a.ops))
	a.serve(ctx, part{name: "http", stop: stopHTTP}, httpapi.NewServer(&a.front, a.Log), a.public)
	return nil
}

func closeListener(l net.Listener) func() error {
	return func() error {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	}
}

func (a *App) openDatabase(ctx context.Context) (err error) {
	if a.db, err = openDatabase(ctx, a.Config.Database, true, pg.Options{Tracer: a.traceStatements()}, a.Log); err != nil {
		return err
	}
	a.onClose(func() error { return a.db.Close(ctx) })
	if a.db.Local != nil {
		a.parts.start(ctx, part{name: "local postgres", stop: stopDatabase, run: a.db.Local.Run})
	}
	if err := Migrate(ctx, a.db.Pool, a.Log); err != nil {
		return err
	}
	a.ready.pool = a.db.Pool
	remove, err := writeOpsAddress(a.Config.Database.DataDir, a.ops.Addr())
	if err != nil {
		return err
	}
	a.onClose(func() error { remove(); return nil })
	return nil
}

// seed writes the demo world on the first start with --demo.
func (a *App) seed(ctx context.Context) error {
	if !a.Config.Server.Demo {
		return nil
	}
	written, err := demo.Seed(ctx, a.db.Pool, a.product.auth, a.product.photos, a.Out)
	if err != nil {
		return fmt.Errorf("write the demo world: %w", err)
	}
	if !written {
		a.Log.Debug("the demo world is there already")
	}
	return a.seedScores(ctx)
}

// seedMoney fills the wallets of a demo world that has seen no money yet, which
// takes the parts at work.
func (a *App) seedMoney(ctx context.Context) {
	if !a.Config.Server.Demo {
		return
	}
	if err := demo.SeedMoney(ctx, a.db.Pool, a.product.feed, a.product.payments, a.Out); err != nil && ctx.Err() == nil {
		a.Log.Warn("the demo people have no money", "err", err)
	}
}

func (a *App) startDemoPeople(ctx context.Context) {
	a.parts.start(ctx, part{name: "demo people", stop: stopDemo, run: demo.NewPeople(a.db.Pool, a.product.feed, a.product.payments, a.Log).Run})
}
