package pg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"lifecircle/migrations"
)

const (
	lockPeriod   = 1   // seconds between attempts to be the node that migrates
	lockAttempts = 600 // so a long migration elsewhere is waited for, 10 minutes

	tableWait     = 3 * time.Second // for a table: all who want it afterwards wait behind us
	tablePause    = 2 * time.Second // in which they go on
	tableAttempts = 100
)

// What CheckSchema finds wrong; its errors read as sentences for operators.
var (
	ErrSchemaBehind = errors.New("the database is too old for this binary")
	ErrSchemaAhead  = errors.New("the database is newer than this binary")
)

// Migrate brings the schema forward to what this binary needs. Nodes that
// start together wait for the one that is at it. A database that is ahead
// already is left alone, with ErrSchemaAhead.
func Migrate(ctx context.Context, pool *pgxpool.Pool) error {
	return migrate(ctx, pool, migrations.FS)
}

func migrate(ctx context.Context, pool *pgxpool.Pool, files fs.FS) error {
	if err := checkSchema(ctx, pool, files); err == nil || !errors.Is(err, ErrSchemaBehind) {
		return err
	}
	db := migrationDB(pool)
	defer func() { _ = db.Close() }()
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(lockPeriod, lockAttempts))
	if err != nil {
		return fmt.Errorf("prepare the lock of migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	for attempt := 1; ; attempt++ {
		_, err := provider.Up(ctx)
		switch {
		case err == nil:
			return nil
		case !lockTimedOut(err) || attempt == tableAttempts:
			return fmt.Errorf("migrate the database: %w", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(tablePause):
		}
	}
}

// lockTimedOut: a migration waited too long for a table, and was rolled back.
func lockTimedOut(err error) bool {
	pe := new(pgconn.PgError)
	return errors.As(err, &pe) && pe.Code == "55P03"
}

// migrationDB connects as the pool does, but a migration and the wait for its
// lock may take their time.
func migrationDB(pool *pgxpool.Pool) *sql.DB {
	cfg := pool.Config().ConnConfig
	cfg.RuntimeParams["statement_timeout"] = "0"
	cfg.RuntimeParams["lock_timeout"] = millis(tableWait)
	cfg.RuntimeParams["idle_in_transaction_session_timeout"] = "0"
	return stdlib.OpenDB(*cfg)
}

// CheckSchema compares the schema with what this binary needs and returns
// ErrSchemaBehind, ErrSchemaAhead or nil.
func CheckSchema(ctx context.Context, pool *pgxpool.Pool) error {
	return checkSchema(ctx, pool, migrations.FS)
}

func checkSchema(ctx context.Context, pool *pgxpool.Pool, files fs.FS) error {
	want, err := newestVersion(files)
	if err != nil {
		return err
	}
	have, err := schemaVersion(ctx, pool)
	switch {
	case err != nil:
		return fmt.Errorf("read the version of the schema: %w", err)
	case have < want:
		return fmt.Errorf("%w: its schema is at %d, %d is needed; run lifecircle migrate", ErrSchemaBehind, have, want)
	case have > want:
		return fmt.Errorf("%w: its schema is at %d, this binary knows %d; start the newer lifecircle", ErrSchemaAhead, have, want)
	}
	return nil
}

// schemaVersion returns the newest migration that was applied; 0 for an empty
// database.
func schemaVersion(ctx context.Context, pool *pgxpool.Pool) (version int64, err error) {
	err = pool.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM "+goose.DefaultTablename).Scan(&version)
	if pe := new(pgconn.PgError); errors.As(err, &pe) && pe.Code == "42P01" { // no such table
		return 0, nil
	}
	return version, err
}

func newestVersion(files fs.FS) (newest int64, err error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return 0, fmt.Errorf("list migrations: %w", err)
	}
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		v, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("migration %s does not begin with its number", name)
		}
		newest = max(newest, v)
	}
	return newest, nil
}
