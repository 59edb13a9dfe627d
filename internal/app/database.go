package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/config"
	"lifecircle/internal/localpg"
	"lifecircle/internal/pg"
)

const stopPostgres = 20 * time.Second // for the local Postgres to write its checkpoint

// Database is an open database: DATABASE_URL's, or the local one.
type Database struct {
	Pool  *pgxpool.Pool
	Local *localpg.Server // nil with DATABASE_URL
}

// OpenDatabase opens the database that the settings name, and starts the
// local one if nobody has. exclusive refuses a data directory that another
// server uses. The caller must Close it.
func OpenDatabase(ctx context.Context, c config.Database, exclusive bool, log *slog.Logger) (*Database, error) {
	return openDatabase(ctx, c, exclusive, pg.Options{}, log)
}

func openDatabase(ctx context.Context, c config.Database, exclusive bool, o pg.Options, log *slog.Logger) (*Database, error) {
	d := &Database{}
	url := c.URL.Reveal()
	if c.Local() {
		var err error
		d.Local, err = localpg.Start(ctx, localpg.Options{Dir: c.DataDir, BinDir: c.PostgresBin, Exclusive: exclusive, Log: log})
		if err != nil {
			return nil, err
		}
		url = d.Local.URL()
	}
	var err error
	if d.Pool, err = pg.Open(ctx, url, o); err != nil {
		return nil, errors.Join(err, d.Close(ctx))
	}
	return d, nil
}

// Close closes the pool and leaves the local Postgres, which ends with its
// last user. It does so even if ctx has ended.
func (d *Database) Close(ctx context.Context) error {
	if d.Pool != nil {
		d.Pool.Close()
	}
	if d.Local == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPostgres)
	defer cancel()
	if err := d.Local.Stop(ctx); err != nil {
		return fmt.Errorf("leave the local Postgres: %w", err)
	}
	return nil
}
